import { type Clock, type Timer } from '../../base/clock.ts'
import { type SipResponse } from '../message/message.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { t1, t2, transactionTimeout } from '../transaction/transaction-timers.ts'

/**
 * The 2xx of an INVITE, sent until its ACK comes: after T1, then twice as long each time up to T2, on every transport,
 * for 64*T1 (RFC 3261 §13.3.1.4).
 */
export class SuccessRetransmission {
  readonly transaction: ServerTransaction
  /** CSeq number of the INVITE, and of its ACK. */
  readonly seq: number
  /** The offer of this INVITE was made in our 2xx, so that its ACK brings the answer (RFC 3261 §13.2.1). */
  readonly awaitsAnswer: boolean
  readonly #response: SipResponse
  readonly #clock: Clock
  readonly #onGivenUp: (one: SuccessRetransmission) => void
  readonly #end: number
  #interval = t1
  #timer: Timer

  /** Sends the response for the first time. */
  constructor(
    transaction: ServerTransaction,
    seq: number,
    response: SipResponse,
    clock: Clock,
    onGivenUp: (one: SuccessRetransmission) => void,
  ) {
    this.transaction = transaction
    this.seq = seq
    this.awaitsAnswer = transaction.request.body.length === 0 && response.body.length > 0
    this.#response = response
    this.#clock = clock
    this.#onGivenUp = onGivenUp
    this.#end = clock.now() + transactionTimeout
    this.#timer = clock.after(this.#interval, () => this.#again())
    transaction.respond(response)
  }

  /** The ACK has come, or nobody waits for it any more. */
  stop(): void {
    this.#timer.cancel()
  }

  #again(): void {
    const left = this.#end - this.#clock.now()
    if (left <= 0) {
      this.#onGivenUp(this)
      return
    }
    this.#interval = Math.min(this.#interval * 2, t2)
    this.#timer = this.#clock.after(Math.min(this.#interval, left), () => this.#again())
    this.transaction.respond(this.#response)
  }
}
