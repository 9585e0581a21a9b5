import { createHash } from 'node:crypto'
import { type Fingerprint } from '../../base/fingerprint.ts'

/**
 * Says whether a certificate has one of the signalled fingerprints (RFC 8122 §5).
 * @param certificate in DER
 * @param fingerprints an empty list fits no certificate
 */
export function matchesFingerprint(certificate: Buffer, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ hash, digest }) =>
    createHash(hash.replace('-', '')).update(certificate).digest().equals(digest),
  )
}
