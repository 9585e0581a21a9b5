import { type Clock, type Timer } from '../../base/clock.ts'
import { decimal } from '../message/characters.ts'
import { parseCSeq } from '../message/cseq.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { t1, transactionTimeout } from '../transaction/transaction-timers.ts'

/** Greatest RSeq (RFC 3262 §7.1). */
const largestSequence = 2 ** 31 - 1

/**
 * The RSeq of a provisional response that must be acknowledged (RFC 3262 §4).
 * @returns undefined for one that need not, or whose RSeq cannot be read
 */
export function reliableSequence({ status, headers }: SipResponse): number | undefined {
  if (status <= 100 || status >= 200) return undefined
  if (!headers.values('Require').some((tag) => tag.toLowerCase() === '100rel')) return undefined
  const value = headers.get('RSeq') ?? ''
  return decimal(value, 0, value.length, largestSequence)
}

/** The RAck of the PRACK for such a response (RFC 3262 §7.2). */
export function acknowledgementOf({ headers }: SipResponse): string {
  return `${headers.get('RSeq')!} ${headers.get('CSeq')!}`
}

/**
 * A provisional response of ours that is sent until its PRACK comes: after T1, then twice as long each time, for 64*T1 (RFC 3262
 * §3).
 */
export class ReliableProvisional {
  readonly #rack: string
  readonly #clock: Clock
  readonly #send: () => void
  readonly #onGivenUp: () => void
  readonly #end: number
  #interval = t1
  #timer: Timer

  /**
   * Sends the response for the first time.
   * @param invite that it answers
   * @param onGivenUp no PRACK has come
   */
  constructor(invite: SipRequest, sequence: number, clock: Clock, send: () => void, onGivenUp: () => void) {
    const { number, method } = parseCSeq(invite.headers.get('CSeq')!)
    this.#rack = `${sequence} ${number} ${method}`
    this.#clock = clock
    this.#send = send
    this.#onGivenUp = onGivenUp
    this.#end = clock.now() + transactionTimeout
    this.#timer = clock.after(this.#interval, () => this.#again())
    send()
  }

  /** Whether a PRACK is for this response. */
  isAcknowledgedBy(prack: SipRequest): boolean {
    return (prack.headers.get('RAck') ?? '').trim().replace(/[ \t]+/g, ' ') === this.#rack
  }

  stop(): void {
    this.#timer.cancel()
  }

  #again(): void {
    const left = this.#end - this.#clock.now()
    if (left <= 0) {
      this.#onGivenUp()
      return
    }
    this.#interval *= 2
    this.#timer = this.#clock.after(Math.min(this.#interval, left), () => this.#again())
    this.#send()
  }
}

/** Those of one early dialog, with who waits for the PRACK of each. */
export class ReliableProvisionals {
  readonly #waiting: {
    readonly reliable: ReliableProvisional
    readonly onPrack: (prack: ServerTransaction) => void
  }[] = []

  add(reliable: ReliableProvisional, onPrack: (prack: ServerTransaction) => void): void {
    this.#waiting.push({ reliable, onPrack })
  }

  /** The response that a PRACK is for is sent no more; `undefined` when there is none. */
  take(prack: SipRequest): ((prack: ServerTransaction) => void) | undefined {
    const at = this.#waiting.findIndex(({ reliable }) => reliable.isAcknowledgedBy(prack))
    if (at < 0) return undefined
    const { reliable, onPrack } = this.#waiting.splice(at, 1)[0]!
    reliable.stop()
    return onPrack
  }

  stop(): void {
    for (const { reliable } of this.#waiting.splice(0)) reliable.stop()
  }
}
