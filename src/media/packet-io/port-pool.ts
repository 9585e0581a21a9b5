import { randomInt } from 'node:crypto'
import { type Clock } from '../../base/clock.ts'
import { type PortRange } from '../media-engine.ts'

/** Milliseconds for which a used pair rests: what still arrives for the old call must not reach a new one. */
export const restTime = 30_000
/** Milliseconds of rest that a pair has in any case, also when calls come so fast that the range has none that rested longer. */
export const shortestRest = 4000
/** Pairs that rested too short among which the one that rested longest is looked for: they come back in about their order. */
const mostCompared = 64
/** What `{0, 0}` stands for: the numbers that Linux hands out itself unless told otherwise. */
const ephemeral: PortRange = { min: 32768, max: 60999 }
/** Numbers that a "fixed" port opens upwards, as in Flexisip's SDK. */
const fixedSpan = 100

/**
 * Hands out pairs of an even RTP port and the odd RTCP port above it, from ranges that may overlap, round robin and from
 * a random start, so that neither a call nor a restart of the server soon meets the ports of the call before.
 */
export class PortPool {
  readonly #clock: Clock
  /** RTP port → when its rest ends; Infinity while in use. */
  readonly #taken = new Map<number, number>()
  /** Where the search in a range goes on, by `min-max`. */
  readonly #next = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Takes a pair.
   * @returns the RTP port, or `undefined` when every pair of the range is in use, or has not rested for {@link shortestRest}
   */
  take(range: PortRange): number | undefined {
    const { min, max } = numbersOf(range)
    const first = (min + 1) & ~1
    const pairs = (max - first + 1) >> 1
    if (pairs <= 0) return undefined
    const name = `${min}-${max}`
    const start = this.#next.get(name) ?? randomInt(pairs)
    const now = this.#clock.now()
    let best: number | undefined
    let bestEnd = now + restTime - shortestRest
    for (let i = 0, compared = 0; i < pairs && compared < mostCompared; i++) {
      const port = first + 2 * ((start + i) % pairs)
      const end = this.#taken.get(port) ?? 0
      if (end <= now) return this.#hand(port, first, name)
      if (end === Infinity) continue
      if (best !== undefined) compared++
      if (end > bestEnd) continue
      best = port
      bestEnd = end
    }
    return best === undefined ? undefined : this.#hand(best, first, name)
  }

  #hand(port: number, first: number, range: string): number {
    this.#taken.set(port, Infinity)
    this.#next.set(range, ((port - first) >> 1) + 1)
    return port
  }

  /** Gives a pair back, to rest: after a call, or because another program has one of its ports. */
  rest(port: number): void {
    this.#taken.set(port, this.#clock.now() + restTime)
  }

  /** Pairs in their rest. Forgets those whose rest is over. */
  resting(): number {
    const now = this.#clock.now()
    let count = 0
    for (const [port, until] of this.#taken) {
      if (until <= now) this.#taken.delete(port)
      else if (until !== Infinity) count++
    }
    return count
  }
}

function numbersOf(range: PortRange): PortRange {
  if (range.min === 0 && range.max === 0) return ephemeral
  if (range.min === range.max) return { min: range.min, max: Math.min(65535, range.min + fixedSpan - 1) }
  return range
}
