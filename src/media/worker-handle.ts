import { Worker, type MessagePort } from 'node:worker_threads'
import { type DtmfReport, type KeyExchangeReport } from './media-engine.ts'
import { MediaError } from './media-error.ts'
import { DescriptorLedger } from './packet-io/descriptor-ledger.ts'
import { type PacketIoSettings } from './packet-io/open-packet-io.ts'
import { clockOrigin, type WorkerAnswer, type WorkerRequest, type WorkerStart } from './worker-messages.ts'

/** A request that is answered, without the number that the handle gives it. */
type Question = DistributiveOmit<Extract<WorkerRequest, { request: number }>, 'request'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Who waits for an answer. */
interface Waiting {
  readonly resolve: (answer: WorkerAnswer) => void
  readonly reject: (error: MediaError) => void
}

/** What a worker reports on its own account. */
export interface WorkerListener {
  /** Called once, when the thread ended without {@link WorkerHandle.end}. */
  onDeath(error: MediaError): void
  /** A handshake of a session has ended. */
  onKeyExchange(session: number, report: KeyExchangeReport): void
  /** A phone of a session has pressed a key. */
  onDtmf(session: number, report: DtmfReport): void
  /** Its SRTP runs on node:crypto, because OpenSSL's own functions cannot be called. */
  onCipherFallback(why: string): void
  /** It may not have precedence over other threads. */
  onOrdinaryPriority(why: string): void
  /** It runs on the portable driver, though it was to run on the other. */
  onPacketIoFallback(why: string): void
}

/** The worker runs from the sources, or from what they were compiled to. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './media-worker.ts' : './media-worker.js', import.meta.url)

/** Milliseconds for a worker to end by itself; one that hangs is terminated. */
const longestEnd = 5000

/** The main thread's end of one worker: asks, waits for answers, and notices when it dies or hangs. */
export class WorkerHandle {
  readonly number: number
  readonly #listener: WorkerListener
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  readonly #descriptors = new DescriptorLedger()
  /** What goes in one message, which wakes the worker once: questions of this turn of the event loop, what is told together. */
  #outbox: WorkerRequest[] = []
  #gathering = false
  #requests = 0
  /** Heartbeats in a row that were not answered. */
  #missedBeats = 0
  #error: unknown
  #gone = false
  #killed = false

  /**
   * @param number shown in events and as the thread's name
   */
  constructor(number: number, packetIo: PacketIoSettings, listener: WorkerListener) {
    this.number = number
    this.#listener = listener
    const start: WorkerStart = { clockOrigin: clockOrigin(), packetIo, descriptors: this.#descriptors.memory }
    this.#worker = new Worker(entry, { workerData: start, name: `media-${number}` })
    this.#worker.on('message', (answers: WorkerAnswer[]) => {
      for (const answer of answers) this.#onAnswer(answer)
    })
    this.#worker.on('error', (error: unknown) => {
      this.#error = error
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#descriptors.closeAll()
        resolve()
        this.#onExit()
      })
    })
  }

  /** The thread has ended, and its ports with it. */
  get gone(): boolean {
    return this.#gone
  }

  /** Gives it the way to the key exchange worker. */
  link(port: MessagePort): void {
    if (this.#gone) port.close()
    else this.#worker.postMessage([{ type: 'link', port }] satisfies WorkerRequest[], [port])
  }

  /** Heartbeats in a row that the worker did not answer. */
  get missedBeats(): number {
    return this.#missedBeats
  }

  /** Sends a request that is not answered. Nobody hears it when the worker is gone. */
  tell(message: Extract<WorkerRequest, { type: 'update' | 'dtmf' | 'ping' }>): void {
    if (this.#gone) return
    // at once: a phone may send by what it was told before this turn ends
    this.#outbox.push(message)
    if (!this.#gathering) this.#flush()
  }

  /** What `work` tells the worker travels as one: no packet comes between its parts. Not to be nested. */
  together(work: () => void): void {
    this.#gathering = true
    try {
      work()
    } finally {
      this.#gathering = false
      this.#flush()
    }
  }

  /** Asks whether the worker still answers. */
  beat(): void {
    this.#missedBeats++
    this.tell({ type: 'ping' })
  }

  /** @throws MediaError (rejects) `MEDIA_WORKER_DIED` when the worker is gone before it answers */
  ask(question: Question): Promise<WorkerAnswer> {
    if (this.#gone) return Promise.reject(new MediaError('MEDIA_WORKER_DIED', 'the media worker has ended'))
    const request = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject })
      this.#post({ ...question, request })
    })
  }

  /** Ends a worker that does not answer any more; its death is reported as any other. */
  kill(why: string): void {
    if (this.#killed) return
    this.#killed = true
    this.#error = new Error(why)
    void this.#worker.terminate() // the exit event follows
  }

  /** Ends the worker, its ports and what it was asked. */
  async end(): Promise<void> {
    this.#gone = true
    this.#rejectAll(new MediaError('MEDIA_SESSION_CLOSED', 'the media engine was closed'))
    this.#outbox.push({ type: 'end' })
    this.#flush()
    const late = setTimeout(() => void this.#worker.terminate(), longestEnd)
    await this.#exited
    clearTimeout(late)
  }

  #post(message: WorkerRequest): void {
    this.#outbox.push(message)
    if (this.#outbox.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (this.#outbox.length === 0) return
    const messages = this.#outbox
    this.#outbox = []
    this.#worker.postMessage(messages)
  }

  #onAnswer(answer: WorkerAnswer): void {
    if (answer.type === 'pong') {
      this.#missedBeats = 0
      return
    }
    if (answer.type === 'keys') {
      this.#listener.onKeyExchange(answer.session, answer.report)
      return
    }
    if (answer.type === 'dtmf') {
      this.#listener.onDtmf(answer.session, answer.report)
      return
    }
    if (answer.type === 'ordinary-priority') {
      this.#listener.onOrdinaryPriority(answer.why)
      return
    }
    if (answer.type === 'cipher-fallback') {
      this.#listener.onCipherFallback(answer.why)
      return
    }
    if (answer.type === 'packet-io-fallback') {
      this.#listener.onPacketIoFallback(answer.why)
      return
    }
    this.#waiting.get(answer.request)?.resolve(answer)
    this.#waiting.delete(answer.request)
  }

  #onExit(): void {
    if (this.#gone) return
    this.#gone = true
    const cause = this.#error instanceof Error ? this.#error.message : 'it ended without saying why'
    const error = new MediaError('MEDIA_WORKER_DIED', `media worker ${this.number} died: ${cause}`, {
      cause: this.#error,
    })
    this.#rejectAll(error)
    this.#listener.onDeath(error)
  }

  #rejectAll(error: MediaError): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
