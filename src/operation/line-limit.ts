import { type Clock } from '../base/clock.ts'

/** Lines of one kind that a second may have. */
const most = 10

/** What a line says of those before it that were left out. */
export interface LeftOut {
  readonly 'left-out'?: number
}

/**
 * Keeps lines that peers can cause at will from filling the log: of each kind the first {@link most} of a second are
 * written, and the next one after that says how many were left out.
 */
export class LineLimit {
  readonly #clock: Clock
  readonly #kinds = new Map<string, { since: number; written: number; leftOut: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param kind one of few: the text of the line without its fields */
  pass(kind: string, write: (more: LeftOut) => void): void {
    const now = this.#clock.now()
    let state = this.#kinds.get(kind)
    if (state === undefined) this.#kinds.set(kind, (state = { since: now, written: 0, leftOut: 0 }))
    if (now - state.since >= 1000) {
      state.since = now
      state.written = 0
    }
    if (state.written >= most) {
      state.leftOut++
      return
    }
    state.written++
    const { leftOut } = state
    state.leftOut = 0
    write(leftOut === 0 ? {} : { 'left-out': leftOut })
  }
}
