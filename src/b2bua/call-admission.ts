import { randomInt } from 'node:crypto'
import { type Clock, type Timer } from '../base/clock.ts'
import { networkOf } from '../sip/transport/network-of.ts'

/** How many new calls are taken on; 0 means no limit each time. */
export interface AdmissionLimits {
  /** `max-call-rate`: calls a second, of everybody. */
  readonly callRate: number
  /** `max-call-rate-per-source`: calls a second from one address, or one network of IPv6 (/64). */
  readonly callRatePerSource: number
  /** `max-event-loop-delay`: milliseconds that whatever comes may have to wait for its turn. */
  readonly loopDelay: number
}

/** What an INVITE that was not taken on is told. */
export interface NotNow {
  /** Seconds; by chance, so that not all come back at once (RFC 3261 §21.5.4). */
  readonly retryAfter: number
  /** For the Reason header and the log. */
  readonly why: string
}

/** Milliseconds between two looks at how late the event loop is. */
const probeInterval = 100
/** Sources that are remembered; of more the one that was silent longest is forgotten. */
export const mostSources = 4096

/** Calls that may come: refilled at the rate, up to those of one second. */
interface Bucket {
  calls: number
  /** On the clock, when it was last refilled. */
  at: number
}

/**
 * Decides whether an INVITE becomes a call, before its description is looked at and a call is made for it: a server that takes on more than it can do serves
 * nobody. What belongs to calls that are there is never refused.
 */
export class CallAdmission {
  readonly #clock: Clock
  readonly #all: Bucket = { calls: Infinity, at: 0 }
  /** By address, the one that was silent longest first. */
  readonly #sources = new Map<string, Bucket>()
  #probe: Timer | undefined
  /** Milliseconds by which the last probe was late, and by which it and the one before both were. */
  #late = 0
  #delay = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Watches how late the event loop is, until {@link unwatch}: there are calls to be served. */
  watch(): void {
    if (this.#probe !== undefined) return
    const due = this.#clock.now() + probeInterval
    this.#probe = this.#clock.after(probeInterval, () => {
      const late = this.#clock.now() - due
      // one that was late alone tells of a pause, which is over
      this.#delay = Math.min(late, this.#late)
      this.#late = late
      this.#probe = undefined
      this.watch()
    })
  }

  /** There is nobody whom a new call could disturb. */
  unwatch(): void {
    this.#probe?.cancel()
    this.#probe = undefined
    this.#late = this.#delay = 0
  }

  /**
   * Counts a call that wants to begin.
   * @param source IP address that it came from
   * @returns undefined when it may
   */
  refusalOf(source: string, { callRate, callRatePerSource, loopDelay }: AdmissionLimits): NotNow | undefined {
    if (loopDelay > 0 && this.#delay > loopDelay) {
      return { retryAfter: randomInt(1, 11), why: 'the server is behind with its work' }
    }
    const now = this.#clock.now()
    if (callRatePerSource > 0 && !take(this.#bucketOf(networkOf(source), now), callRatePerSource, now)) {
      return { retryAfter: randomInt(1, 5), why: 'too many calls a second from this address' }
    }
    if (callRate > 0 && !take(this.#all, callRate, now)) {
      return { retryAfter: randomInt(1, 5), why: 'too many calls a second' }
    }
    return undefined
  }

  #bucketOf(network: string, now: number): Bucket {
    const bucket = this.#sources.get(network) ?? { calls: Infinity, at: now }
    this.#sources.delete(network)
    this.#sources.set(network, bucket)
    if (this.#sources.size > mostSources) this.#sources.delete(this.#sources.keys().next().value!)
    return bucket
  }
}

function take(bucket: Bucket, rate: number, now: number): boolean {
  bucket.calls = Math.min(rate, bucket.calls + ((now - bucket.at) * rate) / 1000)
  bucket.at = now
  if (bucket.calls < 1) return false
  bucket.calls--
  return true
}
