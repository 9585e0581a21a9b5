import { createPrivateKey, randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto'
import { MediaError } from '../media-error.ts'
import {
  isNull,
  openSsl,
  registerCallbacks,
  takeError,
  type Address,
  type CallbackAddresses,
} from '../openssl/library.ts'
import { fromBytes } from '../openssl/memory-bio.ts'
import { type DtlsCertificate } from './dtls-certificate.ts'
import { defaultDtlsSuites, profileNames, type DtlsSuite } from './srtp-profiles.ts'

/** How long a flight waits for its answer before it is sent again, in milliseconds; doubled each time. */
export interface Retransmission {
  /** At least 20: OpenSSL takes what is due within 15 ms as due. */
  readonly first: number
  readonly longest: number
}

/** What of a {@link DtlsContext} may be otherwise. */
export interface DtlsContextOptions {
  /** Protection profiles by their suite, the preferred one first; {@link defaultDtlsSuites} when absent. */
  readonly suites?: readonly DtlsSuite[]
  /** 250 ms to 4 s when absent: a call's media waits for this, and RFC 6347 §4.2.4.1 allows less than its 1 s here. */
  readonly retransmission?: Retransmission
}

/**
 * Cipher suites: forward secrecy, and a certificate on both sides. Chromium, mbedTLS in Linphone and OpenSSL in baresip take the
 * first of their key; the CBC suites are for desk phones that have no AEAD, and come last.
 * None is null, anonymous, for export or of a pre-shared key.
 */
const cipherList = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
].join(':')

const groups = 'P-256:X25519:P-384'

// openssl/ssl.h; options are bits of 64
const option = (bit: number): bigint => 1n << BigInt(bit)
const options =
  option(12) | // SSL_OP_NO_QUERY_MTU: it is told
  option(13) | // SSL_OP_COOKIE_EXCHANGE: nobody gets a certificate sent to an address that is not theirs
  option(14) | // SSL_OP_NO_TICKET
  option(17) | // SSL_OP_NO_COMPRESSION
  option(22) | // SSL_OP_CIPHER_SERVER_PREFERENCE
  option(30) // SSL_OP_NO_RENEGOTIATION
const ctrl = {
  mode: 33,
  sessionCache: 44,
  maxCertificates: 51,
  groups: 92,
  dhAuto: 118,
  minVersion: 123,
  maxVersion: 124,
}
const dtls12 = 0xfefd
const releaseBuffers = 0x10 // SSL_MODE_RELEASE_BUFFERS: an association that has its keys is idle for the rest of the call
const verifyPeerStrictly = 1 | 2 // SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
/** Longest chain that a peer may show, in bytes. */
const maxCertificates = 16_384
/** 80 bits: desk phones have RSA of 1024. What a signature is worth is the fingerprint's matter (RFC 8122). */
const securityLevel = 1

const cookieLength = 20
/** What the callbacks need of each SSL, by its address. */
const states = new Map<bigint, { readonly cookie: Buffer; readonly retransmission: Retransmission }>()
let callbacks: CallbackAddresses | undefined

function callbackAddresses(): CallbackAddresses {
  return (callbacks ??= registerCallbacks({
    // The chain leads nowhere and need not: who this is, its fingerprint says (RFC 5763 §5). OpenSSL still checks that the
    // peer has the key, by CertificateVerify or ServerKeyExchange.
    verifyCertificate: () => 1,
    nextTimeout(ssl, microseconds) {
      const { first, longest } = states.get(ssl)?.retransmission ?? defaultRetransmission
      return microseconds === 0 ? first * 1000 : Math.min(microseconds * 2, longest * 1000)
    },
    makeCookie: (ssl) => states.get(ssl)?.cookie,
    checkCookie(ssl, cookie) {
      const made = states.get(ssl)?.cookie
      return made !== undefined && made.length === cookie.length && timingSafeEqual(made, cookie)
    },
  }))
}

const defaultRetransmission: Retransmission = { first: 250, longest: 4000 }

/** What all associations of one certificate share, as client and as server; belongs to the thread that made it. */
export class DtlsContext {
  readonly #context: Address
  readonly #retransmission: Retransmission
  #closed = false

