/**
 * The vocabulary of media encryption that the layers share: the modes of `outgoing-enc-regex` and the crypto suites of
 * `outgoing-srtp-regex` (reference: Flexisip's trenscrypter; RFC 4568, RFC 6188, RFC 7714).
 */

/** How the media of one leg is encrypted, spelled as in `outgoing-enc-regex`. */
export type EncryptionMode = 'none' | 'sdes' | 'dtls-srtp' | 'zrtp'

/** Every mode, in the order in which the documentation lists them. */
export const encryptionModes: readonly EncryptionMode[] = ['zrtp', 'dtls-srtp', 'sdes', 'none']

/** Says whether `text` is a mode, exactly as written: `SDES` and `dtsl-srtp` are not. */
export function isEncryptionMode(text: string): text is EncryptionMode {
  return (encryptionModes as readonly string[]).includes(text)
}

/** The crypto suites of SDES, by their name in `a=crypto` (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.1). */
export type CryptoSuite =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_192_CM_HMAC_SHA1_80'
  | 'AES_192_CM_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM'

/** What a suite is made of; all lengths in bytes. */
export interface CryptoSuiteParameters {
  readonly cipher: 'aes-cm' | 'aes-gcm'
  /** Master key and session cipher key. */
  readonly keyLength: number
  /** Master salt: 14 for counter mode (RFC 3711 §8.2), 12 for AEAD (RFC 7714 §12). */
  readonly saltLength: number
  /** Authentication tag of an SRTP packet. */
  readonly rtpTagLength: number
  /** Authentication tag of an SRTCP packet: RFC 4568 §6.2.2 keeps 80 bits for the `_32` suites. */
  readonly rtcpTagLength: number
}

const cm = (keyLength: number, rtpTagLength: number): CryptoSuiteParameters =>
  Object.freeze({ cipher: 'aes-cm', keyLength, saltLength: 14, rtpTagLength, rtcpTagLength: 10 })
const gcm = (keyLength: number): CryptoSuiteParameters =>
  Object.freeze({ cipher: 'aes-gcm', keyLength, saltLength: 12, rtpTagLength: 16, rtcpTagLength: 16 })

/** The parameters of every suite. */
export const cryptoSuites: Readonly<Record<CryptoSuite, CryptoSuiteParameters>> = Object.freeze({
  AES_CM_128_HMAC_SHA1_80: cm(16, 10),
  AES_CM_128_HMAC_SHA1_32: cm(16, 4),
  AES_192_CM_HMAC_SHA1_80: cm(24, 10),
  AES_192_CM_HMAC_SHA1_32: cm(24, 4),
  AES_256_CM_HMAC_SHA1_80: cm(32, 10),
  AES_256_CM_HMAC_SHA1_32: cm(32, 4),
  AEAD_AES_128_GCM: gcm(16),
  AEAD_AES_256_GCM: gcm(32),
})

/** Says whether `text` is a crypto suite, exactly as written (RFC 4568 names are case-sensitive here as in Flexisip). */
export function isCryptoSuite(text: string): text is CryptoSuite {
  return Object.hasOwn(cryptoSuites, text)
}

/**
 * The suites that leg B offers when no rule of `outgoing-srtp-regex` matches: the order of Flexisip's public
 * documentation, with the AEAD suites behind it.
 */
export const defaultCryptoSuites: readonly CryptoSuite[] = Object.freeze([
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_256_CM_HMAC_SHA1_32',
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
] as const)

/** One direction's SRTP master key, as SDES, DTLS-SRTP and ZRTP deliver it to media. Never logged. */
export interface SrtpMasterKey {
  readonly suite: CryptoSuite
  readonly key: Buffer
  readonly salt: Buffer
  /** Master key identifier that each packet carries behind its payload (RFC 3711 §3.1), or none. */
  readonly mki?: Buffer
}
