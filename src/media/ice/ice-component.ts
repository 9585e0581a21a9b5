import { type PeerAddress } from '../packet-io/packet-io.ts'
import { type IceGeneration } from './ice-generation.ts'

/** So long a nomination holds against one with lower priority when it is not repeated, in milliseconds. */
export const nominationHold = 3000

/** What a check that authenticated says of the way it came. */
export interface CheckedWay {
  /** Valid during the call only. */
  readonly source: PeerAddress
  readonly generation: IceGeneration
  /** PRIORITY of the check. */
  readonly priority: number
  /** USE-CANDIDATE is there. */
  readonly nominates: boolean
}

/** Where one component of a stream (RTP or RTCP) goes, by the peer's checks: RFC 8445 §7.3.1.5 and §8.1 for a lite agent. */
export class IceComponent {
  #nominated: PeerAddress | undefined
  #generation: IceGeneration | undefined
  #priority = 0
  /** When it was nominated last. */
  #nominatedAt = 0
  #firstChecked: PeerAddress | undefined

  /** What the peer nominated. */
  get nominated(): PeerAddress | undefined {
    return this.#nominated
  }

  /** What the peer nominated or, before that, where the first check came from. */
  get chosen(): PeerAddress | undefined {
    return this.#nominated ?? this.#firstChecked
  }

  /** The credentials with which the nomination came. */
  get generation(): IceGeneration | undefined {
    return this.#generation
  }

  /**
   * Takes note of a check.
   * @param now milliseconds on any clock that does not go back
   * @returns true when {@link nominated} is another address now
   */
  check({ source, generation, priority, nominates }: CheckedWay, now: number): boolean {
    if (this.chosen === undefined) this.#firstChecked = { address: source.address, port: source.port }
    if (!nominates) return false
    const stays = this.#nominated?.port === source.port && this.#nominated.address === source.address
    if (!stays && generation === this.#generation && this.#holds(priority, now)) return false
    this.#generation = generation
    this.#priority = priority
    this.#nominatedAt = now
    if (stays) return false
    this.#nominated = { address: source.address, port: source.port }
    return true
  }

  /**
   * Whether the nomination outlives one with this priority. A peer with aggressive nomination nominates all that it
   * checks, and means the best. Others nominate again when they changed their mind, perhaps for a way with lower priority
   * (a browser that leaves the Wi-Fi), and then no longer repeat the former nomination, though they may still check it.
   */
  #holds(priority: number, now: number): boolean {
    return priority < this.#priority && now - this.#nominatedAt < nominationHold
  }
}
