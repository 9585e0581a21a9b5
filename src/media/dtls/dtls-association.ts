import { type SrtpMasterKey } from '../../base/encryption.ts'
import { isNull, openSsl, srtpProfileId, takeError, type Address } from '../openssl/library.ts'
import { bytesOf, drainBio } from '../openssl/memory-bio.ts'
import { freeSsl, type DtlsContext } from './dtls-context.ts'
import { DtlsError } from './dtls-error.ts'
import { exportedLength, splitExportedKeys, suiteOfProfile } from './srtp-profiles.ts'

/** What a handshake agreed on. Whose certificate it is, the caller must still hold against the description. */
export interface DtlsSession {
  /** Protects what we send. */
  readonly send: SrtpMasterKey
  /** Unprotects what the peer sends. */
  readonly receive: SrtpMasterKey
  /** In DER; the peer has proved that it has the key. */
  readonly peerCertificate: Buffer
}

/** What {@link DtlsAssociation} is made of. The callbacks may call any method of the association, also `close`. */
export interface DtlsAssociationOptions {
  readonly context: DtlsContext
  /** `client` is `a=setup:active` (RFC 5763 §5). */
  readonly role: 'client' | 'server'
  /** Longest datagram that is sent, in bytes; 1200 when absent, never taken for less than 256. */
  readonly mtu?: number
  /** A datagram for the peer, at most `mtu` bytes; its memory is the callee's. */
  onSend(datagram: Buffer): void
  /** The handshake is complete, Finished verified both ways; called once. */
  onConnected(session: DtlsSession): void
  /** Fatal; the association is closed; called once at most, also after `onConnected`. */
  onFailed(error: DtlsError): void
}

// openssl/ssl.h, bio.h, sslerr.h
const bioReset = 1
const getTimeout = 73
const handleTimeout = 74
const wantRead = 2
const zeroReturn = 6
const alertReasons = 1000 // SSL_AD_REASON_OFFSET
const readTimeoutExpired = 312

const recordHeader = 13 // RFC 6347 §4.1
/** A datagram that is longer than any record carries nothing for us. */
const longestDatagram = 16_384
const leastMtu = 256 // OpenSSL's own bound

const exporterLabel = 'EXTRACTOR-dtls_srtp' // RFC 5764 §4.2

/** Memory that native code sees for the length of one call. Datagrams are copied here: theirs may be shared with a thread. */
const inboundCopy = Buffer.allocUnsafeSlow(longestDatagram)
const applicationData = Buffer.allocUnsafeSlow(longestDatagram)
const timeval = Buffer.allocUnsafeSlow(16)

/**
 * One DTLS 1.2 association with one peer, on OpenSSL, without a socket or a clock: the caller brings datagrams of this
 * peer alone, and calls {@link onTimeout} when {@link timeout} has passed. Fragments, lost, doubled and reordered flights
 * are OpenSSL's work; what is no DTLS is dropped as RFC 6347 §4.1.2.7 says.
 */
export class DtlsAssociation {
  readonly #options: DtlsAssociationOptions
  readonly #mtu: number
  #ssl: bigint | undefined
  readonly #inbound: Address
  readonly #outbound: Address
  #connected = false

