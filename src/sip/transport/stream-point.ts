import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { type WebSocket } from 'ws'
import { type Admission } from './admission.ts'
import { formatAddress, isSecure, isWebSocket, type SocketAddress, type StreamProtocol } from './flow.ts'
import { readTlsFiles } from './tls-context.ts'
import { TransportError, errorText } from './transport-error.ts'
import { type ListenSpec } from './listen-spec.ts'
import { serveUpgrades } from './web-socket-upgrade.ts'

/** What a listening socket for connections tells its transport layer. */
export interface StreamPointHost {
  /**
   * A connection is open, its handshakes done.
   * @param raw the socket below TLS, by which {@link Admission} knows it; else the same
   * @param webSocket what runs over the socket, if the point is one of WebSocket
   */
  connected(socket: Socket | TLSSocket, raw: Socket, point: StreamPoint, webSocket?: WebSocket): void
  /** A connection was not taken. */
  refused(remote: SocketAddress, error: TransportError): void
  /** The listening socket had trouble, such as no file descriptor left, and lives on. */
  socketError(local: SocketAddress, error: TransportError): void
}

/** A listening socket for TCP, TLS or WebSocket connections. */
export class StreamPoint {
  readonly protocol: StreamProtocol
  /** The address that it is bound to, which may be a wildcard. */
  readonly local: SocketAddress
  /** The host as the operator wrote it: an address, or the name that a TLS certificate is for. */
  readonly writtenHost: string
  readonly #server: Server
  readonly #admission: Admission
  readonly #host: StreamPointHost
  readonly #handshakeTimeout: number
  /** TLS handshakes and WebSocket upgrades under way, by the peer's address. */
  readonly #handshakes = new Map<string, Socket>()

  private constructor(
    spec: ListenSpec & { readonly protocol: StreamProtocol },
    server: Server,
    handshakeTimeout: number,
    admission: Admission,
    host: StreamPointHost,
  ) {
    this.protocol = spec.protocol
    this.writtenHost = spec.host
    this.local = boundAddress(server)
    this.#server = server
    this.#admission = admission
    this.#host = host
    this.#handshakeTimeout = handshakeTimeout
    server.on('connection', (raw: Socket) => this.#accepted(raw))
    server.on('error', (cause) => {
      const error = new TransportError('TRANSPORT_LIMIT', `${this.#describe()}: ${cause.message}`, { cause })
      host.socketError(this.local, error)
    })
    if (isSecure(this.protocol)) this.#serveTls()
    if (server instanceof HttpServer || server instanceof HttpsServer) this.#serveWebSockets(server)
  }

  /**
   * Listens.
   * @param spec with a port, and files for TLS
   * @param address the host, resolved
   * @param handshakeTimeout ms
   * @throws the system's error, or TransportError for the TLS files
   */
  static async open(
    spec: ListenSpec & { readonly protocol: StreamProtocol },
    address: string,
    handshakeTimeout: number,
    admission: Admission,
    host: StreamPointHost,
  ): Promise<StreamPoint> {
    const server = await createFor(spec, handshakeTimeout)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // ipv6Only: `::` is the addresses of its family, not also those of IPv4
      server.listen({ host: address, port: spec.port, ipv6Only: true, backlog: 1024 }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return new StreamPoint(spec, server, handshakeTimeout, admission, host)
  }

  /** Stops to listen; the connections stay, those still in a handshake go. */
  async close(): Promise<void> {
    for (const raw of this.#handshakes.values()) raw.destroy()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #serveTls(): void {
    if (this.protocol === 'tls') this.#server.on('secureConnection', (socket: TLSSocket) => this.#connected(socket))
    // before HTTPS destroys it, which takes its address away
    this.#server.prependListener('tlsClientError', (cause: Error, socket: TLSSocket) => {
      const remote = peerOf(socket)
      socket.destroy()
      if (remote === undefined) return // the peer just left, or the limit made it leave
      const error = new TransportError('TRANSPORT_TLS', `${this.protocol} ${formatAddress(remote)}: ${cause.message}`, {
        cause,
      })
      this.#host.refused(remote, error)
    })
  }

  #serveWebSockets(server: HttpServer | HttpsServer): void {
    // ours counts from the connection on, TLS included
    server.headersTimeout = server.requestTimeout = 0
    serveUpgrades(server, {
      upgraded: (webSocket, socket) => this.#connected(socket, webSocket),
      refused: (socket, why) => {
        const remote = peerOf(socket)
        if (remote === undefined) return
        const what = `${this.protocol} ${formatAddress(remote)}: ${why}`
        this.#host.refused(remote, new TransportError('TRANSPORT_FRAMING', what))
      },
    })
  }

