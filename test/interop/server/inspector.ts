import { poll } from '../peers/poll.ts'

/** What the main thread of a process holds right after its garbage was collected. */
export interface HeapState {
  readonly heapBytes: number
  /** Buffers outside of the heap. */
  readonly externalBytes: number
  /** Open handles and pending requests that keep the process alive, by kind (process.getActiveResourcesInfo). */
  readonly resources: Readonly<Record<string, number>>
}

interface Reply {
  readonly id?: number
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

const expression = 'JSON.stringify({ memory: process.memoryUsage(), resources: process.getActiveResourcesInfo() })'

/** A client of Node's inspector (Chrome DevTools Protocol over WebSocket). */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply
      if (reply.id === undefined) return
      this.#waiting.get(reply.id)?.(reply)
      this.#waiting.delete(reply.id)
    })
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
    return new Inspector(socket)
  }

  /** Collects garbage and looks. */
  async state(): Promise<HeapState> {
    await this.#send('HeapProfiler.collectGarbage')
    const reply = await this.#send('Runtime.evaluate', { expression, returnByValue: true })
    const { memory, resources } = JSON.parse(String(reply.result?.result?.value)) as {
      memory: NodeJS.MemoryUsage
      resources: readonly string[]
    }
    const counted: Record<string, number> = {}
    for (const kind of resources) counted[kind] = (counted[kind] ?? 0) + 1
    return { heapBytes: memory.heapUsed, externalBytes: memory.external, resources: counted }
  }

  close(): void {
    this.#socket.close()
  }

  #send(method: string, params: object = {}): Promise<Reply> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the inspector does not answer ${method}`)), 30_000)
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer)
        resolve(reply)
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
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
