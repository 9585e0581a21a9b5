import { MessageChannel, Worker } from 'node:worker_threads'
import { MediaError } from '../media-error.ts'
import { type WorkerHandle } from '../worker-handle.ts'
import { type KeyExchangeNotice, type KeyExchangeOrder, type KeyExchangeStart } from './key-exchange-messages.ts'

/** The worker runs from the sources, or from what they were compiled to. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './key-exchange-worker.ts' : './key-exchange-worker.js',
  import.meta.url,
)

/** Milliseconds for a worker to end by itself; one that hangs is terminated. */
const longestEnd = 5000

/** The main thread's end of the key exchange worker. */
export class KeyExchangeHandle {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #ending = false

  /**
   * @param onDeath called once when the thread ended without {@link end}
   * @param onSecretsNotKept called once when the file of ZRTP's retained secrets fails
   */
  constructor(
    start: KeyExchangeStart,
    onDeath: (error: MediaError) => void,
    onSecretsNotKept: (error: MediaError) => void,
  ) {
    this.#worker = new Worker(entry, { workerData: start, name: 'key-exchange' })
    this.#worker.on('message', ({ why }: KeyExchangeNotice) => {
      onSecretsNotKept(new MediaError('MEDIA_SECRETS_NOT_KEPT', why))
    })
    let cause: unknown
    this.#worker.on('error', (error: unknown) => {
      cause = error
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        resolve()
        if (this.#ending) return
        const why = cause instanceof Error ? cause.message : 'it ended without saying why'
        onDeath(new MediaError('MEDIA_WORKER_DIED', `the key exchange worker died: ${why}`, { cause }))
      })
    })
  }

  /** Gives a media worker a port of its own to this worker. */
  serve(worker: WorkerHandle): void {
    const { port1, port2 } = new MessageChannel()
    this.#worker.postMessage({ type: 'serve', port: port1 } satisfies KeyExchangeOrder, [port1])
    worker.link(port2)
  }

  /** Ends the worker, and the handshakes that it is at. */
  async end(): Promise<void> {
    this.#ending = true
    this.#worker.postMessage({ type: 'end' } satisfies KeyExchangeOrder)
    const late = setTimeout(() => void this.#worker.terminate(), longestEnd)
    await this.#exited
    clearTimeout(late)
  }
}
