import { PacketBuffer, trailerRoom } from '../../packet-buffer.ts'
import { type System } from './libc.ts'
import { type NumberedMemory } from '../../native-memory.ts'
import { SocketAddress } from './socket-address.ts'

/** Longest payload of a UDP datagram: over IPv6, 65535 less the UDP header. IPv4 takes 20 less. */
const longestDatagram = 65527
const capacity = (longestDatagram + trailerRoom + 3) & ~3

/** What all ports of a thread receive into and send from, one datagram at a time. */
export class PortMemory {
  /** Where a datagram is received, worked on and sent from. */
  readonly packet = new PacketBuffer(capacity)
  readonly #received: NumberedMemory
  readonly #copied: NumberedMemory
  /** Who sent what was received last, by version of IP. */
  readonly sources: Readonly<Record<4 | 6, SocketAddress>>

  constructor(system: System) {
    this.#received = system.view(this.packet.bytes)
    this.#copied = system.memory(capacity)
    this.sources = { 4: new SocketAddress(system, 4), 6: new SocketAddress(system, 6) }
  }

  /** Bytes that a datagram may have. */
  get limit(): number {
    return longestDatagram
  }

  /** Where the next datagram goes, of up to {@link limit} bytes. */
  get receivePointer(): number {
    return this.#received.at(0, longestDatagram)
  }

  /**
   * Where native code finds a packet to send, which may be in any memory.
   * @returns 0 when its length is none that a datagram has, or not that of its memory
   */
  pointerOf(packet: PacketBuffer): number {
    const { length } = packet
    const own = packet === this.packet
    if (!this.#copied.holds(0, length) || length > longestDatagram || length > packet.bytes.length) return 0
    if (own) return this.#received.at(0, length)
    this.#copied.bytes.set(length === packet.bytes.length ? packet.bytes : packet.bytes.subarray(0, length))
    return this.#copied.at(0, length)
  }
}
