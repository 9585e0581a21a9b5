import { type PayloadClock } from '../base/endpoint-description.ts'
import { Cell, SourceCell, sourceCells, sourcesPerLeg } from './leg-counters.ts'
import { type PacketBuffer } from './packet-buffer.ts'
import { rtpSequence, rtpSource, signedRtpTimestamp } from './rtp-header.ts'
import { ReplayVerdict, ReplayWindow } from './srtp/replay-window.ts'

/** A source whose number jumps as far ahead has begun anew, and one as far behind (RFC 3550 A.1). */
const longestGap = 3000
const longestDelay = 100
/** Milliseconds by which time and timestamps disagree where they have nothing to do with each other, e.g. after a hold. */
const longestDeviation = 5000
const usualClock = 8000

/** The figures of one source, in shared memory, and what they are made from. */
class Source {
  ssrc = 0
  /** For {@link SourceCell}. */
  readonly cells: Float64Array
  readonly #leg: Float64Array
  #window = new ReplayWindow(8)
  /** Number with its cycles, which begin at 65,536, so that an earlier one is no negative number. */
  #highest = 0
  #lowest = 0
  /** The number behind one that jumped: when it comes, the source has begun anew. */
  #awaited = -1
  #timestamp = 0
  /** Milliseconds; when the first packet of the timestamp came. */
  #timestampAt = 0.5
  /** Of the latest packet. */
  #clock = 0

  constructor(leg: Float64Array, slot: number) {
    this.#leg = leg
    this.cells = sourceCells(leg, slot)
  }

  /** Gives the place to another source. */
  begin(ssrc: number): void {
    this.cells.fill(0)
    this.cells[SourceCell.ssrc] = ssrc >>> 0
    this.ssrc = ssrc
    this.#clock = 0
  }

