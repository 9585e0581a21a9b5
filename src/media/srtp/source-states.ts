import { ReplayWindow } from './replay-window.ts'

/** What an SRTP context remembers of one synchronisation source: its window, whose `highest` also holds the ROC. */
export interface SourceState {
  ssrc: number
  readonly window: ReplayWindow
}

/**
 * The synchronisation sources of one context, the most recently used first. When a source beyond `limit` comes, the
 * least recently used is forgotten, so that a peer cannot make the context grow; who calls {@link add} has authenticated
 * the packet, so that a stranger can neither add nor displace one.
 */
export class SourceStates {
  readonly #states: SourceState[] = []
  readonly #limit: number
  readonly #makeWindow: () => ReplayWindow

  constructor(limit: number, makeWindow: () => ReplayWindow) {
    this.#limit = limit
    this.#makeWindow = makeWindow
  }

  /** The state of a source, without counting as use: the packet may be a forgery. */
  find(ssrc: number): SourceState | undefined {
    const states = this.#states
    for (let i = 0; i < states.length; i++) {
      const state = states[i]!
      if (state.ssrc === ssrc) return state
    }
    return undefined
  }

  /** Makes the state of a source that has none. */
  add(ssrc: number): SourceState {
    if (this.#states.length >= this.#limit) this.#states.pop()
    const state = { ssrc, window: this.#makeWindow() }
    this.#states.unshift(state)
    return state
  }

  /** Notes that a source was used. */
  touch(state: SourceState): void {
    const states = this.#states
    if (states[0] === state) return
    let i = states.indexOf(state)
    for (; i > 0; i--) states[i] = states[i - 1]!
    states[0] = state
  }

  get size(): number {
    return this.#states.length
  }
}

/** Sources that a context keeps apart: a phone has one or two at a time, and takes a new one on each hold. */
const sourceLimit = 16

/** States for RTP: 992 packets of reordering, two seconds of a fast video stream. */
export function rtpSourceStates(): SourceStates {
  return new SourceStates(sourceLimit, () => new ReplayWindow(32))
}

/** States for RTCP, of which a source sends a few packets a second. */
export function rtcpSourceStates(): SourceStates {
  return new SourceStates(sourceLimit, () => new ReplayWindow(8))
}
