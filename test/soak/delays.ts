import { type Percentiles } from './media-messages.ts'

/** Width of a bucket in milliseconds. */
const step = 0.05
/** Delays beyond 2 s share the last bucket. */
const buckets = 40_000

/** How often which delay was seen. */
export class Delays {
  readonly #counts = new Uint32Array(buckets + 1)
  #packets = 0
  #longest = 0

  /** @param delay milliseconds */
  add(delay: number): void {
    this.#counts[Math.min(buckets, Math.floor(delay / step))]!++
    this.#packets++
    if (delay > this.#longest) this.#longest = delay
  }

  percentiles(): Percentiles {
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((part) => this.#percentile(part))
    return { packets: this.#packets, p50: p50!, p99: p99!, p999: p999!, longest: this.#longest }
  }

  /** The upper end of the bucket that holds it. */
  #percentile(part: number): number {
    let left = this.#packets * part
    for (let bucket = 0; bucket < buckets; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return step * (bucket + 1)
    }
    return this.#longest
  }
}
