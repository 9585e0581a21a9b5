import { type DtlsCertificate } from './dtls/dtls-certificate.ts'
import { availableParallelism } from 'node:os'
import { systemClock, type Clock, type Timer } from '../base/clock.ts'
import { TypedEmitter } from '../base/typed-emitter.ts'
import { type KeyExchangeStart } from './key-exchange/key-exchange-messages.ts'
import { KeyExchangeHandle } from './key-exchange/key-exchange-handle.ts'
import { MediaError } from './media-error.ts'
import {
  type MediaEngine,
  type MediaEngineCounts,
  type MediaEngineEvents,
  type MediaSession,
  type SessionOptions,
} from './media-engine.ts'
import { defaultPacketIo, type PacketIoSettings } from './packet-io/open-packet-io.ts'
import { PortPool } from './packet-io/port-pool.ts'
import { WorkerHandle } from './worker-handle.ts'
import { WorkerMediaSession } from './worker-media-session.ts'

/** Milliseconds between two heartbeats, and between two looks at silent legs. */
const beatInterval = 1000
/** Unanswered heartbeats in a row after which the engine is not alive. */
const lateBeats = 4
/** Unanswered heartbeats in a row after which a worker hangs for good, and is ended and replaced. */
const hungBeats = 10
/** Milliseconds before a dead worker is replaced: one that cannot start must not keep a core busy. */
const replaceDelay = 500

/** What an engine can be told; all of it has defaults. */
export interface WorkerMediaEngineOptions {
  /** Worker threads; default: one per core beyond the first, at least one. */
  readonly workers?: number
  readonly clock?: Clock
  /** How the workers reach the network. */
  readonly packetIo?: PacketIoSettings
  /** This server's certificate and its private key, in PEM. Absent: DTLS-SRTP is not possible. */
  readonly certificate?: DtlsCertificate
  /** This server's ZID, 12 bytes. Absent: ZRTP is not possible. */
  readonly zid?: Buffer
  /** `zrtp-trusted-mitm`: phones may enrol with this server (RFC 6189 §7.3). Default: no. */
  readonly trustedMitm?: boolean
  /** File of ZRTP's retained secrets. Absent: they are kept in memory. */
  readonly secrets?: string
}

/** Relays media in worker threads of this process. A session lives in one worker, the one with the fewest streams. */
export class WorkerMediaEngine implements MediaEngine {
  readonly events = new TypedEmitter<MediaEngineEvents>()
  readonly #clock: Clock
  /** It was told that SRTP runs on node:crypto. */
  #cipherFallback = false
  #ordinaryPriority = false
  readonly #packetIo: PacketIoSettings
  /** It was told that packets go through Node's sockets. */
  #packetIoFallback = false
  readonly #pool: PortPool
  readonly #workers = new Map<number, WorkerHandle>()
  readonly #sessions = new Map<number, WorkerMediaSession>()
  #keyExchange: KeyExchangeHandle | undefined
  readonly #replacements = new Set<Timer>()
  #lastSession = 0
  #tick: Timer
  #closing: Promise<void> | undefined

