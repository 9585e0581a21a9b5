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

/** The clock of the process. Its timers keep the process alive, as running calls should. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, fire) {
    const handle = setTimeout(fire, delay)
    return { cancel: () => clearTimeout(handle) }
  },
}
