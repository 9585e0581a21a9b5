import koffi from 'koffi'
import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../../base/encryption.ts'
import { openSsl, type Address } from '../openssl/library.ts'
import { written } from '../openssl/pem.ts'
import { type DtlsContext } from './dtls-context.ts'
import { DtlsError, type DtlsErrorCode } from './dtls-error.ts'

/** What a finished handshake has brought. */
export interface DtlsSession {
  readonly send: SrtpMasterKey
  readonly receive: SrtpMasterKey
  /** In DER. */
  readonly peerCertificate: Buffer
}

export interface DtlsAssociationOptions {
  readonly context: DtlsContext
  readonly role: 'client' | 'server'
  onSend(datagram: Buffer): void
  onConnected(session: DtlsSession): void
  onFailed(error: DtlsError): void
}

const mtu = 1200
const ctrl = { setLinkMtu: 120, getTimeout: 73, handleTimeout: 74 } as const
const wantRead = 2
const zeroReturn = 6
const suites: Readonly<Record<number, CryptoSuite>> = {
  1: 'AES_CM_128_HMAC_SHA1_80',
  2: 'AES_CM_128_HMAC_SHA1_32',
  7: 'AEAD_AES_128_GCM',
  8: 'AEAD_AES_256_GCM',
}
/** SRTP_PROTECTION_PROFILE of srtp.h. */
const srtpProfile = koffi.struct({ name: 'uintptr_t', id: 'unsigned long' })
const label = 'EXTRACTOR-dtls_srtp'
const mostTimeouts = 12

/** PROTOTYPE */
export class DtlsAssociation {
  readonly #options: DtlsAssociationOptions
  readonly #ssl: Address
  readonly #in: Address
  readonly #out: Address
  #connected = false
  #over = false
  #timeouts = 0
  readonly #scratch = Buffer.alloc(65536)
  readonly #time = Buffer.alloc(16)

  constructor(options: DtlsAssociationOptions) {
    const ssl = openSsl()
    this.#options = options
    this.#ssl = ssl.SSL_new(options.context.address)
    this.#in = ssl.BIO_new(ssl.BIO_s_dgram_mem())
    this.#out = ssl.BIO_new(ssl.BIO_s_dgram_mem())
    ssl.SSL_set_bio(this.#ssl, this.#in, this.#out)
    ssl.SSL_ctrl(this.#ssl, ctrl.setLinkMtu, mtu, null)
    if (options.role === 'client') ssl.SSL_set_connect_state(this.#ssl)
    else ssl.SSL_set_accept_state(this.#ssl)
  }

  start(): void {
    if (this.#options.role === 'client') this.#advance()
  }

  receive(datagram: Uint8Array): void {
    if (this.#over || datagram.length === 0) return
    openSsl().BIO_write(this.#in, datagram, datagram.length)
    this.#advance()
  }

  get timeout(): number | undefined {
    if (this.#over) return undefined
    if (openSsl().SSL_ctrl(this.#ssl, ctrl.getTimeout, 0, this.#time) !== 1) return undefined
    return Math.ceil(Number(this.#time.readBigInt64LE(0)) * 1000 + Number(this.#time.readBigInt64LE(8)) / 1000)
  }

  onTimeout(): void {
    if (this.#over) return
    if (++this.#timeouts > mostTimeouts) {
      this.#fail('DTLS_TIMEOUT', 'the peer does not answer')
      return
    }
    openSsl().SSL_ctrl(this.#ssl, ctrl.handleTimeout, 0, null)
    this.#flush()
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    const ssl = openSsl()
    if (this.#connected) {
      ssl.SSL_shutdown(this.#ssl)
      this.#flush()
    }
    ssl.SSL_free(this.#ssl)
  }

  #advance(): void {
    const ssl = openSsl()
    ssl.ERR_clear_error()
    const result = this.#connected
      ? ssl.SSL_read(this.#ssl, this.#scratch, this.#scratch.length)
      : ssl.SSL_do_handshake(this.#ssl)
    const error = result > 0 ? 0 : ssl.SSL_get_error(this.#ssl, result)
    this.#flush()
    if (result <= 0 && error !== wantRead) {
      this.#fail('DTLS_HANDSHAKE', this.#reason(error))
      return
    }
    if (!this.#connected && result === 1) this.#finish()
  }

  /** What OpenSSL says of its last error, which names functions and alerts but no value: `error:0A000410:SSL routines::…`. */
  #reason(error: number): string {
    const ssl = openSsl()
    const code = ssl.ERR_get_error()
    if (code === 0) return error === zeroReturn ? 'the peer has closed it' : `SSL error ${error}`
    const text = Buffer.alloc(256)
    ssl.ERR_error_string_n(code, text, text.length)
    return text.subarray(0, text.indexOf(0)).toString('latin1').split(':').slice(4).join(':')
  }

  #finish(): void {
    this.#connected = true
    const ssl = openSsl()
    const profile = ssl.SSL_get_selected_srtp_profile(this.#ssl)
    const suite = profile === 0 ? undefined : suites[(koffi.decode(BigInt(profile), srtpProfile) as { id: number }).id]
    if (suite === undefined) {
      this.#fail('DTLS_NO_SRTP', 'the peer has no SRTP profile in common')
      return
    }
    const { keyLength, saltLength } = cryptoSuites[suite]
    const material = Buffer.alloc(2 * (keyLength + saltLength))
    ssl.SSL_export_keying_material(this.#ssl, material, material.length, label, label.length, null, 0, 0)
    const salts = 2 * keyLength
    const client = { suite, key: material.subarray(0, keyLength), salt: material.subarray(salts, salts + saltLength) }
    const server = { suite, key: material.subarray(keyLength, salts), salt: material.subarray(salts + saltLength) }
    const x509 = ssl.SSL_get1_peer_certificate(this.#ssl)
    const der = written((bio) => ssl.i2d_X509_bio(bio, x509))
    ssl.X509_free(x509)
    const [send, receive] = this.#options.role === 'client' ? [client, server] : [server, client]
    this.#options.onConnected({ send, receive, peerCertificate: der })
  }

  #flush(): void {
    const ssl = openSsl()
    for (;;) {
      const length = ssl.BIO_read(this.#out, this.#scratch, this.#scratch.length)
      if (length <= 0) return
      this.#options.onSend(Buffer.from(this.#scratch.subarray(0, length)))
    }
  }

  #fail(code: DtlsErrorCode, why: string): void {
    if (this.#over) return
    this.#over = true
    openSsl().SSL_free(this.#ssl)
    this.#options.onFailed(new DtlsError(code, why))
  }
}
