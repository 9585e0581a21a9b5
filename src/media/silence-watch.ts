import { type EndpointDescription } from '../base/endpoint-description.ts'
import { type MediaLeg, type SilenceReport } from './media-engine.ts'

/** Seconds for which a leg on hold may be silent: Flexisip's limit. */
const holdLimit = 3600

interface LegState {
  /** By stream number; `false`: on hold or one-way; absent: not described, or refused. */
  readonly talking: Map<number, boolean>
  /** When the silence that counts began, in milliseconds. */
  since: number
  packets: number
}

/**
 * Notices a leg whose phone has fallen silent. It sees packet counts only, once a second, so that the packet path has
 * nothing to do for it.
 */
export class SilenceWatch {
  readonly #limit: number
  readonly #legs: Record<MediaLeg, LegState>

  /** @param limit seconds; 0 never reports anything */
  constructor(limit: number) {
    this.#limit = limit
    const fresh = (): LegState => ({ talking: new Map(), since: 0, packets: 0 })
    this.#legs = { a: fresh(), b: fresh() }
  }

  /**
   * A leg was described: the silence begins anew.
   * @param now milliseconds
   */
  described(stream: number, leg: MediaLeg, endpoint: EndpointDescription | undefined, now: number): void {
    const state = this.#legs[leg]
    if (endpoint === undefined) state.talking.delete(stream)
    else state.talking.set(stream, endpoint.direction === 'sendrecv')
    state.since = now
  }

  /**
   * Looks at a leg.
   * @param packets valid RTP packets that all its streams have received so far
   * @param now milliseconds
   * @returns a report when it has been silent for its limit, and again after each further such time
   */
  check(leg: MediaLeg, packets: number, now: number): SilenceReport | undefined {
    const state = this.#legs[leg]
    if (packets !== state.packets) {
      state.packets = packets
      state.since = now
    }
    if (this.#limit === 0 || state.talking.size === 0) return undefined
    const onHold = ![...state.talking.values()].includes(true)
    const seconds = Math.floor((now - state.since) / 1000)
    if (seconds < (onHold ? Math.max(holdLimit, this.#limit) : this.#limit)) return undefined
    state.since = now
    return { leg, seconds, onHold }
  }
}
