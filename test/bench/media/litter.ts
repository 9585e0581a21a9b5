import { PerformanceObserver } from 'node:perf_hooks'

/** What a thread's garbage collector has done so far. */
export interface Collections {
  readonly count: number
  /** Milliseconds for which the thread stood still at most, and in all. */
  readonly longest: number
  readonly sum: number
}

/** Objects that live, and those that take the place of others in each turn of the event loop. */
const live = 1_000_000
const replaced = 20_000

/** Keeps the garbage collector of its thread busy while it is told to: much lives and much dies. */
export class Litter {
  readonly #kept = new Array<object | undefined>(live).fill(undefined)
  #at = 0
  #turn: NodeJS.Timeout | undefined
  #count = 0
  #longest = 0
  #sum = 0

  readonly #observer = new PerformanceObserver((list) => this.#note(list.getEntries()))

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  begin(): void {
    for (let i = 0; i < replaced; i++, this.#at += 7)
      this.#kept[this.#at % live] = { at: this.#at, text: `object ${this.#at}` }
    this.#turn = setTimeout(() => this.begin(), 2)
  }

  end(): void {
    clearTimeout(this.#turn)
  }

  /** What was collected since it was asked before. */
  take(): Collections {
    this.#note(this.#observer.takeRecords())
    const taken = { count: this.#count, longest: this.#longest, sum: this.#sum }
    this.#count = this.#longest = this.#sum = 0
    return taken
  }

  #note(entries: readonly PerformanceEntry[]): void {
    for (const { duration } of entries) {
      this.#count++
      this.#longest = Math.max(this.#longest, duration)
      this.#sum += duration
    }
  }
}
