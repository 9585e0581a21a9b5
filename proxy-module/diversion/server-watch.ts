import { type Clock, type Timer } from '../../src/base/clock.ts'
import { Headers } from '../../src/sip/message/headers.ts'
import { newCallId, newTag } from '../../src/sip/message/identifiers.ts'
import { createRequest, type SipRequest } from '../../src/sip/message/message.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { type TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts'

/** From one OPTIONS to the next while the server answers, in milliseconds. */
const aliveInterval = 10_000
/** From one OPTIONS to the next while it does not, in milliseconds. */
const deadInterval = 3_000
/** For so long an OPTIONS waits for its response, in milliseconds. */
const answerTime = 4_000
/** After this time a server that failed a call is asked, in milliseconds: one that starts again needs a moment. */
const afterFailure = 500

/** Who wants to know about a server. */
export interface ServerWatchUser {
  readonly transactions: TransactionLayer
  readonly clock: Clock
  died(uri: SipUri, why: string): void
  returned(uri: SipUri): void
}

/**
 * Asks one server again and again whether it is there, by OPTIONS (RFC 3261 §11). Any response but 503 says so: one that
 * refuses OPTIONS takes calls all the same. Until the first outcome the server counts as alive.
 */
export class ServerWatch {
  readonly uri: SipUri
  readonly #user: ServerWatchUser
  /** Why the server is dead; undefined while it is alive. */
  #dead: string | undefined
  /** The next OPTIONS, or the end of waiting for the response of the last one. */
  #timer: Timer | undefined
  /** Counts the OPTIONS: what comes of an earlier one means nothing any more. */
  #latest = 0
  #askedAt = 0

  constructor(uri: SipUri, user: ServerWatchUser) {
    this.uri = uri
    this.#user = user
  }

  get alive(): boolean {
    return this.#dead === undefined
  }

  /** Why the server is dead; undefined while it is alive. */
  get why(): string | undefined {
    return this.#dead
  }

  /** Asks at once, and from then on until `stop`. Harmless when it is being done. */
  start(): void {
    if (this.#timer === undefined) this.#ask()
  }

  /** Leaves no timer, and takes the server for alive again: nobody looks any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#latest++
    this.#dead = undefined
  }

  /** A call found the server dead. It is asked soon; while it is known to be dead, that is on its way. */
  failed(why: string): void {
    if (!this.alive || this.#timer === undefined) return
    this.#latest++ // a response to what was asked before says nothing about now
    this.#askAfter(afterFailure)
    this.#change(why)
  }

  #ask(): void {
    const { transactions, clock } = this.#user
    const asked = ++this.#latest
    this.#askedAt = clock.now()
    this.#timer = clock.after(answerTime, () => {
      this.#latest++
      this.#settle(`no answer to OPTIONS within ${answerTime / 1000} s`)
    })
    transactions.request(optionsOf(this.uri), {
      onResponse: ({ status }) => {
        if (asked === this.#latest) this.#settle(status === 503 ? 'it answered OPTIONS with 503' : undefined)
      },
      onFailure: (error) => {
        if (asked === this.#latest) this.#settle(`OPTIONS failed: ${error.message}`)
      },
    })
  }

  /** @param dead - why the server is dead, undefined when it is alive */
  #settle(dead: string | undefined): void {
    const interval = dead === undefined ? aliveInterval : deadInterval
    this.#askAfter(this.#askedAt + interval - this.#user.clock.now())
    this.#change(dead)
  }

  #askAfter(delay: number): void {
    this.#timer?.cancel()
    this.#timer = this.#user.clock.after(Math.max(0, delay), () => this.#ask())
  }

  /** Comes last, since whoever hears of it may stop this watch. */
  #change(dead: string | undefined): void {
    const wasAlive = this.alive
    this.#dead = dead
    if (dead !== undefined && wasAlive) this.#user.died(this.uri, dead)
    else if (dead === undefined && !wasAlive) this.#user.returned(this.uri)
  }
}

/** An OPTIONS to the server itself (RFC 3261 §11.1), from nobody who could be called back. */
function optionsOf({ raw }: SipUri): SipRequest {
  const headers = new Headers([
    ['Max-Forwards', '70'],
    ['From', `<sip:anonymous@anonymous.invalid>;tag=${newTag()}`],
    ['To', `<${raw}>`],
    ['Call-ID', newCallId()],
    ['CSeq', '1 OPTIONS'],
    ['Accept', 'application/sdp'],
  ])
  return createRequest('OPTIONS', raw, headers)
}
