/** A hash function that a certificate's fingerprint may be made with (RFC 8122 §5), as `a=fingerprint` spells it. */
export type FingerprintHash = 'sha-1' | 'sha-224' | 'sha-256' | 'sha-384' | 'sha-512'

/** Length of each hash's digest, in bytes. */
export const fingerprintLengths: Readonly<Record<FingerprintHash, number>> = Object.freeze({
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
})

/** A certificate's fingerprint: what a description says of the certificate that DTLS will show (RFC 5763 §5). */
export interface Fingerprint {
  readonly hash: FingerprintHash
  /** Over the certificate in DER. */
  readonly digest: Buffer
}
