import { type Clock } from '../../src/base/clock.ts'
import { CodedError } from '../../src/base/coded-error.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { parseUri } from '../../src/sip/message/uri.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { addressOfRecord, hasDomain } from './address-of-record.ts'
import { answer } from './answer.ts'
import { type Authentication } from './authentication.ts'
import { type LocationTable } from './location-table.ts'
import { register, type RegisterOutcome, type RegistrarSettings } from './register.ts'

/** What the registrar works with; settings are asked for with every request, so that they can change live. */
export interface RegistrarOptions {
  readonly clock: Clock
  readonly table: LocationTable
  readonly authentication: Authentication
  /** `reg-domains`: others are answered 404. */
  readonly domains: () => readonly string[]
  readonly settings: () => RegistrarSettings
}

/** Seconds after which somebody who found the table full may come again. */
const retryAfter = 60

/** The registrar of the standalone proxy (RFC 3261 §10.3). */
export class Registrar {
  readonly #options: RegistrarOptions

  constructor(options: RegistrarOptions) {
    this.#options = options
  }

  /**
   * Answers a REGISTER.
   * @returns whether it was one
   */
  readonly handle = (transaction: ServerTransaction): boolean => {
    if (transaction.request.method !== 'REGISTER') return false
    const outcome = this.#outcome(transaction)
    if (outcome !== undefined) answer(transaction, outcome)
    return true
  }

  /** Undefined when the authentication has answered. */
  #outcome(transaction: ServerTransaction): RegisterOutcome | undefined {
    const { clock, table, authentication, domains, settings } = this.#options
    const { request, flow } = transaction
    try {
      const to = parseUri(parseNameAddr(request.headers.get('To') ?? '').uri)
      const aor = addressOfRecord(to)
      if (aor === undefined || !hasDomain(domains(), to.host)) return { status: 404, headers: [] }
      const admission = authentication.admit(transaction)
      if (!admission.admitted) return undefined
      // step 4: nobody registers for somebody else
      if (admission.aor !== undefined && admission.aor !== aor) return { status: 403, headers: [] }
      const outcome = register(request, table.get(aor), clock.now(), { aor, settings: settings(), flow })
      if (outcome.bindings === undefined) return outcome
      if (!table.hasRoom(aor, outcome.bindings)) return { status: 503, headers: [['Retry-After', String(retryAfter)]] }
      table.set(aor, outcome.bindings)
      return outcome
    } catch (error) {
      if (error instanceof CodedError && error.status < 500) return { status: error.status, headers: [] }
      throw error
    }
  }
}
