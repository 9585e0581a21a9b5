import { type Clock, type Timer } from '../../src/base/clock.ts'

/** A clock that stands still until the test moves it; timers fire in the order in which they are due. */
export class HandClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>()

  now(): number {
    return this.#now
  }

  after(delay: number, fire: () => void): Timer {
    const timer = { at: this.#now + delay, fire }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** Moves time on and fires what is due on the way, timers included that are started on the way. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.fire()
    }
    this.#now = end
  }

  /** Time passes in which nothing gets its turn: what was due on the way fires late, at its end. */
  stall(milliseconds: number): void {
    this.#now += milliseconds
    this.advance(0)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }
}
