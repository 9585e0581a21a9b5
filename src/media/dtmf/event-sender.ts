import { type Clock, type Timer } from '../../base/clock.ts'
import { type EventFormat } from '../../base/endpoint-description.ts'
import { type OutgoingSequence } from './outgoing-sequence.ts'
import { eventPacket, longestDuration, type DtmfKey } from './telephone-event.ts'

/** Milliseconds between two packets of an event (RFC 4733 §2.5.1.2 has 50 ms for sources without a reason for another). */
const step = 50
/** Milliseconds of a key: shorter ones are missed by some receivers, and longer ones nobody means. */
const shortest = 100
const longest = 5000
/** How often the end is said, for the case of loss (§2.5.1.4). */
const ends = 3
/** Keys that may wait for those before them. */
const mostWaiting = 32

/** The event that is being sent. */
interface Pressed {
  readonly event: number
  readonly format: EventFormat
  readonly timestamp: number
  /** Steps until the key is let go. */
  readonly steps: number
  /** Steps so far. */
  step: number
}

/** Puts keys into an outgoing stream as events of RFC 4733, one key after the other. */
export class EventSender {
  readonly #clock: Clock
  readonly #sequence: OutgoingSequence
  readonly #send: (packet: Buffer) => void
  readonly #waiting: { readonly key: DtmfKey; readonly format: EventFormat }[] = []
  #pressed: Pressed | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, sequence: OutgoingSequence, send: (packet: Buffer) => void) {
    this.#clock = clock
    this.#sequence = sequence
    this.#send = send
  }

  /** @returns false when too many keys wait already */
  press(key: DtmfKey, format: EventFormat): boolean {
    if (this.#waiting.length >= mostWaiting) return false
    this.#waiting.push({ key, format })
    if (this.#pressed === undefined) this.#next()
    return true
  }

  /** Lets go of every key; nothing more is sent. */
  close(): void {
    this.#timer?.cancel()
    this.#waiting.length = 0
    this.#pressed = undefined
  }

  #next(): void {
    this.#pressed = undefined
    const next = this.#waiting.shift()
    if (next === undefined) return
    const { key, format } = next
    const { clockRate } = format
    // an event longer than its duration field would need segments: at 48 kHz that is 1.3 s
    const most = Math.min(longest / step, Math.floor((longestDuration * 1000) / clockRate / step))
    const steps = Math.min(most, Math.max(shortest / step, Math.ceil(key.duration / step)))
    this.#pressed = { event: key.event, format, steps, step: 0, timestamp: this.#sequence.timestamp(clockRate) }
    this.#after()
  }

  #after(): void {
    this.#timer = this.#clock.after(step, () => this.#onStep())
  }

  #onStep(): void {
    const pressed = this.#pressed!
    const { event, format, timestamp, steps } = pressed
    pressed.step++
    if (pressed.step >= steps + ends) {
      this.#next()
      return
    }
    const { sequence, ssrc } = this.#sequence.insert()
    this.#send(
      eventPacket({
        ...{ event, timestamp, sequence, ssrc, payloadType: format.payloadType },
        marker: pressed.step === 1,
        end: pressed.step >= steps,
        duration: Math.round((Math.min(pressed.step, steps) * step * format.clockRate) / 1000),
      }),
    )
    this.#after()
  }
}
