import { type Clock } from '../../src/base/clock.ts'
import { CodedError } from '../../src/base/coded-error.ts'
import { type DigestHash } from '../../src/sip/auth/digest-algorithm.ts'
import { parseCredentials } from '../../src/sip/auth/digest-credentials.ts'
import { DigestServer } from '../../src/sip/auth/digest-server.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { parseUri } from '../../src/sip/message/uri.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { addressOf, hasDomain, unescaped } from './address-of-record.ts'
import { answer, type Answer } from './answer.ts'
import { type PasswordFile } from './password-file.ts'

/** What authentication works with; what can change live is asked for with every request. */
export interface AuthenticationOptions {
  readonly clock: Clock
  /** The passwords in force; undefined when no file is configured: then only this machine itself is served. */
  readonly passwords: () => PasswordFile | undefined
  /** Domains whose users are known here (`auth-domains`); who says to be of another one is refused. */
  readonly domains: () => readonly string[]
  /**
   * Hash functions to offer, the most wanted first (`available-algorithms`; Flexisip's default is MD5 alone). Phones that do
   * not know SHA-256 should pass over it, but some give up when it is offered at all: baresip 1.0 does.
   */
  readonly hashes: () => readonly DigestHash[]
  /** Milliseconds for which a nonce is good (`nonce-expires`). */
  readonly nonceLifetime: number
}

/** `aor`: who has proved to be who. Not admitted: the request has been answered. */
export type Admission = { readonly admitted: true; readonly aor?: string } | { readonly admitted: false }

/** Never challenged, as in Flexisip: the first cannot be repeated with credentials, the others belong to what was admitted. */
const unchallenged: ReadonlySet<string> = new Set(['CANCEL', 'BYE', 'ACK'])

/**
 * Who may use the standalone proxy: with a password file everybody who proves a password of the From user by digest (401 to
 * REGISTER, 407 to the rest; RFC 3261 §22), without one those on this machine.
 */
export class Authentication {
  readonly #options: AuthenticationOptions
  readonly #server: DigestServer

  constructor(options: AuthenticationOptions) {
    this.#options = options
    this.#server = new DigestServer({ clock: options.clock, lifetime: options.nonceLifetime })
  }

  /**
   * Answers a request that may not go on, for use in front of a proxy.
   * @returns whether it was answered
   */
  readonly handle = (transaction: ServerTransaction): boolean => !this.admit(transaction).admitted

  /**
   * Decides over a request, and answers it unless it is admitted. Credentials that were checked are taken out of it, so that
   * nobody behind this proxy learns them.
   */
  admit(transaction: ServerTransaction): Admission {
    const verdict = this.#judge(transaction)
    if ('admitted' in verdict) return verdict
    answer(transaction, verdict)
    return { admitted: false }
  }

  #judge({ request, flow }: ServerTransaction): Admission | Answer {
    const passwords = this.#options.passwords()
    if (passwords === undefined) {
      return isLoopback(flow.remote.host)
        ? { admitted: true }
        : { status: 403, reason: 'No password file: local use only' }
    }
    if (unchallenged.has(request.method)) return { admitted: true }
    try {
      return this.#byDigest(request, passwords)
    } catch (error) {
      // a From that cannot be read
      if (error instanceof CodedError && error.status < 500) return { status: error.status }
      throw error
    }
  }

  #byDigest(request: SipRequest, passwords: PasswordFile): Admission | Answer {
    const { domains, hashes } = this.#options
    const from = parseUri(parseNameAddr(request.headers.get('From') ?? '').uri)
    if (from.user === undefined || !hasDomain(domains(), from.host)) {
      return { status: 403, reason: 'Domain not authorized' }
    }
    const user = unescaped(from.user)
    const realm = from.host.toLowerCase()
    const offered = passwords.hashes(user, realm, hashes())
    const registering = request.method === 'REGISTER'
    const field = registering ? 'Authorization' : 'Proxy-Authorization'
    const lookup = (username: string, hash: DigestHash): string | undefined =>
      passwords.passwordHash(user, realm, username, hash)
    const verdict = this.#server.check(request, field, realm, offered, lookup)
    switch (verdict.kind) {
      case 'accepted':
        removeCredentials(request, field, realm)
        return { admitted: true, aor: addressOf(user, realm) }
      case 'challenge': {
        const name = registering ? 'WWW-Authenticate' : 'Proxy-Authenticate'
        const challenges = this.#server.challenges(realm, offered, verdict.stale)
        return { status: registering ? 401 : 407, headers: challenges.map((one) => [name, one] as const) }
      }
      case 'refused':
        return { status: 403 }
      case 'malformed':
        return { status: verdict.error.status }
    }
  }
}

function removeCredentials({ headers }: SipRequest, field: string, realm: string): void {
  const others = headers.all(field).filter((value) => parseCredentials(value)?.realm !== realm)
  headers.delete(field)
  for (const value of others) headers.add(field, value)
}

/** Whether an IP literal is of this machine itself: 127.0.0.0/8, ::1, and the former mapped into IPv6. */
function isLoopback(host: string): boolean {
  const address = host.toLowerCase()
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