  constructor(options: WorkerMediaEngineOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#packetIo = options.packetIo ?? defaultPacketIo
    this.#pool = new PortPool(this.#clock)
    const count = options.workers ?? Math.max(1, availableParallelism() - 1)
    for (let number = 0; number < count; number++) this.#start(number)
    const { certificate, zid, secrets, trustedMitm = false } = options
    if (certificate !== undefined || zid !== undefined) {
      const copy = zid === undefined ? {} : { zid: Uint8Array.from(zid), trustedMitm }
      this.#startKeyExchange({
        ...(certificate !== undefined && { certificate }),
        ...(secrets !== undefined && { secrets }),
        ...copy,
      })
    }
    this.#tick = this.#clock.after(beatInterval, () => this.#onTick())
  }

  get alive(): boolean {
    if (this.#closing !== undefined || this.#workers.size === 0) return false
    return [...this.#workers.values()].every((worker) => worker.missedBeats < lateBeats)
  }

  openSession(options: SessionOptions): Promise<MediaSession> {
    const worker = this.#closing === undefined ? this.#leastLoaded() : undefined
    if (worker === undefined) return Promise.reject(new MediaError('MEDIA_UNAVAILABLE', 'no media worker is running'))
    const session: WorkerMediaSession = new WorkerMediaSession(options, {
      number: ++this.#lastSession,
      worker,
      pool: this.#pool,
      now: () => this.#clock.now(),
      onClosed: () => this.#sessions.delete(session.number),
    })
    this.#sessions.set(session.number, session)
    return Promise.resolve(session)
  }

  counts(): MediaEngineCounts {
    let ports = 0
    for (const session of this.#sessions.values()) ports += session.ports
    return { sessions: this.#sessions.size, ports, resting: 2 * this.#pool.resting() }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end())
  }

  async #end(): Promise<void> {
    this.#tick.cancel()
    for (const timer of this.#replacements) timer.cancel()
    // a worker's ports end with it, so that nobody waits for one that hangs
    const closed = [...this.#sessions.values()].map((session) => session.close())
    const workers = [...this.#workers.values(), ...(this.#keyExchange === undefined ? [] : [this.#keyExchange])]
    await Promise.all(workers.map((worker) => worker.end()))
    this.#workers.clear()
    await Promise.all(closed)
  }

  /** The worker with the fewest streams, a call that has none yet taken for one; none that hangs. */
  #leastLoaded(): WorkerHandle | undefined {
    let least: WorkerHandle | undefined
    let fewest = Infinity
    for (const worker of this.#workers.values()) {
      if (worker.missedBeats >= lateBeats) continue
      let load = 0
      for (const session of this.#sessions.values()) if (session.worker === worker) load += Math.max(1, session.streams)
      if (load < fewest) least = worker
      fewest = Math.min(fewest, load)
    }
    return least
  }

  #start(number: number): void {
    const worker = new WorkerHandle(number, this.#packetIo, {
      onDeath: (error) => this.#onDeath(number, error),
      onKeyExchange: (session, report) => this.#sessions.get(session)?.onKeyExchange(report),
      onDtmf: (session, report) => this.#sessions.get(session)?.onDtmf(report),
      onOrdinaryPriority: (why) => {
        if (!this.#ordinaryPriority) this.events.emit('ordinaryPriority', { why })
        this.#ordinaryPriority = true
      },
      onCipherFallback: (why) => {
        if (!this.#cipherFallback) this.events.emit('cipherFallback', { why })
        this.#cipherFallback = true
      },
      onPacketIoFallback: (why) => {
        if (!this.#packetIoFallback) this.events.emit('packetIoFallback', { why })
        this.#packetIoFallback = true
      },
    })
    this.#workers.set(number, worker)
    this.#keyExchange?.serve(worker)
  }

  #startKeyExchange(start: KeyExchangeStart): void {
    const keyExchange = new KeyExchangeHandle(
      start,
      (error) => {
        this.events.emit('keyExchangeDied', { error })
        this.#keyExchange = undefined
        if (this.#closing === undefined) this.#after(() => this.#startKeyExchange(start))
      },
      (error) => this.events.emit('zrtpSecretsNotKept', { error }),
    )
    this.#keyExchange = keyExchange
    for (const worker of this.#workers.values()) keyExchange.serve(worker)
  }

  /** Does something in a moment, unless the engine is closed by then. */
  #after(work: () => void): void {
    const timer = this.#clock.after(replaceDelay, () => {
      this.#replacements.delete(timer)
      work()
    })
    this.#replacements.add(timer)
  }

  #onDeath(number: number, error: MediaError): void {
    const dead = this.#workers.get(number)
    this.#workers.delete(number)
    const lost = [...this.#sessions.values()].filter((session) => session.worker === dead)
    this.events.emit('workerDied', { worker: number, sessions: lost.length, error })
    if (this.#closing === undefined) {
      this.#after(() => {
        this.#start(number)
        this.events.emit('workerReplaced', { worker: number })
      })
    }
    for (const session of lost) session.fail(error)
  }

  #onTick(): void {
    this.#tick = this.#clock.after(beatInterval, () => this.#onTick())
    for (const worker of this.#workers.values()) {
      if (worker.missedBeats >= hungBeats) {
        worker.kill(`it has not answered for ${hungBeats} s`)
        continue
      }
      worker.beat()
    }
    for (const session of this.#sessions.values()) session.checkSilence()
  }
}
