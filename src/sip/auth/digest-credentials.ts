import { malformedAuth } from './auth-error.ts'
import { isHex, parseDigestParameters, parseNonceCount, quoted } from './auth-parameters.ts'
import { hashLength, hashOf, parseDigestAlgorithm, type DigestAlgorithm } from './digest-algorithm.ts'
import { type QualityOfProtection } from './digest-response.ts'

/** A value of Authorization or Proxy-Authorization with the scheme Digest (RFC 7616 §3.4). */
export interface DigestCredentials {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  /** Lower-case hexadecimal, of the algorithm's length. */
  readonly response: string
  readonly algorithm: DigestAlgorithm
  readonly qop?: QualityOfProtection
  /** Eight hexadecimal digits as written; present with qop. */
  readonly nonceCount?: string
  /** Present with qop. */
  readonly clientNonce?: string
  readonly opaque?: string
}

/**
 * Reads credentials.
 * @returns undefined for a scheme other than Digest, and for an algorithm or a quality of protection that this stack never
 *   offers: nobody can check those
 * @throws AuthError `AUTH_MALFORMED`
 */
export function parseCredentials(value: string): DigestCredentials | undefined {
  const values = parseDigestParameters(value)
  if (values === undefined) return undefined
  const algorithm = parseDigestAlgorithm(values.get('algorithm'))
  const qop = values.get('qop')?.toLowerCase()
  if (algorithm === undefined || (qop !== undefined && qop !== 'auth' && qop !== 'auth-int')) return undefined
  const response = needed(values, 'response').toLowerCase()
  if (response.length !== hashLength(hashOf(algorithm)) || !isHex(response)) throw malformedAuth('no response')
  const nonceCount = values.get('nc')
  const clientNonce = values.get('cnonce')
  if (qop !== undefined && (clientNonce === undefined || parseNonceCount(nonceCount ?? '') === undefined)) {
    throw malformedAuth('qop without cnonce, or without a nonce count of eight hexadecimal digits')
  }
  const opaque = values.get('opaque')
  return {
    username: needed(values, 'username'),
    realm: needed(values, 'realm'),
    nonce: needed(values, 'nonce'),
    uri: needed(values, 'uri'),
    response,
    algorithm,
    ...(qop !== undefined && { qop }),
    ...(nonceCount !== undefined && { nonceCount }),
    ...(clientNonce !== undefined && { clientNonce }),
    ...(opaque !== undefined && { opaque }),
  }
}

/**
 * Writes credentials, quoted as RFC 7616 §3.4 asks: algorithm, qop and nc bare.
 * @throws AuthError `AUTH_PARAMETER`
 */
export function formatCredentials(credentials: DigestCredentials): string {
  const { username, realm, nonce, uri, response, algorithm, qop, nonceCount, clientNonce, opaque } = credentials
  let text = `Digest username=${quoted(username)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(uri)}`
  text += `, response="${response}", algorithm=${algorithm}`
  if (clientNonce !== undefined) text += `, cnonce=${quoted(clientNonce)}`
  if (qop !== undefined && nonceCount !== undefined) text += `, qop=${qop}, nc=${nonceCount}`
  return opaque === undefined ? text : `${text}, opaque=${quoted(opaque)}`
}

function needed(values: ReadonlyMap<string, string>, name: string): string {
  const value = values.get(name)
  if (value === undefined) throw malformedAuth(`credentials without ${name}`)
  return value
}
