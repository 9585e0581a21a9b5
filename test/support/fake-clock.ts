import { type Clock, type Timer } from '../../src/base/clock.ts'

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 0
  #count = 0
  readonly #timers = new Map<number, { readonly at: number; readonly fire: () => void }>()

  now(): number {
    return this.#now
  }

  after(delay: number, fire: () => void): Timer {
    const id = this.#count++
    this.#timers.set(id, { at: this.#now + Math.max(0, delay), fire })
    return { cancel: () => void this.#timers.delete(id) }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  /**
   * Moves on by `duration` milliseconds: fires what comes due in the order of time, then of creation, and lets promises
   * settle before, between and after.
   */
  async advance(duration: number): Promise<void> {
    const end = this.#now + duration
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const { at, fire } = this.#timers.get(next)!
      this.#timers.delete(next)
      this.#now = at
      fire()
      await settle()
    }
    this.#now = end
  }

  #next(end: number): number | undefined {
    let best: number | undefined
    let bestAt = Infinity
    for (const [id, { at }] of this.#timers) {
      if (at <= end && at < bestAt) [best, bestAt] = [id, at]
    }
    return best
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
