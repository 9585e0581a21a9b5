import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { contactUri, formatAddress, nextFlowId, type Flow, type SocketAddress } from './flow.ts'
import { isKeepAlive } from './keep-alive.ts'
import { isWildcard, type LocalAddresses } from './local-addresses.ts'
import { TransportError, type TransportErrorCode } from './transport-error.ts'

/** Bytes that the kernel is asked to keep for us while the process is busy: some hundred messages. */
const receiveBuffer = 1_048_576

/** What a UDP socket tells its transport layer. */
export interface UdpHost {
  datagram(bytes: Buffer, flow: Flow): void
  socketError(local: SocketAddress, error: TransportError): void
}

/** A UDP socket on one address, which all peers share. An error that it reports, such as an ICMP one, does not end it. */
export class UdpPoint {
  /** The address that it is bound to, which may be a wildcard. */
  readonly local: SocketAddress
  readonly #socket: Socket
  readonly #addresses: LocalAddresses
  readonly #maxBacklog: number
  #closed = false

  private constructor(socket: Socket, host: UdpHost, addresses: LocalAddresses, maxBacklog: number) {
    const { address, port } = socket.address()
    this.local = { host: address, port }
    this.#socket = socket
    this.#addresses = addresses
    this.#maxBacklog = maxBacklog
    socket.on('message', (bytes, from) => {
      if (!isKeepAlive(bytes)) host.datagram(bytes, this.flow({ host: from.address, port: from.port }))
    })
    socket.on('error', (cause) => {
      const error = new TransportError('TRANSPORT_UNREACHABLE', `udp ${formatAddress(this.local)}: ${cause.message}`, {
        cause,
      })
      host.socketError(this.local, error)
    })
  }

  /**
   * Binds a socket.
   * @param at IP literal and port (0: any)
   * @param maxBacklog bytes that may wait in the process to be sent
   * @throws the system's error
   */
  static async open(
    at: SocketAddress,
    host: UdpHost,
    addresses: LocalAddresses,
    maxBacklog: number,
  ): Promise<UdpPoint> {
    const family = isIP(at.host) === 6 ? 6 : 4
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6, // `::` is the addresses of its family, not also those of IPv4
      recvBufferSize: receiveBuffer,
      // every address here is a literal: nothing is looked up, and a datagram leaves at once
      lookup: (address, _options, done) => done(null, address, family),
    })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind(at.port, at.host, () => {
          socket.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      socket.close()
      throw error
    }
    return new UdpPoint(socket, host, addresses, maxBacklog)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The flow between this socket and a peer. */
  flow(remote: SocketAddress): Flow {
    return new DatagramFlow(this, remote)
  }

  /** The address by which `remote` reaches this socket. */
  facing(remote: SocketAddress): SocketAddress {
    if (!isWildcard(this.local.host)) return this.local
    return { host: this.#addresses.towards(remote.host), port: this.local.port }
  }

  /**
   * Sends one datagram.
   * @param done called once, later: with an error if it surely did not leave
   */
  send(bytes: Buffer, remote: SocketAddress, done: (error?: TransportError) => void): void {
    const failed = (code: TransportErrorCode, why: string, cause?: Error) =>
      done(new TransportError(code, `udp ${formatAddress(remote)}: ${why}`, cause ? { cause } : {}))
    if (this.#closed) {
      queueMicrotask(() => failed('TRANSPORT_CLOSED', 'the socket is closed'))
    } else if (remote.port === 0) {
      // a Contact or Via may say so; dgram would throw here, into whoever sends
      queueMicrotask(() => failed('TRANSPORT_UNREACHABLE', 'nobody listens on port 0'))
    } else if (this.#socket.getSendQueueSize() > this.#maxBacklog) {
      queueMicrotask(() => failed('TRANSPORT_BACKLOG', 'the network takes no more datagrams'))
    } else {
      this.#socket.send(bytes, remote.port, remote.host, (cause) => {
        if (cause) failed('TRANSPORT_UNREACHABLE', cause.message, cause)
        else done()
      })
    }
  }

  /** Closes the socket. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }
}

/** A UDP socket and one peer. */
export class DatagramFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol = 'udp'
  readonly reliable = false
  readonly secure = false
  readonly remote: SocketAddress
  readonly #point: UdpPoint

  constructor(point: UdpPoint, remote: SocketAddress) {
    this.#point = point
    this.remote = remote
  }

  get local(): SocketAddress {
    return this.#point.facing(this.remote)
  }

  get sentBy(): string {
    return formatAddress(this.local)
  }

  get contact(): string {
    return contactUri('udp', this.sentBy)
  }

  get closed(): boolean {
    return this.#point.closed
  }

  send(bytes: Buffer, onError?: (error: TransportError) => void): void {
    this.#point.send(bytes, this.remote, (error) => {
      if (error) onError?.(error)
    })
  }

  /** Sends to another address of the same peer; see {@link UdpPoint.send}. */
  sendTo(bytes: Buffer, remote: SocketAddress, done: (error?: TransportError) => void): void {
    this.#point.send(bytes, remote, done)
  }
}
