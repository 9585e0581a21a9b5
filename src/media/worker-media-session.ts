import { type EndpointDescription, type LocalEndpoint } from '../base/endpoint-description.ts'
import { type DtmfKey } from './dtmf/telephone-event.ts'
import { allocateCounters, Cell, counterCells, readCounters } from './leg-counters.ts'
import { MediaError } from './media-error.ts'
import {
  type DtmfReport,
  type KeyExchangeReport,
  type MediaLeg,
  type MediaSession,
  type PortRange,
  type SessionOptions,
} from './media-engine.ts'
import { type PortPool } from './packet-io/port-pool.ts'
import { type SessionCounters } from './session-counters.ts'
import { SilenceWatch } from './silence-watch.ts'
import { isUsableMasterKey } from './srtp/key-derivation.ts'
import { type WorkerHandle } from './worker-handle.ts'
import { toEndpointMessage } from './worker-messages.ts'

/** A stream as the main thread knows it. */
interface Stream {
  readonly kind: string
  readonly cells: Record<MediaLeg, Float64Array>
}

/** What a session needs of its engine. */
export interface SessionContext {
  readonly number: number
  readonly worker: WorkerHandle
  readonly pool: PortPool
  /** Milliseconds. */
  now(): number
  /** The session holds nothing any more. */
  onClosed(): void
}

/** The main thread's side of a session, whose packets a worker relays. */
export class WorkerMediaSession implements MediaSession {
  readonly worker: WorkerHandle
  readonly #options: SessionOptions
  readonly #context: SessionContext
  readonly #silence: SilenceWatch
  readonly #streams: Stream[] = []
  /** RTP ports of the pairs that the session holds, also while they are being bound. */
  readonly #pairs = new Set<number>()
  /** Streams are opened one after the other, so that their numbers are those of the calls that succeeded. */
  #opening: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  #failed = false

  constructor(options: SessionOptions, context: SessionContext) {
    this.worker = context.worker
    this.#options = options
    this.#context = context
    this.#silence = new SilenceWatch(options.noRtpTimeout)
  }

  /** Ports that are bound or about to be. */
  get ports(): number {
    return 2 * this.#pairs.size
  }

  /** Streams that were opened. */
  get streams(): number {
    return this.#streams.length
  }

  openStream(kind: string): Promise<{ readonly a: LocalEndpoint; readonly b: LocalEndpoint }> {
    const open = (): Promise<{ a: LocalEndpoint; b: LocalEndpoint }> => this.#open(kind)
    const opened = this.#opening.then(open, open) // a stream that could not be opened is its own caller's affair
    this.#opening = opened
    return opened
  }

