import { digestOf, hashOf, isSession, type DigestAlgorithm, type DigestHash } from './digest-algorithm.ts'

/** What protects what: `auth` the method and URI, `auth-int` the body too; absent: as before RFC 2617. */
export type QualityOfProtection = 'auth' | 'auth-int'

/** What the response of a digest is computed of (RFC 7616 §3.4.1). Texts are latin1, one char a byte. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm
  /** H(username:realm:password) in lower-case hexadecimal, without the session's part. */
  readonly ha1: string
  readonly method: string
  /** As it stands in the credentials. */
  readonly uri: string
  readonly nonce: string
  readonly qop?: QualityOfProtection
  /** As it stands in the credentials; needed with qop. */
  readonly nonceCount?: string
  /** Needed with qop and for the -sess algorithms. */
  readonly clientNonce?: string
  /** The body, for auth-int. */
  readonly body?: Buffer
}

/** H(username:realm:password): all that a server needs to keep of a password (RFC 7616 §3.4.2). */
export function passwordHash(hash: DigestHash, username: string, realm: string, password: string): string {
  return digestOf(hash, `${username}:${realm}:${password}`)
}

/** H(A1) of a -sess algorithm; the hash of the password otherwise. */
export function sessionHash(algorithm: DigestAlgorithm, ha1: string, nonce: string, clientNonce = ''): string {
  return isSession(algorithm) ? digestOf(hashOf(algorithm), `${ha1}:${nonce}:${clientNonce}`) : ha1
}

/** The `response` of credentials, in lower-case hexadecimal. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, ha1, nonce, clientNonce } = input
  return responseOf(input, sessionHash(algorithm, ha1, nonce, clientNonce))
}

/** As {@link digestResponse}, of an H(A1) that was computed before: a -sess client keeps its first one. */
export function responseOf(input: Omit<DigestInput, 'ha1'>, hashOfA1: string): string {
  const { algorithm, method, uri, nonce, qop, nonceCount = '', clientNonce = '', body } = input
  const hash = hashOf(algorithm)
  const protectedBody = qop === 'auth-int' ? `:${digestOf(hash, body ?? '')}` : ''
  const ha2 = digestOf(hash, `${method}:${uri}${protectedBody}`)
  const middle = qop === undefined ? nonce : `${nonce}:${nonceCount}:${clientNonce}:${qop}`
  return digestOf(hash, `${hashOfA1}:${middle}:${ha2}`)
}
