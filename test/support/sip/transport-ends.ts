import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type TestContext } from 'node:test'
import { type SipMessage } from '../../../src/sip/message/message.ts'
import { type Flow, type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { type TransportOptions } from '../../../src/sip/transport/transport-options.ts'

/** False, or the reason why a test that needs ::1 cannot run here. */
export const noIpv6: string | false = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ address }) => address === '::1')
  ? false
  : 'this host has no ::1'

/** What came, for those who wait for it. */
export class Queue<T> {
  readonly #items: T[] = []
  readonly #waiting: ((item: T) => void)[] = []

  /** How many have come that nobody has taken. */
  get length(): number {
    return this.#items.length
  }

  put(item: T): void {
    const taker = this.#waiting.shift()
    if (taker === undefined) this.#items.push(item)
    else taker(item)
  }

  /** The next one; the runner's time-out ends a test to which none comes. */
  next(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** A transport layer that keeps what it is told, closed with the test. */
export class LayerEnd {
  readonly layer: TransportLayer
  readonly messages = new Queue<{ readonly message: SipMessage; readonly flow: Flow }>()
  readonly closed = new Queue<Flow>()
  readonly opened = new Queue<Flow>()
  /** Code of each `flowClosed`, undefined for a good end. */
  readonly ends = new Queue<string | undefined>()
  readonly malformed = new Queue<string>()
  readonly refused = new Queue<string>()

  constructor(t: TestContext, options: TransportOptions = {}) {
    const layer = new TransportLayer(options)
    this.layer = layer
    layer.onMessage = (message, flow) => this.messages.put({ message, flow })
    layer.onFlowClosed = (flow) => this.closed.put(flow)
    layer.events.on('flowOpened', (flow) => this.opened.put(flow))
    layer.events.on('flowClosed', (_flow, error) => this.ends.put(error?.code))
    layer.events.on('malformed', (_flow, error) => this.malformed.put(error.code))
    layer.events.on('refused', (_remote, error) => this.refused.put(error.code))
    t.after(() => layer.close())
  }
}

/** A TCP client without SIP. */
export class TcpEnd {
  readonly socket: Socket
  text = ''
  #more = new Queue<undefined>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.#more.put(undefined)
    })
    socket.on('error', () => this.#more.put(undefined)) // a reset is what some tests are about
    socket.on('close', () => this.#more.put(undefined))
  }

  /** @param from - address of this machine to connect from */
  static async connect(t: TestContext, to: SocketAddress, from?: string): Promise<TcpEnd> {
    const socket = connect({ ...to, ...(from !== undefined && { localAddress: from }) })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return new TcpEnd(socket)
  }

  static of(t: TestContext, socket: Socket): TcpEnd {
    t.after(() => socket.destroy())
    return new TcpEnd(socket)
  }

  /** Waits until what has come includes `part`, and takes all of it. */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part)) {
      if (this.socket.closed) throw new Error(`closed, and '${part}' did not come`)
      await this.#more.next()
    }
    const { text } = this
    this.text = ''
    return text
  }

  /** Waits for the end of the connection. */
  async end(): Promise<void> {
    while (!this.socket.closed) await this.#more.next()
  }
}

/** A listening TCP socket without SIP. */
export async function tcpServer(
  t: TestContext,
  host = '127.0.0.1',
): Promise<{ readonly address: SocketAddress; readonly connections: Queue<TcpEnd>; readonly server: Server }> {
  const connections = new Queue<TcpEnd>()
  const server = createServer((socket) => connections.put(TcpEnd.of(t, socket)))
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return { address: { host, port: (server.address() as AddressInfo).port }, connections, server }
}

/** A UDP socket without SIP. */
export class UdpEnd {
  readonly socket: UdpSocket
  readonly datagrams = new Queue<string>()

  private constructor(socket: UdpSocket) {
    this.socket = socket
    socket.on('message', (bytes) => this.datagrams.put(bytes.toString('latin1')))
  }

  static async bind(t: TestContext, host = '127.0.0.1'): Promise<UdpEnd> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.bind(0, host)
    await once(socket, 'listening')
    t.after(() => socket.close())
    return new UdpEnd(socket)
  }

  get port(): number {
    return this.socket.address().port
  }

  send(text: string | Buffer, to: SocketAddress): void {
    this.socket.send(text, to.port, to.host)
  }
}

/** A request as text. `via` is the whole value of its Via. */
export function requestText(
  via: string,
  options: { method?: string; body?: string; cseq?: number; extra?: string } = {},
): string {
  const { method = 'OPTIONS', body = '', cseq = 1, extra = '' } = options
  return [
    `${method} sip:b2bua@example.org SIP/2.0`,
    `Via: ${via}`,
    'Max-Forwards: 70',
    'From: <sip:alice@example.org>;tag=a',
    'To: <sip:b2bua@example.org>',
    'Call-ID: call@example.org',
    `CSeq: ${cseq} ${method}`,
    ...(extra === '' ? [] : [extra]),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}