  /**
   * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`; `MEDIA_CERTIFICATE_UNUSABLE` when certificate or key do not parse or fit
   */
  constructor(
    certificate: DtlsCertificate,
    { suites = defaultDtlsSuites, retransmission = defaultRetransmission }: DtlsContextOptions = {},
  ) {
    const ssl = openSsl()
    this.#retransmission = retransmission
    ssl.ERR_clear_error()
    this.#context = ssl.SSL_CTX_new(ssl.DTLS_method())
    if (isNull(this.#context)) throw unavailable('no context')
    try {
      configure(this.#context, suites)
      use(this.#context, certificate)
    } catch (error) {
      ssl.SSL_CTX_free(this.#context)
      throw error
    }
  }

  /**
   * An SSL with its two BIOs, to be given back to {@link freeSsl}. For {@link DtlsAssociation} only.
   * @param mtu - bytes of a datagram
   * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
   */
  newSsl(role: 'client' | 'server', mtu: number): { ssl: bigint; inbound: Address; outbound: Address } {
    const lib = openSsl()
    if (this.#closed) throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'the DTLS context is closed')
    lib.ERR_clear_error()
    const ssl = lib.SSL_new(this.#context)
    const [inbound, outbound] = [lib.BIO_new(lib.BIO_s_mem()), lib.BIO_new(lib.BIO_s_mem())]
    if (isNull(ssl) || isNull(inbound) || isNull(outbound)) {
      lib.BIO_free(inbound)
      lib.BIO_free(outbound)
      lib.SSL_free(ssl)
      throw unavailable('no association')
    }
    lib.SSL_set_bio(ssl, inbound, outbound) // they are the SSL's from here
    states.set(ssl, { cookie: randomBytes(cookieLength), retransmission: this.#retransmission })
    lib.DTLS_set_timer_cb(ssl, callbackAddresses().nextTimeout)
    lib.SSL_ctrl(ssl, setMtu, mtu, null)
    if (role === 'client') lib.SSL_set_connect_state(ssl)
    else lib.SSL_set_accept_state(ssl)
    return { ssl, inbound, outbound }
  }

  /** Frees the native memory once the last association is gone; idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    openSsl().SSL_CTX_free(this.#context)
  }
}

const setMtu = 17 // SSL_CTRL_SET_MTU

/** Gives back what {@link DtlsContext.newSsl} gave. */
export function freeSsl(ssl: bigint): void {
  states.delete(ssl)
  openSsl().SSL_free(ssl)
}

function configure(context: Address, suites: readonly DtlsSuite[]): void {
  const ssl = openSsl()
  const addresses = callbackAddresses()
  ssl.SSL_CTX_set_security_level(context, securityLevel)
  ssl.SSL_CTX_set_options(context, options)
  ssl.SSL_CTX_ctrl(context, ctrl.mode, releaseBuffers, null)
  ssl.SSL_CTX_ctrl(context, ctrl.sessionCache, 0, null)
  ssl.SSL_CTX_ctrl(context, ctrl.maxCertificates, maxCertificates, null)
  ssl.SSL_CTX_ctrl(context, ctrl.dhAuto, 1, null)
  ssl.SSL_CTX_set_verify(context, verifyPeerStrictly, null)
  ssl.SSL_CTX_set_cert_verify_callback(context, addresses.verifyCertificate, null)
  ssl.SSL_CTX_set_cookie_generate_cb(context, addresses.makeCookie)
  ssl.SSL_CTX_set_cookie_verify_cb(context, addresses.checkCookie)
  const done =
    ssl.SSL_CTX_ctrl(context, ctrl.minVersion, dtls12, null) === 1 &&
    ssl.SSL_CTX_ctrl(context, ctrl.maxVersion, dtls12, null) === 1 &&
    ssl.SSL_CTX_ctrl(context, ctrl.groups, 0, Buffer.from(`${groups}\0`)) === 1 &&
    ssl.SSL_CTX_set_cipher_list(context, cipherList) === 1 &&
    ssl.SSL_CTX_set_tlsext_use_srtp(context, profileNames(suites)) === 0 // the one that says 0 for yes
  if (!done) throw unavailable('a setting is refused')
}

function use(context: Address, { certificate, privateKey }: DtlsCertificate): void {
  const ssl = openSsl()
  let certificateDer: Buffer
  let keyDer: Buffer
  try {
    certificateDer = new X509Certificate(certificate).raw
    keyDer = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' })
  } catch (cause) {
    throw new MediaError('MEDIA_CERTIFICATE_UNUSABLE', 'the certificate of DTLS or its key does not parse', { cause })
  }
  const x509 = fromBytes(certificateDer, (bio) => ssl.d2i_X509_bio(bio, null))
  const key = fromBytes(keyDer, (bio) => ssl.d2i_PrivateKey_bio(bio, null))
  const done =
    !isNull(x509) &&
    !isNull(key) &&
    ssl.SSL_CTX_use_certificate(context, x509) === 1 &&
    ssl.SSL_CTX_use_PrivateKey(context, key) === 1 &&
    ssl.SSL_CTX_check_private_key(context) === 1
  ssl.X509_free(x509)
  ssl.EVP_PKEY_free(key)
  if (done) return
  const why = ssl.ERR_reason_error_string(takeError()) ?? 'no reason given'
  throw new MediaError('MEDIA_CERTIFICATE_UNUSABLE', `OpenSSL does not take the certificate of DTLS: ${why}`)
}

function unavailable(what: string): MediaError {
  const why = openSsl().ERR_reason_error_string(takeError()) ?? 'no reason given'
  return new MediaError('MEDIA_OPENSSL_UNAVAILABLE', `OpenSSL gives no DTLS, ${what}: ${why}`)
}
