import { hash } from 'node:crypto'
import { newBranch } from '../../src/sip/message/identifiers.ts'
import { splitFirst } from '../../src/sip/message/list-values.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'

/** Between the parts of a branch; in none of them. */
const separator = '.'
/** Behind the magic cookie: a branch of a request that was passed on without a transaction. */
const stateless = 'z9hG4bK-s.'
/** Behind the magic cookie: one of a request with a transaction. */
const stateful = 'z9hG4bK-t.'
/** Hexadecimal digits of a loop mark and of a stateless transaction's. */
const markLength = 16

/** What a branch of ours says. */
export interface ReadBranch {
  readonly stateless: boolean
  /** The token of the flow that the request came over. */
  readonly token: string
}

/**
 * The branches that this proxy puts into its Vias: `z9hG4bK-` and `s` or `t`; what makes it unique; the token of the flow that
 * the request came over, so that a response finds back without a transaction; and the loop mark (RFC 5393 §4.2.1).
 * Without a transaction the unique part is a hash of the request's own transaction (RFC 3261 §16.11), the same for each
 * retransmission.
 */
export class BranchMarks {
  readonly #secret: string

  /** @param secret - hexadecimal; marks of other proxies shall not look like ours */
  constructor(secret: string) {
    this.#secret = secret
  }

  /**
   * What would make this proxy decide alike: a request that comes back with the same mark in one of its Vias goes round in
   * a loop; one that comes back with another Request-URI or Route, or from a server where a phone sent it, only in a spiral.
   */
  loopMark({ uri, headers }: SipRequest, fromServer: boolean): string {
    const routes = headers.has('Route') ? headers.values('Route').join() : ''
    const required = headers.has('Proxy-Require') ? headers.values('Proxy-Require').join() : ''
    return hash('sha256', `${this.#secret}\n${fromServer}\n${uri}\n${routes}\n${required}`, 'hex').slice(0, markLength)
  }

  /** Whether a request has passed here with this mark. */
  hasPassed({ headers }: SipRequest, loopMark: string): boolean {
    return headers.all('Via').some((value) => value.includes(separator + loopMark))
  }

  /** The branch of a new transaction; each call gives another. */
  stateful(token: string, loopMark: string): string {
    return stateful + newBranch().slice('z9hG4bK'.length) + separator + token + separator + loopMark
  }

  /** The branch of a request that is passed on without a transaction: the same for the same request. */
  stateless({ headers }: SipRequest, token: string, loopMark: string): string {
    const via = splitFirst(headers.get('Via')!).first
    const text = `${this.#secret}\n${via}\n${headers.get('Call-ID')!}\n${parseInt(headers.get('CSeq')!)}`
    return stateless + hash('sha256', text, 'hex').slice(0, markLength) + separator + token + separator + loopMark
  }

  /**
   * What a Record-Route of a dialog carries, so that it is good for it alone.
   * @param token - of the flow that it names: with the mark of a dialog of their own nobody uses the token of another
   */
  dialogMark({ headers }: SipRequest, token = ''): string {
    const text = `${this.#secret}\ndialog\n${token}\n${headers.get('Call-ID')!}`
    return hash('sha256', text, 'hex').slice(0, markLength)
  }

  /** A To tag for an answer of this proxy: the same for the same request, as it has no memory (RFC 3261 §8.2.7). */
  tag({ headers }: SipRequest): string {
    const via = splitFirst(headers.get('Via')!).first
    return hash('sha256', `${this.#secret}\n${via}`, 'hex').slice(0, markLength)
  }

  /** Reads a branch of ours; undefined for one of others. */
  read(branch: string): ReadBranch | undefined {
    if (!branch.startsWith(stateless) && !branch.startsWith(stateful)) return undefined
    const [, , token, mark] = branch.split(separator)
    if (token === undefined || mark?.length !== markLength) return undefined
    return { stateless: branch.startsWith(stateless), token }
  }
}
