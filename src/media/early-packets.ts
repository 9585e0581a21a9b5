import { type PacketBuffer } from './packet-buffer.ts'
import { type PeerAddress } from './packet-io/packet-io.ts'

/** Milliseconds for which a packet may wait for what it needs. Older sound is worse than none. */
const longestWait = 200
/** Packets that may wait at a time: 200 ms of lively video. */
const mostPackets = 128

/** A packet that waits. */
export interface EarlyPacket {
  readonly bytes: Buffer
  /** Where it came from; the other leg's where it waits to be sent. */
  readonly source: PeerAddress
  readonly rtcp: boolean
  /** Milliseconds of the clock that {@link EarlyPackets} is given. */
  readonly at: number
}

/**
 * Packets that came before they could be used: before the phone's description, its keys, or an address to send to. They
 * are kept for 200 ms, in order, so that the first word of a call is not lost.
 */
export class EarlyPackets {
  #kept: EarlyPacket[] = []

  /**
   * Keeps a copy.
   * @param now milliseconds
   * @param at when it came: now, unless it has waited before
   * @returns how many were given up: they have waited too long, or there are too many
   */
  keep(packet: PacketBuffer, source: PeerAddress, rtcp: boolean, now: number, at = now): number {
    const before = this.#kept.length + 1
    const bytes = Buffer.from(packet.bytes.subarray(0, packet.length))
    this.#kept.push({ bytes, source: { address: source.address, port: source.port }, rtcp, at })
    this.#drop(now)
    return before - this.#kept.length
  }

  /**
   * Hands over what still counts; nothing is kept any more.
   * @param now milliseconds
   */
  take(now: number): { readonly packets: readonly EarlyPacket[]; readonly givenUp: number } {
    const before = this.#kept.length
    this.#drop(now)
    const packets = this.#kept
    this.#kept = []
    return { packets, givenUp: before - packets.length }
  }

  get empty(): boolean {
    return this.#kept.length === 0
  }

  #drop(now: number): void {
    const live = this.#kept.findIndex(({ at }) => now - at <= longestWait)
    const expired = live < 0 ? this.#kept.length : live
    this.#kept.splice(0, Math.max(expired, this.#kept.length - mostPackets))
  }
}