  /**
   * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when OpenSSL has no memory
   */
  constructor(options: DtlsAssociationOptions) {
    this.#options = options
    this.#mtu = Math.max(options.mtu ?? 1200, leastMtu)
    const { ssl, inbound, outbound } = options.context.newSsl(options.role, this.#mtu)
    this.#ssl = ssl
    this.#inbound = inbound
    this.#outbound = outbound
  }

  /** Sends the ClientHello; a server waits for it instead. */
  start(): void {
    if (this.#ssl !== undefined && this.#options.role === 'client') this.#advance()
  }

  /** Takes one datagram of the peer (first byte 20 to 63, RFC 7983), which is not kept. Never throws for what it holds. */
  receive(datagram: Uint8Array): void {
    const length = datagram.length
    if (this.#ssl === undefined || length < recordHeader || length > longestDatagram) return
    inboundCopy.set(datagram)
    const ssl = openSsl()
    ssl.BIO_ctrl(this.#inbound, bioReset, 0, null)
    ssl.BIO_write(this.#inbound, inboundCopy, length)
    this.#advance()
  }

  /** Milliseconds until {@link onTimeout} is due, or nothing when nothing waits; changes with each call here. */
  get timeout(): number | undefined {
    if (this.#ssl === undefined) return undefined
    if (openSsl().SSL_ctrl(this.#ssl, getTimeout, 0, timeval) !== 1) return undefined
    return Number(timeval.readBigInt64LE(0)) * 1000 + Math.ceil(Number(timeval.readBigInt64LE(8)) / 1000)
  }

  /** Sends the last flight again when it is due, else nothing. */
  onTimeout(): void {
    if (this.#ssl === undefined) return
    const ssl = openSsl()
    ssl.ERR_clear_error()
    if (ssl.SSL_ctrl(this.#ssl, handleTimeout, 0, null) < 0) this.#fail(this.#reason())
    else for (const datagram of this.#takeDatagrams()) this.#options.onSend(datagram)
  }

  /** Says close_notify when connected, and frees the native memory; idempotent. */
  close(): void {
    if (this.#ssl === undefined) return
    if (this.#connected) openSsl().SSL_shutdown(this.#ssl)
    for (const datagram of this.#free()) this.#options.onSend(datagram)
  }

  /** Lets OpenSSL do all that it can with what has come in, then tells. */
  #advance(): void {
    const ssl = openSsl()
    const handle = this.#ssl!
    let session: DtlsSession | undefined
    ssl.ERR_clear_error()
    if (!this.#connected) {
      const result = ssl.SSL_do_handshake(handle)
      if (result === 1) {
        session = this.#session()
        if (session === undefined) return
        this.#connected = true
      } else if (ssl.SSL_get_error(handle, result) !== wantRead) {
        this.#fail(this.#reason())
        return
      }
    }
    if (this.#connected) {
      // The peer's last flight once more, close_notify, and data, which nobody asked for and which is dropped.
      let result: number
      do result = ssl.SSL_read(handle, applicationData, applicationData.length)
      while (result > 0)
      const error = ssl.SSL_get_error(handle, result)
      if (error === zeroReturn) {
        this.#fail(new DtlsError('DTLS_CLOSED', 'the peer closed the DTLS association'))
        return
      }
      if (error !== wantRead) {
        this.#fail(this.#reason())
        return
      }
    }
    for (const datagram of this.#takeDatagrams()) this.#options.onSend(datagram)
    if (session !== undefined && this.#isOpen()) this.#options.onConnected(session)
  }

  /** A method, because what a callback did is not seen by the compiler. */
  #isOpen(): boolean {
    return this.#ssl !== undefined
  }

  /** What a complete handshake agreed on; nothing when that is not enough, which has then been told. */
  #session(): DtlsSession | undefined {
    const ssl = openSsl()
    const handle = this.#ssl!
    const profile = ssl.SSL_get_selected_srtp_profile(handle)
    const suite = isNull(profile) ? undefined : suiteOfProfile(srtpProfileId(profile))
    if (suite === undefined) {
      this.#fail(new DtlsError('DTLS_NO_SRTP', 'the DTLS peer takes no SRTP protection profile of ours'))
      return undefined
    }
    const x509 = ssl.SSL_get1_peer_certificate(handle)
    const peerCertificate = isNull(x509) ? undefined : bytesOf((bio) => ssl.i2d_X509_bio(bio, x509))
    ssl.X509_free(x509)
    const material = Buffer.allocUnsafeSlow(exportedLength(suite))
    const { length } = material
    const label = exporterLabel
    const exported = ssl.SSL_export_keying_material(handle, material, length, label, label.length, null, 0, 0)
    if (peerCertificate === undefined || exported !== 1) {
      this.#fail(this.#reason())
      return undefined
    }
    const { client, server } = splitExportedKeys(suite, material)
    material.fill(0)
    const [send, receive] = this.#options.role === 'client' ? [client, server] : [server, client]
    return { send, receive, peerCertificate }
  }

  /** Sends what OpenSSL still has to say, an alert mostly, and ends. */
  #fail(error: DtlsError): void {
    if (error.code === 'DTLS_NO_SRTP' || error.code === 'DTLS_CLOSED') openSsl().SSL_shutdown(this.#ssl!)
    for (const datagram of this.#free()) this.#options.onSend(datagram)
    this.#options.onFailed(error)
  }

  #free(): Buffer[] {
    const last = this.#takeDatagrams()
    const ssl = this.#ssl!
    this.#ssl = undefined
    freeSsl(ssl)
    return last
  }

  /** What OpenSSL said last, as an error. Its texts hold no data of either side. */
  #reason(): DtlsError {
    const ssl = openSsl()
    const error = takeError()
    const reason = error & 0x7fffff // ERR_GET_REASON
    if (reason >= alertReasons && reason < alertReasons + 256) {
      const alert = ssl.SSL_alert_desc_string_long(reason - alertReasons)
      return new DtlsError('DTLS_ALERT', `the DTLS peer sent an alert: ${alert}`)
    }
    if (reason === readTimeoutExpired) return new DtlsError('DTLS_TIMEOUT', 'the DTLS peer does not answer')
    const why = ssl.ERR_reason_error_string(error) ?? 'no reason given'
    return new DtlsError('DTLS_HANDSHAKE', `what the DTLS peer sent is refused: ${why}`)
  }

  /** What OpenSSL has written, cut at records and packed into datagrams. */
  #takeDatagrams(): Buffer[] {
    const flight = drainBio(this.#outbound)
    const datagrams: Buffer[] = []
    let start = 0
    let end = 0
    while (end + recordHeader <= flight.length) {
      const next = end + recordHeader + flight.readUInt16BE(end + 11)
      if (next - start > this.#mtu && end > start) {
        datagrams.push(flight.subarray(start, end))
        start = end
      }
      end = next
    }
    if (end > start) datagrams.push(flight.subarray(start, end))
    return datagrams
  }
}
