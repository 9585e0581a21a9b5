import { createHash } from 'node:crypto'

/** The hash functions of digest authentication that this stack has (RFC 8760 §2.1). */
export type DigestHash = 'MD5' | 'SHA-256'

/** A value of `algorithm`: `-sess` mixes nonce and client nonce into A1 (RFC 7616 §3.4.2). */
export type DigestAlgorithm = DigestHash | 'MD5-sess' | 'SHA-256-sess'

const algorithms: readonly DigestAlgorithm[] = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess']

/**
 * Reads an algorithm, in any case. Absent is MD5 (RFC 7616 §3.3).
 * @returns undefined for one that this stack does not have
 */
export function parseDigestAlgorithm(text: string | undefined): DigestAlgorithm | undefined {
  if (text === undefined) return 'MD5'
  const wanted = text.toLowerCase()
  return algorithms.find((one) => one.toLowerCase() === wanted)
}

/** The hash function of an algorithm. */
export function hashOf(algorithm: DigestAlgorithm): DigestHash {
  return algorithm === 'MD5' || algorithm === 'MD5-sess' ? 'MD5' : 'SHA-256'
}

/** Whether an algorithm is one of the `-sess` variants. */
export function isSession(algorithm: DigestAlgorithm): boolean {
  return algorithm.endsWith('-sess')
}

/** Hexadecimal digits of a hash. */
export function hashLength(hash: DigestHash): number {
  return hash === 'MD5' ? 32 : 64
}

/** The hash of a text of latin1 chars, one a byte, or of bytes, in lower-case hexadecimal. */
export function digestOf(hash: DigestHash, data: string | Buffer): string {
  const state = createHash(hash === 'MD5' ? 'md5' : 'sha256')
  return (typeof data === 'string' ? state.update(data, 'latin1') : state.update(data)).digest('hex')
}
