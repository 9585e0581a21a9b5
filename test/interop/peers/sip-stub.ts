import { createServer, connect, type Server, type Socket } from 'node:net'
import { poll } from './poll.ts'
import { MessageCutter, readMessage, type TracedMessage } from './sip-trace.ts'

/** How long a message may take, in milliseconds. */
const patience = 5000

/**
 * SIP over TCP by hand, for tests that look at each header: it says and answers nothing by itself. Messages come in the order
 * of their arrival, whichever connection they came by.
 */
export class SipStub {
  readonly #arrived: { readonly message: TracedMessage; readonly socket: Socket }[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  /** Waits for connections at 127.0.0.1. */
  static async listen(port: number): Promise<SipStub> {
    const stub = new SipStub()
    const server = createServer((socket) => stub.#take(socket))
    stub.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
    return stub
  }

  /** Opens a connection to 127.0.0.1. */
  static async connect(port: number): Promise<SipStub> {
    const stub = new SipStub()
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    stub.#take(socket)
    return stub
  }

  /** Sends over the one connection that it opened. */
  send(text: string): void {
    const [socket] = this.#sockets
    if (!socket) throw new Error('no connection')
    socket.write(text, 'latin1')
  }

  /**
   * The next message of a kind, and the way to answer it on its own connection; earlier ones of other kinds stay.
   *
   * @param kind a method for a request, a status for a response
   */
  async next(kind: string | number): Promise<{ message: TracedMessage; reply: (text: string) => void }> {
    const found = await poll(
      () => {
        const index = this.#arrived.findIndex(({ message: { status, method } }) =>
          typeof kind === 'number' ? status === kind : status === undefined && method === kind,
        )
        return index < 0 ? undefined : this.#arrived.splice(index, 1)[0]
      },
      patience,
      5,
    )
    if (!found) {
      const others = this.#arrived.map(({ message }) => message.startLine)
      throw new Error(`no ${kind} within ${patience} ms; there is ${JSON.stringify(others)}`)
    }
    return { message: found.message, reply: (text) => found.socket.write(text, 'latin1') }
  }

  /** Start lines of what came and was not asked for. */
  get unread(): string[] {
    return this.#arrived.map(({ message }) => message.startLine)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  #take(socket: Socket): void {
    const cutter = new MessageCutter()
    const at = { time: 0, protocol: 'tcp', source: 'peer', destination: 'stub' } as const
    this.#sockets.add(socket)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      for (const whole of cutter.add(text)) {
        const message = readMessage(whole, at)
        if (message) this.#arrived.push({ message, socket })
      }
    })
    // a reset at the end of a test is no news
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
