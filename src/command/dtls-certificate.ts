import { type Fingerprint } from '../base/fingerprint.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { fingerprintOf, keepCertificate, type DtlsCertificate } from '../media/dtls/dtls-certificate.ts'
import { MediaError } from '../media/media-error.ts'

/** What the server shows in DTLS-SRTP; without a certificate, why there is none. */
export type OpenCertificate =
  | { readonly certificate: DtlsCertificate; readonly fingerprint: Fingerprint; readonly unavailable?: undefined }
  | { readonly unavailable: string }

/**
 * Reads the certificates of the data directory, or makes them. A machine on which OpenSSL cannot be called does without
 * DTLS-SRTP: calls that ask for it get 488.
 */
export function openCertificate(snapshot: ConfigSnapshot, directory: string): OpenCertificate {
  try {
    const now = new Date()
    const kept = { ecdsa: keepCertificate(directory, 'ecdsa', now), rsa: keepCertificate(directory, 'rsa', now) }
    const certificate = kept[snapshot.get('b2bua', 'dtls-certificate')]
    return { certificate, fingerprint: fingerprintOf(certificate.certificate) }
  } catch (error) {
    if (error instanceof MediaError) return { unavailable: error.message }
    throw error
  }
}
