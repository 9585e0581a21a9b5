/** What a window says of an index. */
export const ReplayVerdict = { fresh: 0, replayed: 1, tooOld: 2 } as const
export type ReplayVerdict = (typeof ReplayVerdict)[keyof typeof ReplayVerdict]

/**
 * Remembers which packet indexes were used (RFC 3711 §3.3.2), as a ring of 32-bit blocks that is cleared block by block
 * while the highest index moves on (RFC 6479). Indexes are whole numbers below 2^53.
 */
export class ReplayWindow {
  /** Highest index accepted so far; -1 before the first. */
  highest = -1
  /** Integers of 32 bits in an array of JavaScript's own: one step less through memory for each packet than a typed one. */
  readonly #blocks: number[]
  readonly #mask: number
  /** How far behind the highest an index may be and still be judged. */
  readonly size: number

  /** @param blocks of 32 indexes, a power of two; one block is always in the making, so the window is one shorter */
  constructor(blocks: number) {
    this.#blocks = Array.from({ length: blocks }, () => 0)
    this.#mask = blocks - 1
    this.size = (blocks - 1) * 32
  }

  /** Judges an index without remembering it, so that it can be done before a packet is authenticated. */
  check(index: number): ReplayVerdict {
    if (index > this.highest) return ReplayVerdict.fresh
    if (this.highest - index >= this.size) return ReplayVerdict.tooOld
    const bit = 1 << (index % 32)
    return (this.#blocks[this.#slot(index)]! & bit) === 0 ? ReplayVerdict.fresh : ReplayVerdict.replayed
  }

  /** Remembers an index that {@link check} called fresh. */
  accept(index: number): void {
    if (index > this.highest) {
      const last = Math.floor(index / 32)
      const next = this.highest < 0 ? last : Math.floor(this.highest / 32) + 1
      // a jump of more than the ring clears each block once
      for (let block = Math.max(next, last - this.#mask); block <= last; block++) this.#blocks[block & this.#mask] = 0
      this.highest = index
    }
    this.#blocks[this.#slot(index)]! |= 1 << (index % 32)
  }

  #slot(index: number): number {
    return Math.floor(index / 32) & this.#mask
  }
}
