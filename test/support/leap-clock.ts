import { systemClock, type Clock, type Timer } from '../../src/base/clock.ts'

interface Entry {
  readonly at: number
  readonly fire: () => void
  timer: Timer
}

/**
 * The clock of the process, which a test may set forward: what real sockets do takes its time, and what waits for half a
 * minute after it need not be waited for.
 */
export class LeapClock implements Clock {
  #ahead = 0
  readonly #waiting = new Set<Entry>()

  now(): number {
    return systemClock.now() + this.#ahead
  }

  after(delay: number, fire: () => void): Timer {
    const entry: Entry = { at: this.now() + delay, fire, timer: systemClock.after(delay, () => this.#fire(entry)) }
    this.#waiting.add(entry)
    return {
      cancel: () => {
        this.#waiting.delete(entry)
        entry.timer.cancel()
      },
    }
  }

  /** Sets the clock forward by `milliseconds` in steps of `step`, and lets sockets and promises have a turn after each. */
  async leap(milliseconds: number, step = 500): Promise<void> {
    for (let left = milliseconds; left > 0; left -= step) {
      this.#ahead += Math.min(step, left)
      for (const entry of [...this.#waiting].sort((a, b) => a.at - b.at)) {
        if (entry.at <= this.now()) this.#fire(entry)
      }
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    for (const entry of this.#waiting) {
      entry.timer.cancel()
      entry.timer = systemClock.after(entry.at - this.now(), () => this.#fire(entry))
    }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#waiting.size
  }

  #fire(entry: Entry): void {
    if (!this.#waiting.delete(entry)) return // cancelled by one that fired before it in the same step
    entry.timer.cancel()
    entry.fire()
  }
}
