import { randomInt } from 'node:crypto'
import { type Clock } from '../../base/clock.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtpSequence, rtpSource, rtpTimestamp } from '../rtp-header.ts'

/** Shifts that are remembered for packets which come late. */
const rememberedShifts = 16
/** How far behind the newest a packet is late; further behind, its source has begun anew (RFC 3550 appendix A.1). */
const latest = 100

/** A number from which on packets are shifted by more or less than those before it. */
interface Boundary {
  /** Sequence number as it was received. */
  readonly from: number
  /** Shift of the packets before it. */
  readonly before: number
}

/** Where a packet that is put into the stream stands in it. */
export interface Place {
  readonly sequence: number
  readonly ssrc: number
}

/**
 * The sequence numbers of what is sent to one phone. Packets that are put into the relayed stream, or are taken out of it,
 * shift the numbers of all that follow, so that its receiver sees no loss; a packet that comes late keeps the shift of its
 * time. The shift outlives the source: a number that was used once must not come again under the same key.
 */
export class OutgoingSequence {
  readonly #clock: Clock
  #known = false
  #ssrc = 0
  /** Of the newest packet, as it was received. */
  #highest = 0
  #timestamp = 0
  /** Milliseconds. */
  #timestampAt = 0
  #shift = 0
  /** The latest last. */
  #boundaries: Boundary[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Numbers are not those that were received. */
  get shifted(): boolean {
    return this.#shift !== 0 || this.#boundaries.length > 0
  }

  /** A packet is relayed: gives it its number. */
  pass(packet: PacketBuffer): void {
    const sequence = rtpSequence(packet)
    this.#note(packet, sequence)
    if (this.shifted) packet.bytes.writeUInt16BE((sequence + this.#shiftOf(sequence)) & 0xffff, 2)
  }

  /** A packet is not relayed: those behind it close up, unless some have gone ahead of it. */
  skip(packet: PacketBuffer): void {
    const sequence = rtpSequence(packet)
    if (this.#note(packet, sequence)) this.#shiftFrom(sequence + 1, -1)
  }

  /** The place of a packet that is put in behind the newest. */
  insert(): Place {
    if (!this.#known) this.#invent()
    const sequence = (this.#highest + this.#shift + 1) & 0xffff
    this.#shiftFrom(this.#highest + 1, 1)
    return { sequence, ssrc: this.#ssrc }
  }

  /**
   * The timestamp of this moment.
   * @param rate of the stream, in Hz
   */
  timestamp(rate: number): number {
    if (!this.#known) this.#invent()
    return (this.#timestamp + Math.round(((this.#clock.now() - this.#timestampAt) * rate) / 1000)) >>> 0
  }

  /** @returns true when the packet is the newest */
  #note(packet: PacketBuffer, sequence: number): boolean {
    const ssrc = rtpSource(packet)
    const ahead = ((sequence - this.#highest) << 16) >> 16
    const anew = !this.#known || ssrc !== this.#ssrc || ahead < -latest
    if (!anew && ahead <= 0) return false
    if (anew) this.#boundaries = []
    this.#known = true
    this.#ssrc = ssrc
    this.#highest = sequence
    this.#timestamp = rtpTimestamp(packet)
    this.#timestampAt = this.#clock.now()
    return true
  }

  #shiftOf(sequence: number): number {
    let shift = this.#shift
    for (let index = this.#boundaries.length - 1; index >= 0; index--) {
      const { from, before } = this.#boundaries[index]!
      if (((sequence - from) << 16) >> 16 >= 0) break
      shift = before
    }
    return shift
  }

  #shiftFrom(number: number, by: number): void {
    const from = number & 0xffff
    if (this.#boundaries.at(-1)?.from !== from) {
      this.#boundaries.push({ from, before: this.#shift })
      if (this.#boundaries.length > rememberedShifts) this.#boundaries.shift()
    }
    this.#shift = (this.#shift + by) & 0xffff
  }

  /** Nothing was relayed so far: a source of our own. */
  #invent(): void {
    this.#known = true
    this.#ssrc = randomInt(2 ** 32) | 0 // signed, as `rtpSource` has it
    this.#highest = randomInt(2 ** 15)
    this.#timestamp = randomInt(2 ** 32)
    this.#timestampAt = this.#clock.now()
  }
}