  /** The last handshake of a connection is done. */
  #connected(socket: Socket | TLSSocket, webSocket?: WebSocket): void {
    const raw = this.#handshakes.get(peerKey(socket))
    this.#handshakes.delete(peerKey(socket))
    if (raw === undefined) socket.destroy()
    else this.#host.connected(socket, raw, this, webSocket)
  }

  /** Ends a connection that is not upgraded in time; what TLS takes of it has its own limit, which tells more. */
  #limitUpgrade(raw: Socket, key: string): void {
    const timer = setTimeout(() => {
      if (this.#handshakes.get(key) === raw) raw.destroy()
    }, this.#handshakeTimeout)
    raw.once('close', () => clearTimeout(timer))
  }

  #accepted(raw: Socket): void {
    const remote = peerOf(raw)
    if (remote === undefined) {
      raw.destroy() // gone before it was looked at
      return
    }
    if (!this.#admission.enter(raw)) {
      raw.destroy()
      const error = new TransportError('TRANSPORT_LIMIT', `${this.#describe()}: no room for ${formatAddress(remote)}`)
      this.#host.refused(remote, error)
    } else if (this.protocol === 'tcp') {
      this.#host.connected(raw, raw, this)
    } else {
      const key = peerKey(raw)
      this.#handshakes.set(key, raw)
      if (isWebSocket(this.protocol)) this.#limitUpgrade(raw, key)
      raw.once('close', () => {
        if (this.#handshakes.get(key) === raw) this.#handshakes.delete(key)
      })
    }
  }

  #describe(): string {
    return `${this.protocol} ${formatAddress(this.local)}`
  }
}

async function createFor(spec: ListenSpec, handshakeTimeout: number): Promise<Server> {
  if (isSecure(spec.protocol)) return tlsServer(spec, handshakeTimeout)
  return spec.protocol === 'ws' ? createHttpServer({ noDelay: true }) : createServer({ noDelay: true })
}

async function tlsServer(spec: ListenSpec, handshakeTimeout: number): Promise<Server> {
  if (spec.tls === undefined) {
    throw new TransportError('TRANSPORT_TLS', 'to listen on TLS, a certificate file and a key file are needed')
  }
  const material = await readTlsFiles(spec.tls)
  try {
    // a client without a certificate, or with one that leads nowhere, is served: what it may do is not decided here
    const options = {
      ...material,
      requestCert: material.ca !== undefined,
      rejectUnauthorized: false,
      handshakeTimeout,
    }
    return spec.protocol === 'wss' ? createHttpsServer(options) : createTlsServer(options)
  } catch (cause) {
    const files = `${spec.tls.certFile} and ${spec.tls.keyFile}`
    throw new TransportError('TRANSPORT_TLS', `${files} are no certificate and its key: ${errorText(cause)}`, { cause })
  }
}

function boundAddress(server: Server): SocketAddress {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not a listening IP socket')
  return { host: address.address, port: address.port }
}

function peerOf(socket: Socket): SocketAddress | undefined {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined || remotePort === undefined ? undefined : { host: remoteAddress, port: remotePort }
}

function peerKey(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`
}
