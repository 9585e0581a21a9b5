import { randomBytes } from 'node:crypto'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { formatNonceCount, parseParameterList } from './auth-parameters.ts'
import { hashOf, type DigestAlgorithm, type DigestHash } from './digest-algorithm.ts'
import { parseChallenge, type DigestChallenge } from './digest-challenge.ts'
import { formatCredentials } from './digest-credentials.ts'
import { passwordHash, responseOf, sessionHash, type QualityOfProtection } from './digest-response.ts'
import { type CredentialsField } from './digest-server.ts'

/** With what a client proves who it is. Texts are latin1, one char a byte. */
export interface DigestAccount {
  readonly username: string
  /** Only challenges of this realm are answered; undefined: of every one. */
  readonly realm?: string
  /** The password, or H(username:realm:password) in hexadecimal with the hash function that made it. */
  readonly secret: { readonly password: string } | { readonly hash: DigestHash; readonly ha1: string }
}

/** What became of a challenge: `refused` says that the password was wrong, `unsupported` that nothing in it can be met. */
export type ChallengeOutcome = 'answered' | 'refused' | 'unsupported'

/** What is kept between the requests of one realm. */
interface Session {
  readonly field: CredentialsField
  readonly challenge: DigestChallenge & { readonly algorithm: DigestAlgorithm }
  readonly qop: QualityOfProtection | undefined
  readonly clientNonce: string
  /** H(A1): of -sess it stays that of the challenge's nonce, a `nextnonce` notwithstanding (RFC 7616 §3.4.2). */
  readonly hashOfA1: string
  nonce: string
  count: number
}

/** More realms than any route has: a hostile peer cannot make the table grow. */
const mostSessions = 8

/** The client's side of digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), for one account. */
export class DigestClient {
  readonly #account: DigestAccount
  readonly #newClientNonce: () => string
  /** By field and realm. */
  readonly #sessions = new Map<string, Session>()

  /** @param newClientNonce - makes client nonces; for tests with the vectors of an RFC */
  constructor(account: DigestAccount, newClientNonce = () => randomBytes(12).toString('base64url')) {
    this.#account = account
    this.#newClientNonce = newClientNonce
  }

  /**
   * Takes the challenges of a 401 or 407 up. The next request, for which the caller raises CSeq, gets its credentials from
   * {@link authorize}. Of several challenges of a realm the first that can be met counts (RFC 8760 §2.4).
   * @param request - the one that was challenged
   * @returns `refused` when it carried the first credentials for a nonce and the challenge is not stale; later ones have
   *   been right before, and some servers forget to say that their nonce went stale
   * @throws AuthError `AUTH_MALFORMED`
   */
  accept(request: SipRequest, response: SipResponse): ChallengeOutcome {
    const proxy = response.status === 407
    const field: CredentialsField = proxy ? 'Proxy-Authorization' : 'Authorization'
    const taken = new Set<string>()
    for (const value of response.headers.all(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate')) {
      const challenge = parseChallenge(value)
      if (challenge === undefined || taken.has(challenge.realm)) continue
      const session = this.#begin(field, challenge)
      if (session === undefined) continue
      const known = this.#sessions.get(keyOf(session))
      if (known !== undefined && known.count === 1 && !challenge.stale && carries(request, known)) {
        this.#sessions.delete(keyOf(session))
        return 'refused'
      }
      taken.add(challenge.realm)
      this.#keep(session)
    }
    return taken.size > 0 ? 'answered' : 'unsupported'
  }

  /**
   * Puts the credentials of every realm that has challenged so far into a request, in place of what it had, and counts
   * their nonces up.
   * @throws AuthError `AUTH_PARAMETER`
   */
  authorize(request: SipRequest): void {
    request.headers.delete('Authorization')
    request.headers.delete('Proxy-Authorization')
    for (const session of this.#sessions.values())
      request.headers.add(session.field, this.#credentials(session, request))
  }

  /**
   * Takes the `nextnonce` of a 2xx up (RFC 7615, RFC 7616 §3.5).
   * @throws AuthError `AUTH_MALFORMED`
   */
  learn(response: SipResponse): void {
    for (const field of ['Authorization', 'Proxy-Authorization'] as const) {
      const info = response.headers.get(field === 'Authorization' ? 'Authentication-Info' : 'Proxy-Authentication-Info')
      const nonce = info === undefined ? undefined : parseParameterList(info).get('nextnonce')
      if (nonce === undefined) continue
      // the field names no realm: it can only be meant for the one there is
      const sessions = [...this.#sessions.values()].filter((one) => one.field === field)
      const only = sessions.length === 1 ? sessions[0] : undefined
      if (only === undefined) continue
      only.nonce = nonce
      only.count = 0
    }
  }

  #begin(field: CredentialsField, challenge: DigestChallenge): Session | undefined {
    const { algorithm, realm, nonce, qop, qopOffered } = challenge
    if (algorithm === undefined || (qopOffered && qop.length === 0)) return undefined
    const ha1 = this.#ha1(hashOf(algorithm), realm)
    if (ha1 === undefined) return undefined
    const clientNonce = this.#newClientNonce()
    return {
      field,
      challenge: { ...challenge, algorithm },
      qop: qop[0],
      clientNonce,
      hashOfA1: sessionHash(algorithm, ha1, nonce, clientNonce),
      nonce,
      count: 0,
    }
  }

  #ha1(hash: DigestHash, realm: string): string | undefined {
    const { username, secret, realm: only } = this.#account
    if (only !== undefined && only !== realm) return undefined
    if ('password' in secret) return passwordHash(hash, username, realm, secret.password)
    return secret.hash === hash ? secret.ha1.toLowerCase() : undefined
  }

  #keep(session: Session): void {
    const key = keyOf(session)
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    if (this.#sessions.size <= mostSessions) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      return
    }
  }

  #credentials(session: Session, { method, uri, body }: SipRequest): string {
    const { challenge, qop, clientNonce, hashOfA1, nonce } = session
    const { algorithm, realm, opaque } = challenge
    session.count++
    const nonceCount = formatNonceCount(session.count)
    const withClientNonce = qop !== undefined || algorithm.endsWith('-sess')
    const part = {
      algorithm,
      uri,
      nonce,
      ...(qop !== undefined && { qop, nonceCount }),
      ...(withClientNonce && { clientNonce }),
    }
    return formatCredentials({
      ...part,
      username: this.#account.username,
      realm,
      response: responseOf({ ...part, method, body }, hashOfA1),
      ...(opaque !== undefined && { opaque }),
    })
  }
}

function keyOf({ field, challenge }: Session): string {
  return `${field} ${challenge.realm}`
}

/** Whether a request had credentials of the session, of its present nonce. */
function carries(request: SipRequest, { field, nonce }: Session): boolean {
  return request.headers.all(field).some((value) => value.includes(nonce))
}
