import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { type WebSocket } from 'ws'
import { systemClock, type Clock } from '../../base/clock.ts'
import { TypedEmitter } from '../../base/typed-emitter.ts'
import { HeaderError } from '../message/header-error.ts'
import { newTag } from '../message/identifiers.ts'
import { createResponse, type SipMessage, type SipResponse } from '../message/message.ts'
import { MessageError, parseMessage, serialize } from '../message/parse.ts'
import { parseVia } from '../message/via.ts'
import { Admission } from './admission.ts'
import { connectStream } from './connect.ts'
import { ConnectionFlow, type ConnectionFlowHost } from './connection-flow.ts'
import { Connections, targetKey } from './connections.ts'
import {
  formatAddress,
  isWebSocket,
  type Flow,
  type SocketAddress,
  type StreamProtocol,
  type Target,
  type TransportProtocol,
} from './flow.ts'
import { type ListenSpec } from './listen-spec.ts'
import { listenError, unknownHostError } from './listen-error.ts'
import { isLoopback, isWildcard, LocalAddresses, sourceAddress } from './local-addresses.ts'
import { ownAddress } from './own-address.ts'
import { datagramDestination, dropUnreadableParameters, reopenTarget, stampReceived } from './received.ts'
import { StreamFlow } from './stream-flow.ts'
import { StreamPoint, type StreamPointHost } from './stream-point.ts'
import { readTlsFiles, type TlsMaterial } from './tls-context.ts'
import { TransportError } from './transport-error.ts'
import { type TransportEvents } from './transport-events.ts'
import { defaultLimits, type TransportLimits, type TransportOptions } from './transport-options.ts'
import { DatagramFlow, UdpPoint, type UdpHost } from './udp-point.ts'
import { WebSocketFlow } from './web-socket-flow.ts'

/**
 * All sockets of SIP: listens, connects, and carries messages to and from peers (RFC 3261 §18). What goes wrong on one flow
 * stays there: it is told by an event, by the error of the call that caused it, or by `onFlowClosed`, and never thrown.
 */
export class TransportLayer {
  readonly events = new TypedEmitter<TransportEvents>()
  /** Takes each message that came; requests have `received` and `rport` in their top Via (RFC 3261 §18.2.1, RFC 3581). */
  onMessage: (message: SipMessage, flow: Flow) => void = () => undefined
  /** Told once for each connection that has closed, whoever closed it. */
  onFlowClosed: (flow: Flow) => void = () => undefined
  /** Receives what `onMessage` and `onFlowClosed` throw. The default rethrows it outside of the flow, where the process sees it. */
  onHandlerError: (error: unknown) => void = (error) => {
    queueMicrotask(() => {
      throw error
    })
  }

  readonly #clock: Clock
  readonly #limits: TransportLimits
  readonly #options: TransportOptions
  readonly #admission: Admission
  readonly #connections: Connections
  readonly #addresses = new LocalAddresses()
  readonly #streamPoints: StreamPoint[] = []
  readonly #udpPoints: UdpPoint[] = []
  /** Sockets for UDP where we listen on none that will do, by the own address that faces the peer. */
  readonly #udpClients = new Map<string, Promise<UdpPoint>>()
  /** Connections being opened, by {@link targetKey}. */
  readonly #opening = new Map<string, Promise<ConnectionFlow>>()
  readonly #attempts = new Set<Socket>()
  /** Every stream socket, from its opening to its very end. */
  readonly #sockets = new Set<Socket>()
  /** Incoming connections without a message yet, and the socket by which {@link Admission} knows them. */
  readonly #unsettled = new WeakMap<ConnectionFlow, Socket>()
  #tlsClient: Promise<TlsMaterial> | undefined
  #closed = false

