import { type Clock, type Timer } from '../../src/base/clock.ts'
import { CodedError } from '../../src/base/coded-error.ts'
import { newTag } from '../../src/sip/message/identifiers.ts'
import { createResponse, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { type HeaderList } from '../../src/sip/transaction/header-list.ts'
import { type ClientListener, type ClientTransaction } from '../../src/sip/transaction/client-transaction.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type TransactionError } from '../../src/sip/transaction/transaction-error.ts'
import { bestResponse, collectChallenges } from './best-response.ts'
import { type Branch, type Passage } from './routing.ts'

/** Timer C, in milliseconds: more than three minutes (RFC 3261 §16.6 step 11). */
export const timerC = 185_000

/** What a response context needs of its proxy. */
export interface ResponseContextHost {
  readonly clock: Clock
  /** Sends a copy of the request to a branch. */
  send(passage: Passage, branch: Branch, listener: ClientListener): ClientTransaction
  /** Nobody is at the end of a branch. */
  failed(branch: Branch, error: TransactionError): void
  /** Every branch has had its final response. */
  ended(context: ResponseContext): void
}

interface BranchState {
  branch: Branch
  client: ClientTransaction
  /** Somebody has been reached: from now on it is not tried elsewhere. */
  answered: boolean
  final: SipResponse | undefined
  timerC: Timer | undefined
}

/**
 * The response context of RFC 3261 §16: a request on one or several branches, and the one answer that comes of theirs.
 * 2xx and provisional responses pass at once; of the others the best when all have one. Who lost is cancelled (§16.7 step 10).
 */
export class ResponseContext {
  readonly #transaction: ServerTransaction
  readonly #passage: Passage
  readonly #host: ResponseContextHost
  readonly #branches: BranchState[] = []
  /** A 2xx or 6xx came, or the caller gave up: nothing more is tried. */
  #decided = false

  /**
   * Sends a request to all branches at once.
   * @param branches - at least one
   */
  constructor(
    transaction: ServerTransaction,
    passage: Passage,
    branches: readonly Branch[],
    host: ResponseContextHost,
  ) {
    this.#transaction = transaction
    this.#passage = passage
    this.#host = host
    transaction.onCancel = (cancel) => this.#cancelAll(reasonsOf(cancel))
    for (const branch of branches) {
      const state: Partial<BranchState> = { branch, answered: false, final: undefined, timerC: undefined }
      this.#send(state as BranchState, branch)
      this.#branches.push(state as BranchState)
    }
  }

  /** The server at `hop` has died: what it has not answered goes elsewhere, where there is an elsewhere. */
  serverDied(hop: SipUri): void {
    for (const state of this.#branches) {
      const { client, branch, final } = state
      if (final === undefined && branch.hop === hop && this.#sendElsewhere(state)) client.cancel()
    }
  }

  /** Forgets it all: no timer is left, and nobody hears of it. */
  abandon(): void {
    for (const { timerC } of this.#branches) timerC?.cancel()
  }

  #send(state: BranchState, branch: Branch): void {
    state.branch = branch
    // what a branch that was given up says later is nobody's business
    const current = (): boolean => state.branch === branch
    state.client = this.#host.send(this.#passage, branch, {
      onResponse: (response) => current() && this.#receive(state, response),
      onFailure: (error) => current() && this.#fail(state, error),
    })
    if (this.#transaction.isInvite) this.#startTimerC(state)
  }

  #receive(state: BranchState, response: SipResponse): void {
    const { status } = response
    response.headers.removeFirstValue('Via')
    if (status < 200) {
      if (status === 100) return
      state.answered = true
      if (this.#transaction.isInvite) this.#startTimerC(state)
      this.#transaction.respond(response)
      return
    }
    state.timerC?.cancel()
    if (status < 300) {
      state.final = response
      this.#transaction.respond(response)
      if (!this.#decided) this.#cancelAll()
      this.#checkEnded()
      return
    }
    if (status === 503 && this.#sendElsewhere(state)) return
    this.#settle(state, response)
    if (status >= 600) this.#cancelAll()
  }

  #fail(state: BranchState, error: TransactionError): void {
    state.timerC?.cancel()
    if (error.status !== 487) this.#host.failed(state.branch, error)
    if (this.#sendElsewhere(state)) return
    const status = statusOf(error, state.branch)
    this.#settle(state, createResponse(this.#transaction.request, status, { toTag: newTag() }))
  }

  #sendElsewhere(state: BranchState): boolean {
    const { otherwise } = state.branch
    if (otherwise === undefined || state.answered || this.#decided) return false
    this.#send(state, otherwise)
    return true
  }

  #settle(state: BranchState, response: SipResponse): void {
    if (state.final !== undefined) return
    state.final = response
    if (!this.#checkEnded() || this.#transaction.completed) return
    const finals = this.#branches.flatMap(({ final }) => final ?? [])
    const best = bestResponse(finals)
    collectChallenges(best, finals)
    this.#transaction.respond(this.#upstream(best))
  }

  #checkEnded(): boolean {
    const ended = this.#branches.every(({ final }) => final !== undefined)
    if (ended) this.#host.ended(this)
    return ended
  }

  /** A 503 speaks for a branch, not for this proxy (RFC 3261 §16.7 step 6). */
  #upstream(best: SipResponse): SipResponse {
    if (best.status !== 503 || this.#branches.every(({ branch }) => branch.only === true)) return best
    return createResponse(this.#transaction.request, 500, { toTag: newTag() })
  }

  #cancelAll(reasons: HeaderList = []): void {
    this.#decided = true
    for (const { client, final } of this.#branches) if (final === undefined) client.cancel(reasons)
  }

  /** A phone that rings for ever is given up (RFC 3261 §16.8); whoever was never heard of counts as timed out. */
  #startTimerC(state: BranchState): void {
    state.timerC?.cancel()
    state.timerC = this.#host.clock.after(timerC, () => {
      state.client.cancel()
      if (!state.answered) this.#settle(state, createResponse(this.#transaction.request, 408, { toTag: newTag() }))
    })
  }
}

/**
 * The response that stands for a branch on which none came (RFC 3261 §16.9). A phone that cannot be reached any more is not
 * there; a server that cannot be reached is out of service.
 */
export function statusOf(error: unknown, branch: Branch): number {
  const status = error instanceof CodedError ? error.status : 503
  return status < 500 || branch.only === true ? status : 480
}

/** Why somebody cancelled crosses to those who ring: `call completed elsewhere` (RFC 3326). */
function reasonsOf(cancel: SipRequest): HeaderList {
  return cancel.headers.all('Reason').map((value) => ['Reason', value] as const)
}
