import { timingSafeEqual } from 'node:crypto'
import { type SipRequest } from '../message/message.ts'
import { parseUri, UriError, type SipUri } from '../message/uri.ts'
import { AuthError } from './auth-error.ts'
import { parseNonceCount } from './auth-parameters.ts'
import { digestOf, hashOf, type DigestHash } from './digest-algorithm.ts'
import { formatChallenge } from './digest-challenge.ts'
import { parseCredentials, type DigestCredentials } from './digest-credentials.ts'
import { digestResponse } from './digest-response.ts'
import { Nonces, type NonceOptions } from './nonces.ts'

/** The field in which credentials for a user agent server or for a proxy stand. */
export type CredentialsField = 'Authorization' | 'Proxy-Authorization'

/** What a request's credentials are worth. */
export type DigestVerdict =
  | { readonly kind: 'accepted'; readonly username: string }
  /** No credentials for the realm, or right ones of an old nonce: challenge. */
  | { readonly kind: 'challenge'; readonly stale: boolean }
  /** Somebody else's password, or another request's URI. */
  | { readonly kind: 'refused' }
  /** The field cannot be read: 400. */
  | { readonly kind: 'malformed'; readonly error: AuthError }

/**
 * H(username:realm:password) of a user in lower-case hexadecimal, or undefined when there is no such user or no hash of
 * that function.
 */
export type PasswordLookup = (username: string, hash: DigestHash) => string | undefined

/** The server's side of digest authentication (RFC 3261 §22, RFC 7616, RFC 8760). */
export class DigestServer {
  readonly #nonces: Nonces
  /** Compared with in place of an unknown user's hash, so that both take as long. */
  readonly #nobody: Readonly<Record<DigestHash, string>> = {
    MD5: digestOf('MD5', ''),
    'SHA-256': digestOf('SHA-256', ''),
  }

  constructor(options: NonceOptions) {
    this.#nonces = new Nonces(options)
  }

  /** Nonces whose count is remembered: for leak tests and metrics. */
  get rememberedNonces(): number {
    return this.#nonces.size
  }

  /**
   * The values of WWW-Authenticate or Proxy-Authenticate, one for each hash function.
   * @param hashes - the most wanted first (RFC 8760 §2.4)
   * @throws AuthError `AUTH_PARAMETER` for a realm that no header can carry
   */
  challenges(realm: string, hashes: readonly DigestHash[], stale = false): string[] {
    return hashes.map((algorithm) => formatChallenge({ realm, nonce: this.#nonces.issue(realm), algorithm, stale }))
  }

  /**
   * Checks the credentials of a request. A nonce is spent only when the password is right.
   * @param hashes - those that were offered; credentials with another one count as none
   */
  check(
    request: SipRequest,
    field: CredentialsField,
    realm: string,
    hashes: readonly DigestHash[],
    lookup: PasswordLookup,
  ): DigestVerdict {
    let credentials: DigestCredentials | undefined
    try {
      credentials = credentialsFor(request, field, realm, hashes)
    } catch (error) {
      if (error instanceof AuthError) return { kind: 'malformed', error }
      throw error
    }
    if (credentials === undefined) return { kind: 'challenge', stale: false }
    const { username, nonce, nonceCount, qop } = credentials
    const right = this.#isRight(request, credentials, lookup) && namesTarget(credentials.uri, request.uri)
    if (!right) return this.#nonces.knows(nonce, realm) ? { kind: 'refused' } : { kind: 'challenge', stale: false }
    const count = qop === undefined ? 1 : parseNonceCount(nonceCount ?? '')
    if (this.#nonces.spend(nonce, realm, count) === 'stale') return { kind: 'challenge', stale: true }
    return { kind: 'accepted', username }
  }

  #isRight(request: SipRequest, credentials: DigestCredentials, lookup: PasswordLookup): boolean {
    const { username, algorithm, response, ...rest } = credentials
    const known = lookup(username, hashOf(algorithm))
    const ha1 = known ?? this.#nobody[hashOf(algorithm)]
    const wanted = digestResponse({ ...rest, algorithm, ha1, method: request.method, body: request.body })
    const equal = timingSafeEqual(Buffer.from(wanted, 'latin1'), Buffer.from(response, 'latin1'))
    return equal && known !== undefined
  }
}

/** The first credentials for the realm with a hash function that was offered. */
export function credentialsFor(
  request: SipRequest,
  field: CredentialsField,
  realm: string,
  hashes: readonly DigestHash[],
): DigestCredentials | undefined {
  for (const value of request.headers.all(field)) {
    const credentials = parseCredentials(value)
    if (credentials?.realm === realm && hashes.includes(hashOf(credentials.algorithm))) return credentials
  }
  return undefined
}

/**
 * Whether the URI of credentials is for the target of the request (RFC 7616 §3.4.6). Only user and host are
 * compared: phones differ in whether they repeat parameters and ports, and both sides may have been normalised.
 */
function namesTarget(digestUri: string, requestUri: string): boolean {
  if (digestUri === requestUri) return true
  try {
    const a = parseUri(digestUri)
    const b = parseUri(requestUri)
    return a.user === b.user && hostOf(a) === hostOf(b)
  } catch (error) {
    if (error instanceof UriError) return false
    throw error
  }
}

function hostOf(uri: SipUri): string {
  return uri.host.toLowerCase()
}
