import { type EndpointDescription } from '../base/endpoint-description.ts'
import { type DtmfKey } from './dtmf/telephone-event.ts'
import { counterCells } from './leg-counters.ts'
import { type KeyExchanger } from './key-exchange/key-exchanger.ts'
import { type DtmfReport, type KeyExchangeReport, type MediaLeg } from './media-engine.ts'
import { type PacketBuffer } from './packet-buffer.ts'
import { type PacketIo, type PacketPort, type PeerAddress, type PortHandler } from './packet-io/packet-io.ts'
import { type CipherProvider } from './srtp/cipher-provider.ts'
import { StreamLeg, type StreamLegOptions } from './stream-leg.ts'

/** What a relay works with. */
export interface RelayOptions {
  readonly io: PacketIo
  readonly provider: CipherProvider
  readonly exchanger: KeyExchanger
  /** Milliseconds on the clock of the engine's thread. */
  readonly now: () => number
  /** Writes the same into a cell: a number that is returned takes memory. */
  readonly stamp: (cells: Float64Array, cell: number) => void
  /** A handshake of a session has ended. */
  onKeyExchange(session: number, report: KeyExchangeReport): void
  /** A phone has pressed a key that the other leg cannot get as an event. */
  onDtmf(session: number, report: DtmfReport): void
}

/** A stream to open: where both legs are bound, and where they count. */
export interface StreamOpening {
  readonly address: string
  readonly ports: Record<MediaLeg, number>
  readonly counters: SharedArrayBuffer
  /** Differentiated services code point. */
  readonly dscp: number
}

/** One port of a leg could not be bound. */
export interface Refusal {
  readonly leg: MediaLeg
  /** The operating system's code, e.g. `EADDRINUSE`. */
  readonly code: string
}

interface Stream {
  readonly legs: Record<MediaLeg, StreamLeg>
  readonly ports: readonly PacketPort[]
  readonly local: readonly PeerAddress[]
}

interface Session {
  readonly streams: Map<number, Stream>
  /** Opening and closing of one session follow each other, however long the binding takes. */
  queue: Promise<unknown>
}

/** All bridges of one thread: opens, updates and closes them by the engine's numbers. */
export class Relay {
  readonly #options: RelayOptions
  readonly #sessions = new Map<number, Session>()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Binds the four ports of a stream: all of them or none. */
  open(session: number, stream: number, opening: StreamOpening): Promise<Refusal | undefined> {
    const entry: Session = this.#sessions.get(session) ?? { streams: new Map(), queue: Promise.resolve() }
    this.#sessions.set(session, entry)
    const opened = entry.queue.then(async () => {
      const made = await this.#bind(opening, (leg) => ({
        onKeyExchange: (outcome) => this.#options.onKeyExchange(session, { stream, leg, ...outcome }),
        onDtmf: (key) => this.#options.onDtmf(session, { stream, leg, ...key }),
      }))
      if ('code' in made) return made
      entry.streams.set(stream, made)
      return undefined
    })
    entry.queue = opened
    return opened
  }

  /** Takes over what a leg agreed on; a stream that is gone is nothing to update. */
  update(session: number, stream: number, leg: MediaLeg, endpoint: EndpointDescription | undefined): void {
    const entry = this.#sessions.get(session)?.streams.get(stream)
    entry?.legs[leg].update(endpoint, entry.local)
  }

  /** Sends a key to a leg's phone; a stream that is gone has nobody who waits for it. */
  sendDtmf(session: number, stream: number, leg: MediaLeg, key: DtmfKey): void {
    this.#sessions.get(session)?.streams.get(stream)?.legs[leg].sendDtmf(key)
  }

  /** Closes every port of a session, also those that are still being bound. */
  async close(session: number): Promise<void> {
    const entry = this.#sessions.get(session)
    if (entry === undefined) return
    this.#sessions.delete(session)
    await entry.queue
    for (const { legs } of entry.streams.values()) for (const leg of [legs.a, legs.b]) leg.close()
    await Promise.all([...entry.streams.values()].flatMap((stream) => stream.ports.map((port) => port.close())))
  }

  async #bind(
    { address, ports, counters, dscp }: StreamOpening,
    listener: (leg: MediaLeg) => Pick<StreamLegOptions, 'onKeyExchange' | 'onDtmf'>,
  ): Promise<Stream | Refusal> {
    const bound: PacketPort[] = []
    const legs: Partial<Record<MediaLeg, StreamLeg>> = {}
    const local: PeerAddress[] = []
    for (const name of ['a', 'b'] as const) {
      const cells = counterCells(counters, name)
      const [rtpEar, rtcpEar] = [new RtpEar(), new RtcpEar()]
      try {
        const { io } = this.#options
        const rtp = await io.open({ address, port: ports[name], dscp }, rtpEar)
        bound.push(rtp)
        const rtcp = await io.open({ address, port: ports[name] + 1, dscp }, rtcpEar)
        bound.push(rtcp)
        const { provider, exchanger, now, stamp } = this.#options
        legs[name] = new StreamLeg({
          ...{ rtp, rtcp, counters: cells, provider, exchanger, now, stamp },
          ...listener(name),
        })
        rtpEar.leg = rtcpEar.leg = legs[name]
      } catch (error) {
        await Promise.all(bound.map((port) => port.close()))
        return { leg: name, code: (error as NodeJS.ErrnoException).code ?? String(error) }
      }
      local.push({ address, port: ports[name] }, { address, port: ports[name] + 1 })
    }
    const { a, b } = legs as Record<MediaLeg, StreamLeg>
    StreamLeg.join(a, b)
    return { legs: { a, b }, ports: bound, local }
  }
}

/** What a port speaks to, which may do so before the leg exists. */
abstract class Ear implements PortHandler {
  leg: StreamLeg | undefined
  abstract onPacket(packet: PacketBuffer, source: PeerAddress): void

  onError(): void {
    this.leg?.onSendError()
  }
}

class RtpEar extends Ear {
  onPacket(packet: PacketBuffer, source: PeerAddress): void {
    this.leg?.onRtpPort(packet, source)
  }
}

class RtcpEar extends Ear {
  onPacket(packet: PacketBuffer, source: PeerAddress): void {
    this.leg?.onRtcpPort(packet, source)
  }
}
