import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { type TestContext } from 'node:test'
import { readHead } from '../../../src/sip/message/head.ts'
import { defaultLimits } from '../../../src/sip/message/limits.ts'
import { type SipMessage, type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { formatAddress, type SocketAddress } from '../../../src/sip/transport/flow.ts'

/** Longest wait for a message, in milliseconds; the machine may be busy. */
const patience = 8000

/** Reads the message at the beginning of `bytes`, however malformed: answers to malformed requests quote them. */
function read(bytes: Buffer): { readonly message: SipMessage; readonly length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const { startLine, headers } = readHead(bytes.toString('latin1', 0, end + 4), defaultLimits)
  const length = end + 4 + Number(headers.get('Content-Length') ?? 0)
  if (bytes.length < length) return undefined
  const body = bytes.subarray(end + 4, length)
  const [first = '', second = '', ...rest] = startLine.split(' ')
  const message: SipMessage = first.startsWith('SIP/')
    ? { kind: 'response', status: Number(second), reason: rest.join(' '), headers, body }
    : { kind: 'request', method: first, uri: second, headers, body }
  return { message, length }
}

/** One end of SIP that sends whatever bytes it is given, keeps what comes, and answers nothing by itself. */
export abstract class Wire {
  abstract readonly protocol: 'udp' | 'tcp'
  /** What came and was not taken by {@link Wire.next}. */
  readonly received: SipMessage[] = []
  /** Sees each message as it comes; those for which it returns true are not kept. */
  onMessage: ((message: SipMessage) => boolean) | undefined
  readonly #waiting = new Set<() => void>()

  /** Where this end is reached. */
  abstract get address(): SocketAddress
  abstract get closed(): boolean
  abstract send(bytes: string | Buffer): void

  /** `SIP/2.0/UDP 127.0.0.1:5060`: what a Via of this end begins with. */
  get via(): string {
    return `SIP/2.0/${this.protocol.toUpperCase()} ${formatAddress(this.address)}`
  }

  /** URI under which this end is reached. */
  get uri(): string {
    return `sip:${formatAddress(this.address)};transport=${this.protocol}`
  }

  protected arrived(message: SipMessage): void {
    if (this.onMessage?.(message) === true) return
    this.received.push(message)
    this.changed()
  }

  protected changed(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Takes the first message that `wanted` says is meant, as soon as it is there. */
  async next<T extends SipMessage>(wanted: (message: SipMessage) => message is T, what: string): Promise<T> {
    let message: T | undefined
    await this.#until(() => {
      const at = this.received.findIndex(wanted)
      if (at >= 0) message = this.received.splice(at, 1)[0] as T
      return at >= 0
    }, what)
    return message!
  }

  /** The next request of a method. */
  request(method: string): Promise<SipRequest> {
    return this.next((one): one is SipRequest => one.kind === 'request' && one.method === method, method)
  }

  /**
   * The next response of a status, or the next final one.
   * @param method of its request; '' for any
   */
  response(method: string, status?: number): Promise<SipResponse> {
    return this.next(
      (one): one is SipResponse =>
        one.kind === 'response' &&
        (status === undefined ? one.status >= 200 : one.status === status) &&
        (method === '' || one.headers.get('CSeq')?.endsWith(` ${method}`) === true),
      `${status ?? 'final response'} to ${method}`,
    )
  }

  /** The status lines and methods that came and were not taken, for messages of failed tests. */
  summary(): string {
    return this.received
      .map((one) =>
        one.kind === 'request' ? one.method : `${one.status} ${one.headers.get('CSeq')?.split(' ')[1] ?? ''}`,
      )
      .join(', ')
  }

  /** Waits until the other end has closed this one. */
  end(): Promise<void> {
    return this.#until(() => this.closed, 'the end of the connection')
  }

  #until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        if (!condition()) return
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(wake)
        reject(new Error(`${what} did not come, but ${this.summary() || 'nothing'}`))
      }, patience)
      this.#waiting.add(wake)
    })
  }
}

