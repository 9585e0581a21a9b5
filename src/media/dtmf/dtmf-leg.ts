import { type Clock } from '../../base/clock.ts'
import { type TelephoneEvents } from '../../base/endpoint-description.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { EventDetector } from './event-detector.ts'
import { EventSender } from './event-sender.ts'
import { OutgoingSequence } from './outgoing-sequence.ts'
import { type DtmfKey } from './telephone-event.ts'

/** What the DTMF of a leg is made of. */
export interface DtmfLegOptions {
  readonly clock: Clock
  /** Sends a plain RTP packet to the phone. */
  send(packet: Buffer): void
  /** The phone has pressed a key that the other leg cannot get as an event. */
  onKey(key: DtmfKey): void
}

/**
 * The telephone events of one leg. Where both legs have them, they are relayed like any other packet and nothing is done
 * here. Where only this one has, its phone's are taken out of the stream and reported, and the other phone's keys, which
 * come by other ways, are put into the stream towards it.
 */
export class DtmfLeg {
  readonly #sequence: OutgoingSequence
  readonly #sender: EventSender
  readonly #detector: EventDetector
  #events: TelephoneEvents | undefined
  #converts = false

  constructor(options: DtmfLegOptions) {
    const { clock } = options
    this.#sequence = new OutgoingSequence(clock)
    this.#sender = new EventSender(clock, this.#sequence, (packet) => options.send(packet))
    this.#detector = new EventDetector(clock, (key) => options.onKey(key))
  }

  /** Takes over what was agreed on this leg. */
  apply(events: TelephoneEvents | undefined): void {
    this.#events = events
    this.#converts &&= events !== undefined
  }

  /** Compares with the other leg, once something was agreed on both. */
  face(other: DtmfLeg): void {
    this.#converts = this.#events !== undefined && other.#events === undefined
    other.#converts = other.#events !== undefined && this.#events === undefined
    for (const leg of [this, other]) if (!leg.#converts) leg.#sender.close()
  }

  /**
   * Looks whether an RTP packet of the phone is an event that the other leg cannot get.
   * @returns true when it is: it must not be relayed
   */
  takes(packet: PacketBuffer): boolean {
    if (!this.#converts) return false
    const payloadType = packet.bytes[1]! & 0x7f
    for (const format of this.#events!.receive) {
      if (format.payloadType !== payloadType) continue
      this.#detector.receive(packet, format.clockRate)
      return true
    }
    return false
  }

  /** A packet of the other phone goes to this leg's. */
  pass(packet: PacketBuffer): void {
    if (this.#converts || this.#sequence.shifted) this.#sequence.pass(packet)
  }

  /** A packet of the other phone was {@link takes taken}. */
  skip(packet: PacketBuffer): void {
    this.#sequence.skip(packet)
  }

  /**
   * Sends a key to the phone as an event.
   * @returns false when it cannot be sent: the leg has no events (any more), or too many keys wait
   */
  press(key: DtmfKey): boolean {
    return this.#converts && this.#sender.press(key, this.#events!.send)
  }

  /** Stops what is under way. */
  close(): void {
    this.#sender.close()
    this.#detector.close()
  }
}