  /** Time is not handed in but read from the leg's cells: a number with a fraction takes memory on its way. */
  count(packet: PacketBuffer, length: number, clock: number): void {
    const { cells } = this
    cells[SourceCell.packets]! += 1
    cells[SourceCell.bytes]! += length
    cells[SourceCell.lastReceivedAt] = this.#leg[Cell.lastReceivedAt]!
    const sequence = rtpSequence(packet)
    const highest = this.#highest
    if (cells[SourceCell.packets] === 1) this.#restart(sequence)
    else if (((highest + 1) & 0xffff) === sequence) this.#highest = highest + 1
    else this.#outOfTurn(sequence)
    if (this.#highest !== highest) this.#arrive(packet, clock)
  }

  /** The packet is not the one behind the highest. */
  #outOfTurn(sequence: number): void {
    this.#recall()
    const ahead = (sequence - this.#highest) & 0xffff
    if (ahead !== 0 && ahead < longestGap) {
      this.#add(SourceCell.lost, Cell.lost, ahead - 1)
      this.#highest += ahead
      this.#window.accept(this.#highest)
    } else if (ahead === 0 || ahead > 65536 - longestDelay) this.#behind(this.#highest - ((65536 - ahead) & 0xffff))
    else if (sequence === this.#awaited) this.#restart(sequence)
    else this.#awaited = (sequence + 1) & 0xffff
  }

  /** @param index not above the highest */
  #behind(index: number): void {
    if (this.#window.check(index) !== ReplayVerdict.fresh) {
      this.#add(SourceCell.duplicates, Cell.duplicates, 1)
      return
    }
    this.#window.accept(index)
    this.#add(SourceCell.late, Cell.late, 1)
    // it fills a gap, or makes one before the first
    this.#add(SourceCell.lost, Cell.lost, index < this.#lowest ? this.#lowest - index - 1 : -1)
    if (index < this.#lowest) this.#lowest = index
  }

  /** Makes up for what the window was not told of while packets came one behind the other, as they mostly do. */
  #recall(): void {
    const start = Math.max(this.#window.highest + 1, this.#lowest, this.#highest - longestDelay)
    for (let index = start; index <= this.#highest; index++) this.#window.accept(index)
  }

  /** @param sequence of the first packet */
  #restart(sequence: number): void {
    this.#window = new ReplayWindow(8)
    this.#awaited = -1
    this.#lowest = 65536 + sequence
    this.#highest = this.#lowest
  }

  /** A packet with a number higher than any: how far its time is from that of its timestamp. */
  #arrive(packet: PacketBuffer, clock: number): void {
    const timestamp = signedRtpTimestamp(packet)
    // the packets of a video frame, and those of one key, have a timestamp between them and not one time
    if (timestamp === this.#timestamp && clock === this.#clock) return
    const now = this.#leg[Cell.lastReceivedAt]!
    const due = (((timestamp - this.#timestamp) | 0) * 1000) / clock
    const deviation = Math.abs(now - this.#timestampAt - due)
    this.#timestamp = timestamp
    this.#timestampAt = now
    const { cells } = this
    if (clock === this.#clock && deviation < longestDeviation)
      cells[SourceCell.jitter]! += (deviation - cells[SourceCell.jitter]!) / 16
    this.#clock = clock
  }

  #add(own: number, ofLeg: number, count: number): void {
    this.cells[own]! += count
    this.#leg[ofLeg]! += count
  }
}

/**
 * What the sources of one leg have sent, packet by packet. The figures of a leg's earlier sources go when others take their
 * places; the sums of the leg stay.
 */
export class SourceStatistics {
  readonly #sources: readonly Source[]
  #latest: Source
  readonly #clocks = new Int32Array(128).fill(usualClock)
  /** Second byte of the latest packet, and what clock that means. */
  #type = -1
  #clock = usualClock

  /** @param cells of the leg, as `counterCells` gives them */
  constructor(cells: Float64Array) {
    this.#sources = Array.from({ length: sourcesPerLeg }, (_, slot) => new Source(cells, slot))
    this.#latest = this.#sources[0]!
  }

  /** Takes over what the leg's descriptions say of its payload types; those that they do not name have 8,000 Hz. */
  describe(clocks: readonly PayloadClock[] = []): void {
    this.#clocks.fill(usualClock)
    for (const { payloadType, clockRate } of clocks) if (clockRate > 0) this.#clocks[payloadType & 0x7f] = clockRate
    this.#type = -1
  }

  /**
   * Counts an RTP packet that is valid, and in clear by now. It came when the leg's `lastReceivedAt` says.
   * @param length bytes that it had on the wire
   */
  count(packet: PacketBuffer, length: number): void {
    const ssrc = rtpSource(packet)
    let source = this.#latest
    if (source.ssrc !== ssrc || source.cells[SourceCell.packets] === 0) source = this.#find(ssrc) ?? this.#begin(ssrc)
    this.#latest = source
    const type = packet.bytes[1]!
    if (type !== this.#type) this.#clock = this.#clocks[type & 0x7f]!
    this.#type = type
    source.count(packet, length, this.#clock)
  }

  /** Counts an RTP packet that was refused, if its source is known; @param cell of its {@link SourceCell} */
  refuse(packet: PacketBuffer, cell: number): void {
    const source = this.#find(rtpSource(packet))
    if (source !== undefined) source.cells[cell]! += 1
  }

  #find(ssrc: number): Source | undefined {
    for (let slot = 0; slot < sourcesPerLeg; slot++) {
      const source = this.#sources[slot]!
      if (source.ssrc === ssrc && source.cells[SourceCell.packets]! > 0) return source
    }
    return undefined
  }

  /** The place of a new source: that of the one that was not heard for the longest time. */
  #begin(ssrc: number): Source {
    const source = this.#sources.reduce((oldest, one) =>
      one.cells[SourceCell.lastReceivedAt]! < oldest.cells[SourceCell.lastReceivedAt]! ? one : oldest,
    )
    source.begin(ssrc)
    return source
  }
}
