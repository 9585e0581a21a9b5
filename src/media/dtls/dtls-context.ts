import { createHmac, randomBytes } from 'node:crypto'
import koffi from 'koffi'
import { MediaError } from '../media-error.ts'
import { openSsl, type Address } from '../openssl/library.ts'
import { readCertificate, readPrivateKey } from '../openssl/pem.ts'
import { type DtlsCertificate } from './dtls-certificate.ts'

/** SSL_OP_NO_QUERY_MTU, _COOKIE_EXCHANGE, _NO_TICKET, _CIPHER_SERVER_PREFERENCE, _NO_RENEGOTIATION of ssl.h. */
const options = (1n << 12n) | (1n << 13n) | (1n << 14n) | (1n << 22n) | (1n << 30n)
const ctrl = { setGroups: 92, setMinVersion: 123, setMaxVersion: 124, setSessionCache: 44 } as const
const dtls12 = 0xfefd
/** SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT: each side shows a certificate, which fingerprints decide on. */
const verifyPeer = 1 | 2
const cookieLength = 32

const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
].join(':')

const profiles = [
  'SRTP_AES128_CM_SHA1_80',
  'SRTP_AEAD_AES_128_GCM',
  'SRTP_AEAD_AES_256_GCM',
  'SRTP_AES128_CM_SHA1_32',
].join(':')

/** What all associations of this server share: its certificate, and what it is willing to speak. */
export class DtlsContext {
  readonly address: Address
  /** Kept, because native code has their addresses. */
  readonly callbacks: readonly unknown[]

  /** @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`, `MEDIA_CERTIFICATE_UNUSABLE` */
  constructor({ certificate, privateKey }: DtlsCertificate) {
    const ssl = openSsl()
    this.address = ssl.SSL_CTX_new(ssl.DTLS_method())
    const secret = randomBytes(32)
    const cookie = (association: Address): Buffer =>
      createHmac('sha256', secret).update(String(association)).digest().subarray(0, cookieLength)
    const generate = koffi.register(
      (association: Address, out: unknown, length: unknown) => {
        koffi.encode(out, 'uint8_t', cookie(association), cookieLength)
        koffi.encode(length, 'unsigned int', cookieLength)
        return 1
      },
      koffi.pointer(koffi.proto('int (uintptr_t ssl, void *cookie, void *length)')),
    )
    const verify = koffi.register(
      (association: Address, given: unknown, length: number) => {
        if (length !== cookieLength) return 0
        const bytes = Buffer.from(koffi.decode(given as bigint, 'uint8_t', cookieLength) as number[])
        return bytes.equals(cookie(association)) ? 1 : 0
      },
      koffi.pointer(koffi.proto('int (uintptr_t ssl, void *cookie, unsigned int length)')),
    )
    const accept = koffi.register(() => 1, koffi.pointer(koffi.proto('int (int ok, void *store)')))
    this.callbacks = [generate, verify, accept]
    ssl.SSL_CTX_ctrl(this.address, ctrl.setMinVersion, dtls12, null)
    ssl.SSL_CTX_ctrl(this.address, ctrl.setMaxVersion, dtls12, null)
    ssl.SSL_CTX_ctrl(this.address, ctrl.setSessionCache, 0, null)
    ssl.SSL_CTX_set_options(this.address, options)
    ssl.SSL_CTX_set_cipher_list(this.address, ciphers)
    ssl.SSL_CTX_set_tlsext_use_srtp(this.address, profiles)
    ssl.SSL_CTX_set_verify(this.address, verifyPeer, accept)
    ssl.SSL_CTX_set_cookie_generate_cb(this.address, generate)
    ssl.SSL_CTX_set_cookie_verify_cb(this.address, verify)
    const x509 = readCertificate(certificate)
    const key = readPrivateKey(privateKey)
    const usable =
      x509 !== 0 &&
      key !== 0 &&
      ssl.SSL_CTX_use_certificate(this.address, x509) === 1 &&
      ssl.SSL_CTX_use_PrivateKey(this.address, key) === 1
    ssl.X509_free(x509)
    ssl.EVP_PKEY_free(key)
    if (!usable)
      throw new MediaError('MEDIA_CERTIFICATE_UNUSABLE', 'the certificate of DTLS-SRTP and its key do not fit')
  }
}