/** A UDP socket that talks to one peer, and hears everybody. */
export class UdpWire extends Wire {
  readonly protocol = 'udp'
  /** Sees the bytes of each datagram as it comes. */
  onDatagram: ((bytes: Buffer) => void) | undefined
  readonly #socket: UdpSocket
  readonly #peer: SocketAddress

  private constructor(socket: UdpSocket, peer: SocketAddress) {
    super()
    this.#socket = socket
    this.#peer = peer
    this.#hear(socket)
  }

  #hear(socket: UdpSocket): void {
    socket.on('message', (bytes) => {
      this.onDatagram?.(bytes)
      this.arrived(read(bytes)!.message)
    })
  }

  /**
   * @param at where to bind; port 0 for any
   * @param also further ports of the same host whose messages come here too, for answers that go to the port of a Via
   */
  static async open(
    t: TestContext,
    peer: SocketAddress,
    at: SocketAddress = { host: '127.0.0.1', port: 0 },
    also: readonly number[] = [],
  ): Promise<UdpWire> {
    const wire = new UdpWire(await bound(t, at), peer)
    for (const port of also) wire.#hear(await bound(t, { host: at.host, port }))
    return wire
  }

  override get address(): SocketAddress {
    const { address, port } = this.#socket.address()
    return { host: address, port }
  }

  override get closed(): boolean {
    return false
  }

  override send(bytes: string | Buffer): void {
    const datagram = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    this.#socket.send(datagram, this.#peer.port, this.#peer.host)
  }
}

async function bound(t: TestContext, at: SocketAddress): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1_048_576 })
  socket.on('error', () => undefined) // an ICMP error is what some tests are about
  socket.bind(at.port, at.host)
  t.after(() => socket.close())
  await once(socket, 'listening')
  return socket
}

/** A TCP connection. */
export class TcpWire extends Wire {
  readonly protocol = 'tcp'
  readonly socket: Socket
  readonly #address: SocketAddress
  #bytes: Buffer = Buffer.alloc(0)

  /** @param address where this end is reached by new connections; its own end of this one where absent */
  constructor(t: TestContext, socket: Socket, address?: SocketAddress) {
    super()
    this.socket = socket
    this.#address = address ?? { host: socket.localAddress!, port: socket.localPort! }
    t.after(() => socket.destroy())
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = withoutLineEnds(Buffer.concat([this.#bytes, chunk]))
      for (let next = read(this.#bytes); next !== undefined; next = read(this.#bytes)) {
        this.#bytes = withoutLineEnds(this.#bytes.subarray(next.length))
        this.arrived(next.message)
      }
    })
    socket.on('error', () => undefined) // a reset is what some tests are about
    socket.on('close', () => this.changed())
  }

  /** @param localPort to connect from; any when absent */
  static async open(t: TestContext, peer: SocketAddress, localPort?: number): Promise<TcpWire> {
    const socket = connect({ ...peer, ...(localPort !== undefined && { localPort }) })
    await once(socket, 'connect')
    return new TcpWire(t, socket)
  }

  override get address(): SocketAddress {
    return this.#address
  }

  override get closed(): boolean {
    return this.socket.closed
  }

  override send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }
}

/** Without the CRLF in front that answers a keep-alive. */
function withoutLineEnds(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0x0d && byte !== 0x0a)
  return start < 0 ? Buffer.alloc(0) : bytes.subarray(start)
}

/** A TCP socket that listens. */
export class TcpListener {
  readonly uri: string
  readonly #connections: TcpWire[] = []
  #waiting: ((wire: TcpWire) => void) | undefined

  private constructor(address: SocketAddress) {
    this.uri = `sip:${address.host}:${address.port};transport=tcp`
  }

  static async open(t: TestContext): Promise<TcpListener> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { address, port } = server.address() as AddressInfo
    const listener = new TcpListener({ host: address, port })
    server.on('connection', (socket) => {
      const wire = new TcpWire(t, socket, { host: address, port })
      if (listener.#waiting === undefined) listener.#connections.push(wire)
      else listener.#waiting(wire)
      listener.#waiting = undefined
    })
    return listener
  }

  /** The next connection. */
  accept(): Promise<TcpWire> {
    const first = this.#connections.shift()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
