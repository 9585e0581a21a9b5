/** A timer that was started by a {@link Clock}. */
export interface Timer {
  /** Stops the timer; harmless when it has fired or was cancelled before. */
  cancel(): void
}

/** Time as the state machines see it, so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; its origin means nothing. */
  now(): number
  /** Calls `fire` once after `delay` milliseconds. */
  after(delay: number, fire: () => void): Timer
}

/** Longest delay that `setTimeout` keeps, in milliseconds; a longer one would fire at once. */
const longestTimeout = 2 ** 31 - 1

/** The clock of the process. Its timers keep the process alive, as running calls should. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, fire) {
    if (delay <= longestTimeout) return new ShortTimer(setTimeout(fire, delay))
    let handle: NodeJS.Timeout
    const arm = (left: number): void => {
      handle = setTimeout(
        () => (left > longestTimeout ? arm(left - longestTimeout) : fire()),
        Math.min(left, longestTimeout),
      )
    }
    arm(delay)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** A timer that one `setTimeout` keeps: one object beside Node's own, as every transaction has some. */
class ShortTimer implements Timer {
  readonly #handle: NodeJS.Timeout

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}
