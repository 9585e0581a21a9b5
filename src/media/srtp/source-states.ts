import { ReplayWindow } from './replay-window.ts'

/** What an SRTP context remembers of one synchronisation source: its window, whose `highest` also holds the ROC. */
export interface SourceState {
  ssrc: number
  readonly window: ReplayWindow
}

/** The synchronisation sources of one context, the most recently used first, of which there are never more than `limit`. */
export class SourceStates {
  readonly #states: SourceState[] = []
  /** The first of them. */
  #latest: SourceState | undefined
  readonly #limit: number
  readonly #makeWindow: () => ReplayWindow

  constructor(limit: number, makeWindow: () => ReplayWindow) {
    this.#limit = limit
    this.#makeWindow = makeWindow
  }

  /** The state of a source, without counting as use: the packet may be a forgery. */
  find(ssrc: number): SourceState | undefined {
    if (this.#latest?.ssrc === ssrc) return this.#latest
    const states = this.#states
    for (let i = 0; i < states.length; i++) {
      const state = states[i]!
      if (state.ssrc === ssrc) return state
    }
    return undefined
  }

  /**
   * Makes the state of a source that has none. Where there is no room the least recently used is forgotten: who calls this has
   * authenticated the packet, so that a stranger can neither add nor displace one.
   */
  add(ssrc: number): SourceState {
    if (this.#states.length >= this.#limit) this.#states.pop()
    const state = { ssrc, window: this.#makeWindow() }
    this.#states.unshift(state)
    this.#latest = state
    return state
  }

  /**
   * The same where nothing may be forgotten.
   * @returns undefined when there is no room
   */
  addIfRoom(ssrc: number): SourceState | undefined {
    return this.#states.length < this.#limit ? this.add(ssrc) : undefined
  }

  /** Notes that a source was used. */
  touch(state: SourceState): void {
    if (this.#latest === state) return
    this.#latest = state
    const states = this.#states
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
/** Sources that one key encrypts for. None is ever forgotten, as its indexes would be used again. */
const encryptedSources = 256

/** States for RTP: 992 packets of reordering, two seconds of a fast video stream. */
export function rtpSourceStates(): SourceStates {
  return new SourceStates(sourceLimit, () => new ReplayWindow(32))
}

/** States for RTP that is encrypted. */
export function encryptedSourceStates(): SourceStates {
  return new SourceStates(encryptedSources, () => new ReplayWindow(32))
}

/** States for RTCP, of which a source sends a few packets a second. */
export function rtcpSourceStates(): SourceStates {
  return new SourceStates(sourceLimit, () => new ReplayWindow(8))
}
