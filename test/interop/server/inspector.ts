import { poll } from '../peers/poll.ts'

/** What a process holds right after the garbage of all its threads was collected. */
export interface HeapState {
  /** Of the main thread and of every worker. */
  readonly heapBytes: number
  /** Open handles and pending requests of the main thread that keep it alive, by kind (process.getActiveResourcesInfo). */
  readonly resources: Readonly<Record<string, number>>
}

/** Bytes of JavaScript's heaps as they are, garbage included. */
export interface Heaps {
  readonly main: number
  /** Of all workers together. */
  readonly workers: number
}

/** A message of the Chrome DevTools Protocol: an answer has an id, an event a method. */
interface ProtocolMessage {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly sessionId?: string; readonly message?: string }
  readonly result?: {
    readonly result?: { readonly value?: unknown }
    readonly usedSize?: number
    readonly totalSize?: number
  }
}

/** Sends a command to one thread. */
type Send = (method: string, params?: object) => Promise<ProtocolMessage>

const resourcesExpression = 'JSON.stringify(process.getActiveResourcesInfo())'

/** A client of Node's inspector: Chrome DevTools Protocol over WebSocket, and its NodeWorker domain for the other threads. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (reply: ProtocolMessage) => void>()
  /** NodeWorker sessions of the workers that run. */
  readonly #workers = new Set<string>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as ProtocolMessage))
  }

  /** Attaches to a process that was started with `--inspect`, as soon as it listens. */
  static async attach(port: number): Promise<Inspector> {
    const url = await poll(() => debuggerUrl(port), 10_000)
    if (url === undefined) throw new Error(`no inspector at port ${port}`)
    const socket = new WebSocket(url)
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('error', () => reject(new Error(`the inspector at ${url} refuses`)))
    })
    const inspector = new Inspector(socket)
    await inspector.#main('NodeWorker.enable', { waitForDebuggerOnStart: false })
    return inspector
  }

  /** Collects garbage and looks. */
  async state(): Promise<HeapState> {
    let heapBytes = 0
    const threads: Send[] = [this.#main, ...[...this.#workers].map((session) => this.#worker(session))]
    for (const send of threads) {
      await send('HeapProfiler.collectGarbage')
      heapBytes += (await send('Runtime.getHeapUsage')).result?.usedSize ?? 0
    }
    const reply = await this.#main('Runtime.evaluate', { expression: resourcesExpression, returnByValue: true })
    const resources: Record<string, number> = {}
    for (const kind of JSON.parse(String(reply.result?.result?.value)) as string[])
      resources[kind] = (resources[kind] ?? 0) + 1
    return { heapBytes, resources }
  }

  /** How large the heaps are. */
  async heaps(): Promise<Heaps> {
    const size = async (send: Send): Promise<number> => (await send('Runtime.getHeapUsage')).result?.totalSize ?? 0
    let workers = 0
    for (const session of this.#workers) workers += await size(this.#worker(session))
    return { main: await size(this.#main), workers }
  }

  close(): void {
    this.#socket.close()
  }

  readonly #main: Send = (method, params = {}) =>
    this.#command(method, params, (message) => this.#socket.send(JSON.stringify(message)))

  #worker(sessionId: string): Send {
    return (method, params = {}) =>
      this.#command(method, params, (message) => {
        // an answer of the main thread says only that the message was passed on
        const passOn = { message: JSON.stringify(message), sessionId }
        this.#socket.send(
          JSON.stringify({ id: ++this.#last, method: 'NodeWorker.sendMessageToWorker', params: passOn }),
        )
      })
  }

  /** Ids are unique over all threads, so that one table finds who waits. */
  #command(method: string, params: object, send: (message: object) => void): Promise<ProtocolMessage> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the inspector does not answer ${method}`)), 30_000)
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer)
        resolve(reply)
      })
      send({ id, method, params })
    })
  }

  #receive({ id, method, params, ...rest }: ProtocolMessage): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(rest)
      this.#waiting.delete(id)
    } else if (method === 'NodeWorker.attachedToWorker') this.#workers.add(params?.sessionId ?? '')
    else if (method === 'NodeWorker.detachedFromWorker') this.#workers.delete(params?.sessionId ?? '')
    else if (method === 'NodeWorker.receivedMessageFromWorker')
      this.#receive(JSON.parse(params?.message ?? '{}') as ProtocolMessage)
  }
}

async function debuggerUrl(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/json`)
    const [target] = (await response.json()) as { webSocketDebuggerUrl?: string }[]
    return target?.webSocketDebuggerUrl
  } catch (error) {
    // fetch wraps ECONNREFUSED: the process is not that far
    if (error instanceof TypeError) return undefined
    throw error
  }
}
