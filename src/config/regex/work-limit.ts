/** Work after which a match is watched, and how much more there is between two looks at the clock. */
const interval = 4_096

/** Work that no match exceeds: some 2 ms once the code is compiled. */
const mostWork = 200_000

/** Milliseconds that a match may take once it is watched: code that is not compiled yet takes ten times as long. */
const longest = 4

/**
 * Stops a match whose work grows beyond all bounds, so that none takes more than 5 ms. Work is counted in steps of some 5
 * to 10 ns. Matches of ordinary rules are too short to be watched, so a busy machine never decides a call otherwise than
 * an idle one.
 */
export class WorkLimit {
  #lookAt = interval
  #watchedSince: number | undefined

  /** Says whether a match that has done so much work must stop. */
  reached(work: number): boolean {
    if (work < this.#lookAt) return false
    if (work > mostWork) return true
    const now = performance.now()
    this.#lookAt = work + interval
    this.#watchedSince ??= now
    return now - this.#watchedSince > longest
  }
}
