import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../../base/encryption.ts'

/** The crypto suites that have a DTLS-SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export type DtlsSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM' | 'AEAD_AES_256_GCM'

/** Number in use_srtp, and OpenSSL's name. */
const profiles: Readonly<Record<DtlsSuite, { readonly id: number; readonly name: string }>> = {
  AES_CM_128_HMAC_SHA1_80: { id: 1, name: 'SRTP_AES128_CM_SHA1_80' },
  AES_CM_128_HMAC_SHA1_32: { id: 2, name: 'SRTP_AES128_CM_SHA1_32' },
  AEAD_AES_128_GCM: { id: 7, name: 'SRTP_AEAD_AES_128_GCM' },
  AEAD_AES_256_GCM: { id: 8, name: 'SRTP_AEAD_AES_256_GCM' },
}

/** The order in which we offer and, as server, choose: what Flexisip and its phones agree on comes first. */
export const defaultDtlsSuites: readonly DtlsSuite[] = Object.freeze([
  'AES_CM_128_HMAC_SHA1_80',
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
  'AES_CM_128_HMAC_SHA1_32',
] as const)

/** `suites` as OpenSSL's SSL_CTX_set_tlsext_use_srtp takes them. */
export function profileNames(suites: readonly DtlsSuite[]): string {
  return suites.map((suite) => profiles[suite].name).join(':')
}

/** The suite of a protection profile's number, or nothing when it is none of ours. */
export function suiteOfProfile(id: number): DtlsSuite | undefined {
  return defaultDtlsSuites.find((suite) => profiles[suite].id === id)
}

/** Length of what the exporter must give for `suite`, in bytes (RFC 5764 §4.2). */
export function exportedLength(suite: CryptoSuite): number {
  const { keyLength, saltLength } = cryptoSuites[suite]
  return 2 * (keyLength + saltLength)
}

/**
 * Splits what the exporter gave into the two directions' keys (RFC 5764 §4.2).
 * @param material - client key, server key, client salt, server salt; {@link exportedLength} bytes, copied
 */
export function splitExportedKeys(
  suite: CryptoSuite,
  material: Buffer,
): { client: SrtpMasterKey; server: SrtpMasterKey } {
  const { keyLength, saltLength } = cryptoSuites[suite]
  let offset = 0
  const take = (length: number): Buffer => Buffer.from(material.subarray(offset, (offset += length)))
  const [clientKey, serverKey, clientSalt, serverSalt] = [
    take(keyLength),
    take(keyLength),
    take(saltLength),
    take(saltLength),
  ]
  return {
    client: { suite, key: clientKey, salt: clientSalt },
    server: { suite, key: serverKey, salt: serverSalt },
  }
}
