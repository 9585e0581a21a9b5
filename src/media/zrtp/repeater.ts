/** How often a message is repeated until it is answered (RFC 6189 §6); times in milliseconds. */
export interface RepeatTimes {
  readonly first: number
  /** The interval doubles up to this. */
  readonly cap: number
  readonly repeats: number
}

/** T1, for Hello. */
export const helloTimes: RepeatTimes = { first: 50, cap: 200, repeats: 20 }
/** T2, for everything else that is repeated. */
export const messageTimes: RepeatTimes = { first: 150, cap: 1200, repeats: 10 }

/** Sends a message again and again until it is stopped or has been sent often enough. */
export class Repeater {
  readonly #now: () => number
  readonly #send: (message: Buffer) => void
  #message: Buffer | undefined
  #cap = 0
  #left = 0
  #interval = 0
  #due = Infinity

  /** @param now milliseconds */
  constructor(now: () => number, send: (message: Buffer) => void) {
    this.#now = now
    this.#send = send
  }

  /** The message that is being repeated. */
  get message(): Buffer | undefined {
    return this.#message
  }

  /** When {@link onDue} is to be called, on the clock; `Infinity` when nothing is repeated. */
  get due(): number {
    return this.#due
  }

  /** Sends a message for the first time; another one is repeated no more. */
  start(message: Buffer, { first, cap, repeats }: RepeatTimes): void {
    this.#message = message
    this.#cap = cap
    this.#left = repeats
    this.#interval = first
    this.#due = this.#now() + first
    this.#send(message)
  }

  stop(): void {
    this.#message = undefined
    this.#due = Infinity
  }

  /**
   * Sends it once more, if it is time.
   * @returns false when it has been sent often enough: it is given up
   */
  onDue(): boolean {
    if (this.#message === undefined || this.#now() < this.#due) return true
    if (this.#left === 0) {
      this.stop()
      return false
    }
    this.#send(this.#message)
    this.#left--
    this.#interval = Math.min(2 * this.#interval, this.#cap)
    this.#due = this.#now() + this.#interval
    return true
  }
}