  constructor(options: TransportOptions = {}) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options }
    this.#clock = options.clock ?? systemClock
    this.#admission = new Admission(this.#limits.maxConnections)
    this.#connections = new Connections(this.#clock, this.#limits)
  }

  /** What there is, for tests and metrics. */
  counts(): { connections: number; incoming: number; opening: number } {
    return { connections: this.#connections.size, incoming: this.#admission.size, opening: this.#opening.size }
  }

  /**
   * Listens on one point, and on its host only.
   * @returns the address, with the real port
   * @throws TransportError `TRANSPORT_LISTEN` or `TRANSPORT_TLS`, which says what to write instead
   */
  async listen(spec: ListenSpec): Promise<SocketAddress> {
    this.#checkOpen()
    const host = await resolveHost(spec)
    const at = { host, port: spec.port }
    if (isWildcard(host)) await this.#addresses.learnDefault(isIP(host) === 6 ? 6 : 4)
    try {
      const point = await this.#listenOn(spec, at)
      const { local } = point
      if (this.#closed) {
        await point.close()
        throw closing()
      }
      this.events.emit('listening', spec.protocol, local)
      return local
    } catch (cause) {
      throw listenError(spec, at, cause)
    }
  }

  /**
   * A flow to a target: the open connection where there is one, or a new one, which all who ask meanwhile share. WebSocket
   * connections are opened by clients only.
   * @throws TransportError `TRANSPORT_REFUSED`, `_TIMEOUT`, `_UNREACHABLE`, `_TLS`, `_CLOSED`
   */
  async flowTo(target: Target): Promise<Flow> {
    this.#checkOpen()
    if (target.protocol === 'udp') {
      const point = await this.#udpPointTowards(target.host)
      return point.flow({ host: target.host, port: target.port })
    }
    const open = this.#connections.find(target)
    if (open !== undefined) return open
    if (isWebSocket(target.protocol)) throw notConnected(target)
    const key = targetKey(target)
    const opening = this.#opening.get(key) ?? this.#connect(target).finally(() => this.#opening.delete(key))
    this.#opening.set(key, opening)
    return opening
  }

  /**
   * The live flow of exactly these ends, as a flow token names them (RFC 5626 §5.2); nothing is opened for it.
   * @param local for UDP the address of a socket that listens, as the peer sees it
   * @returns undefined when the connection has gone, or nothing listens there
   */
  existing(protocol: TransportProtocol, local: SocketAddress, remote: SocketAddress): Flow | undefined {
    if (protocol !== 'udp') return this.#connections.between(protocol, local, remote)
    const point = this.#udpPoints.find((one) => {
      if (one.closed || one.local.port !== local.port || isIP(one.local.host) !== isIP(remote.host)) return false
      return one.facing(remote).host === local.host
    })
    return point?.flow(remote)
  }

  /**
   * Sends a response to where its request came from (RFC 3261 §18.2.2, RFC 3581): on the same connection, or on a new one to
   * sent-by where that has gone, unless it was a WebSocket; by UDP from the same socket.
   * @param response its top Via is the request's, as `onMessage` gave it
   * @param flow the request's
   * @throws TransportError when it surely did not leave; HeaderError when it cannot be written, or has no Via
   */
  async respond(response: SipResponse, flow: Flow): Promise<void> {
    const bytes = serialize(response)
    if (flow instanceof DatagramFlow) {
      const destination = datagramDestination(topVia(response), flow)
      await new Promise<void>((resolve, reject) => {
        flow.sendTo(bytes, destination, (error) => (error ? reject(error) : resolve()))
      })
    } else if (flow instanceof ConnectionFlow && !flow.usable) {
      if (isWebSocket(flow.protocol)) throw new TransportError('TRANSPORT_CLOSED', `${flow.describe()} is closed`)
      const reopened = await this.flowTo(reopenTarget(topVia(response), flow))
      reopened.send(bytes)
    } else {
      flow.send(bytes)
    }
  }

  /** Closes every socket; what is being written to peers that read leaves first. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const socket of this.#attempts) socket.destroy(closing())
    for (const flow of this.#connections.flows()) flow.finish()
    const clients = await Promise.allSettled(this.#udpClients.values())
    const udp = [...this.#udpPoints, ...clients.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))]
    await Promise.all([
      ...this.#streamPoints.map((point) => point.close()),
      ...udp.map((point) => point.close()),
      ...[...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
    ])
  }

  #listenOn(spec: ListenSpec, at: SocketAddress): Promise<UdpPoint | StreamPoint> {
    const { protocol } = spec
    return protocol === 'udp' ? this.#listenUdp(at) : this.#listenStream({ ...spec, protocol }, at.host)
  }

  async #listenUdp(at: SocketAddress): Promise<UdpPoint> {
    const point = await this.#openUdp(at)
    this.#udpPoints.push(point)
    return point
  }

  async #listenStream(spec: ListenSpec & { readonly protocol: StreamProtocol }, address: string): Promise<StreamPoint> {
    const timeout = this.#limits.firstMessageTimeout
    const point = await StreamPoint.open(spec, address, timeout, this.#admission, this.#pointHost)
    this.#streamPoints.push(point)
    return point
  }

  #openUdp(at: SocketAddress): Promise<UdpPoint> {
    return UdpPoint.open(at, this.#udpHost, this.#addresses, this.#limits.maxBacklog)
  }

  /** The socket to send to a peer from: one that we listen on, unless it is loopback's and the peer is not. */
  async #udpPointTowards(host: string): Promise<UdpPoint> {
    const family = isIP(host)
    const fits = ({ local }: UdpPoint) => isIP(local.host) === family && (!isLoopback(local.host) || isLoopback(host))
    const listening = this.#udpPoints.find(fits)
    if (listening !== undefined) return listening
    const source = await sourceAddress(host)
    this.#checkOpen()
    const known = this.#udpClients.get(source)
    if (known !== undefined) return known
    const opening = this.#openUdp({ host: source, port: 0 })
    this.#udpClients.set(source, opening)
    opening.catch(() => this.#udpClients.delete(source))
    return opening
  }

  async #connect(target: Target): Promise<ConnectionFlow> {
    const tls = target.protocol === 'tls' ? await this.#tlsMaterial() : noTls
    this.#checkOpen()
    const socket = await connectStream(target, tls, this.#limits.connectTimeout, this.#attempts)
    if (this.#closed) {
      socket.destroy()
      throw closing()
    }
    const protocol = target.protocol === 'tls' ? 'tls' : 'tcp'
    const flow = this.#open(socket, { host: target.host, port: target.port }, protocol)
    this.#connections.add(flow, target)
    this.events.emit('flowOpened', flow)
    return flow
  }

  /** Read once, when first needed; after a failure again, since the operator may have put the files right. */
  #tlsMaterial(): Promise<TlsMaterial> {
    this.#tlsClient ??= readTlsFiles(this.#options.tlsClient ?? {})
    this.#tlsClient.catch(() => (this.#tlsClient = undefined))
    return this.#tlsClient
  }

  #open(
    socket: Socket,
    remote: SocketAddress,
    protocol: StreamProtocol,
    point?: StreamPoint,
    webSocket?: WebSocket,
  ): ConnectionFlow {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    const own = ownAddress(protocol, local, point ? [point] : this.#streamPoints)
    const { maxBacklog } = this.#limits
    const start = { socket, protocol, remote, local, ...own, incoming: point !== undefined, maxBacklog } as const
    return webSocket === undefined
      ? new StreamFlow(start, this.#flowHost)
      : new WebSocketFlow(webSocket, start, this.#flowHost)
  }

  readonly #pointHost: StreamPointHost = {
    connected: (socket, raw, point, webSocket) => {
      const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
      const flow = this.#open(socket, remote, point.protocol, point, webSocket)
      this.#unsettled.set(flow, raw)
      this.#connections.add(flow)
      this.events.emit('flowOpened', flow)
      if (this.#closed) flow.destroy()
    },
    refused: (remote, error) => this.events.emit('refused', remote, error),
    socketError: (local, error) => this.events.emit('socketError', local, error),
  }

  readonly #flowHost: ConnectionFlowHost = {
    now: () => this.#clock.now(),
    message: (message, flow) => {
      const raw = this.#unsettled.get(flow)
      if (raw !== undefined) {
        this.#admission.settle(raw)
        this.#unsettled.delete(flow)
      }
      this.#received(message, flow)
    },
    malformed: (error, flow) => this.#malformed(error, flow),
    closed: (flow, error) => {
      this.#connections.remove(flow)
      this.events.emit('flowClosed', flow, error)
      this.#guard(() => this.onFlowClosed(flow))
    },
  }

  readonly #udpHost: UdpHost = {
    datagram: (bytes, flow) => {
      let message: SipMessage
      try {
        message = parseMessage(bytes)
      } catch (error) {
        if (!(error instanceof MessageError)) throw error
        this.#malformed(error, flow)
        return
      }
      this.#received(message, flow)
    },
    socketError: (local, error) => this.events.emit('socketError', local, error),
  }

  #received(message: SipMessage, flow: Flow): void {
    if (message.kind === 'request') stampReceived(message.headers, flow.remote)
    this.#guard(() => this.onMessage(message, flow))
  }

  #malformed(error: MessageError, flow: Flow): void {
    this.events.emit('malformed', flow, error)
    const { request } = error
    if (request === undefined) return
    try {
      dropUnreadableParameters(request.headers)
      stampReceived(request.headers, flow.remote)
      const response = createResponse(request, error.status, { toTag: newTag() })
      this.respond(response, flow).catch((failed: unknown) => this.#notAnswered(failed, flow))
    } catch (failed) {
      this.#notAnswered(failed, flow)
    }
  }

  /** A malformed request without a Via to answer to is dropped, as the event has told; so is one whose sender has gone. */
  #notAnswered(error: unknown, flow: Flow): void {
    if (error instanceof HeaderError) return
    if (error instanceof TransportError) this.events.emit('socketError', flow.local, error)
    else this.onHandlerError(error)
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.onHandlerError(error)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw closing()
  }
}

const noTls: TlsMaterial = { minVersion: 'TLSv1.2' }

async function resolveHost(spec: ListenSpec): Promise<string> {
  if (isIP(spec.host) !== 0) return spec.host
  try {
    // of several addresses the first, IPv4 before IPv6: `localhost` is 127.0.0.1
    return (await lookup(spec.host, { order: 'ipv4first' })).address
  } catch (cause) {
    throw unknownHostError(spec, cause)
  }
}

function topVia(response: SipResponse) {
  return parseVia(response.headers.values('Via')[0] ?? '')
}

function notConnected(target: Target): TransportError {
  const what = `${target.protocol} ${formatAddress(target)}: no such connection is open, and only clients open them`
  return new TransportError('TRANSPORT_UNREACHABLE', what)
}

function closing(): TransportError {
  return new TransportError('TRANSPORT_CLOSED', 'this server is closing its sockets')
}