  update(stream: number, leg: MediaLeg, endpoint: EndpointDescription | undefined): void {
    this.#assertStream(stream)
    if (endpoint?.protection.mode === 'sdes') {
      const { send, receive } = endpoint.protection
      if (!isUsableMasterKey(send) || (receive !== undefined && !isUsableMasterKey(receive))) {
        throw new MediaError('MEDIA_KEY_UNUSABLE', `a key of leg ${leg} does not fit its crypto suite`)
      }
    }
    if (this.#closing !== undefined || this.#failed) return
    this.#silence.described(stream, leg, endpoint, this.#context.now())
    const message = endpoint === undefined ? undefined : toEndpointMessage(endpoint)
    this.worker.tell({ type: 'update', session: this.#context.number, stream, leg, endpoint: message })
  }

  together(work: () => void): void {
    this.worker.together(work)
  }

  sendDtmf(stream: number, leg: MediaLeg, key: DtmfKey): void {
    this.#assertStream(stream)
    if (this.#closing !== undefined || this.#failed) return
    this.worker.tell({ type: 'dtmf', session: this.#context.number, stream, leg, key })
  }

  counters(): SessionCounters {
    return {
      streams: this.#streams.map(({ kind, cells }) => ({ kind, a: readCounters(cells.a), b: readCounters(cells.b) })),
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#release())
  }

  /** Looks for a leg that fell silent; the engine calls it once a second. */
  checkSilence(): void {
    if (this.#closing !== undefined || this.#failed) return
    for (const leg of ['a', 'b'] as const) {
      let packets = 0
      for (const { cells } of this.#streams) packets += cells[leg][Cell.rtpPacketsReceived]!
      const report = this.#silence.check(leg, packets, this.#context.now())
      if (report !== undefined) this.#options.onNoRtp(report)
    }
  }

  /** The worker says how a handshake has ended. */
  onKeyExchange(report: KeyExchangeReport): void {
    if (this.#closing === undefined && !this.#failed) this.#options.onKeyExchange(report)
  }

  /** The worker says that a key was pressed. */
  onDtmf(report: DtmfReport): void {
    if (this.#closing === undefined && !this.#failed) this.#options.onDtmf(report)
  }

  /** The number by which the worker knows it. */
  get number(): number {
    return this.#context.number
  }

  /** The worker is gone, and the session's media with it. */
  fail(error: MediaError): void {
    if (this.#closing !== undefined || this.#failed) return
    this.#failed = true
    this.#options.onFailure(error)
  }

  async #open(kind: string): Promise<{ a: LocalEndpoint; b: LocalEndpoint }> {
    const counters = allocateCounters()
    const { audioPorts, videoPorts, audioDscp = 0, videoDscp = 0 } = this.#options
    const pairs =
      kind === 'video'
        ? await this.#bind(videoPorts, videoDscp, counters)
        : await this.#bind(audioPorts, audioDscp, counters)
    this.#streams.push({ kind, cells: { a: counterCells(counters, 'a'), b: counterCells(counters, 'b') } })
    const address = this.#options.localAddress
    const local = (port: number): LocalEndpoint => ({ address, rtpPort: port, rtcpPort: port + 1 })
    return { a: local(pairs.a), b: local(pairs.b) }
  }

  /** Takes pairs from the range until the worker could bind one for each leg. */
  async #bind(range: PortRange, dscp: number, counters: SharedArrayBuffer): Promise<Record<MediaLeg, number>> {
    const address = this.#options.localAddress
    const held: { [leg in MediaLeg]: number | undefined } = { a: undefined, b: undefined }
    try {
      for (;;) {
        this.#assertOpen()
        const ports = { a: (held.a ??= this.#take(range)), b: (held.b ??= this.#take(range)) }
        const { number: session } = this.#context
        const answer = await this.worker.ask({
          type: 'open',
          session,
          stream: this.#streams.length,
          address,
          ports,
          counters,
          dscp,
        })
        this.#assertOpen()
        if (answer.type !== 'refused') return ports
        if (answer.code !== 'EADDRINUSE') throw refusal(answer.code, address)
        this.#giveBack(ports[answer.leg]) // another program has it: it rests like one of ours
        held[answer.leg] = undefined
      }
    } catch (error) {
      // a session that is being closed gives everything back when the worker has closed it
      if (this.#closing === undefined) for (const port of [held.a, held.b]) if (port !== undefined) this.#giveBack(port)
      throw error
    }
  }

  #assertStream(stream: number): void {
    if (this.#streams[stream] === undefined) {
      throw new MediaError('MEDIA_STREAM_UNKNOWN', `no stream ${stream} was opened in this session`)
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new MediaError('MEDIA_SESSION_CLOSED', 'the media session was closed')
  }

  #take(range: PortRange): number {
    const port = this.#context.pool.take(range)
    if (port === undefined) {
      const text = `every port pair of ${range.min}-${range.max} is in use or has just been`
      throw new MediaError('MEDIA_PORTS_EXHAUSTED', text)
    }
    this.#pairs.add(port)
    return port
  }

  #giveBack(port: number): void {
    this.#pairs.delete(port)
    this.#context.pool.rest(port)
  }

  async #release(): Promise<void> {
    try {
      if (!this.worker.gone) await this.worker.ask({ type: 'close', session: this.#context.number })
    } catch (error) {
      if (!this.worker.gone) throw error // else the ports were closed with the worker
    } finally {
      for (const port of [...this.#pairs]) this.#giveBack(port)
      this.#context.onClosed()
    }
  }
}

/** The error of a worker that could not bind for another reason than a port in use. */
function refusal(code: string, address: string): MediaError {
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS' || code === 'ENOMEM') {
    return new MediaError('MEDIA_PORTS_EXHAUSTED', `the system has no more sockets for media (${code})`)
  }
  return new MediaError('MEDIA_ADDRESS_UNUSABLE', `media ports cannot be bound on ${address} (${code})`)
}
