import { type Clock, type Timer } from '../../base/clock.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtpSource, rtpTimestamp } from '../rtp-header.ts'
import { eventOffset, lastKey, longestDuration, type DtmfKey } from './telephone-event.ts'

/** Milliseconds without a packet after which a key counts as let go: all packets that said so were lost. */
const silence = 300
/** Seconds by which a packet may be late, and still be known as one of an earlier event. */
const latest = 10

/**
 * Makes one report of the packets of each event (RFC 4733 §2.5.2): when its end comes, when the next event begins, or when
 * nothing comes any more. What is late or repeated makes none.
 */
export class EventDetector {
  readonly #clock: Clock
  readonly #report: (key: DtmfKey) => void
  #known = false
  #reported = true
  #ssrc = 0
  #timestamp = 0
  #event = 0
  #rate = 8000
  /** Of the segment in hand, in units of the timestamp. */
  #duration = 0
  /** Of the segments before it: an event longer than 65535 units goes on under a later timestamp (§2.5.1.3). */
  #before = 0
  #lastAt = 0
  #timer: Timer | undefined

  constructor(clock: Clock, report: (key: DtmfKey) => void) {
    this.#clock = clock
    this.#report = report
  }

  /**
   * Takes a packet of a telephone-event payload type.
   * @param rate of its timestamp, in Hz
   */
  receive(packet: PacketBuffer, rate: number): void {
    const offset = eventOffset(packet)
    if (offset < 0) return
    const { bytes } = packet
    const event = bytes[offset]!
    if (event > lastKey) return
    if (!this.#continues(rtpSource(packet), rtpTimestamp(packet), event)) {
      this.#finish()
      this.#begin(rtpSource(packet), rtpTimestamp(packet), event, rate)
    }
    if (this.#reported) return
    this.#lastAt = this.#clock.now()
    this.#duration = Math.max(this.#duration, bytes.readUInt16BE(offset + 2))
    if ((bytes[offset + 1]! & 0x80) !== 0) this.#finish()
    else this.#timer ??= this.#clock.after(silence, () => this.#onTimer())
  }

  /** Nothing more is reported. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#reported = true
  }

  /** Says whether a packet belongs to the latest event, or to one before it. */
  #continues(ssrc: number, timestamp: number, event: number): boolean {
    if (!this.#known || ssrc !== this.#ssrc) return false
    const later = (timestamp - this.#timestamp) | 0
    if (later <= 0) return later > -latest * this.#rate
    const segment = later === longestDuration && this.#duration === longestDuration && event === this.#event
    if (!segment || this.#reported) return false
    this.#timestamp = timestamp
    this.#before += longestDuration
    this.#duration = 0
    return true
  }

  #begin(ssrc: number, timestamp: number, event: number, rate: number): void {
    this.#known = true
    this.#reported = false
    this.#ssrc = ssrc
    this.#timestamp = timestamp
    this.#event = event
    this.#rate = rate
    this.#duration = 0
    this.#before = 0
  }

  #finish(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#reported) return
    this.#reported = true
    const duration = Math.round(((this.#before + this.#duration) * 1000) / this.#rate)
    this.#report({ event: this.#event, duration })
  }

  /** One timer an event: it looks how long ago the last packet came. */
  #onTimer(): void {
    this.#timer = undefined
    const left = this.#lastAt + silence - this.#clock.now()
    if (left <= 0) this.#finish()
    else this.#timer = this.#clock.after(left, () => this.#onTimer())
  }
}
