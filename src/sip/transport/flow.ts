import { type TransportError } from './transport-error.ts'

/** The transports of SIP that this server speaks, in lower case as in a URI's `transport` parameter. */
export type TransportProtocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

/** Those that have connections. */
export type StreamProtocol = Exclude<TransportProtocol, 'udp'>

/** One end of a flow. */
export interface SocketAddress {
  /** IP literal without brackets. */
  readonly host: string
  readonly port: number
}

/**
 * The way between this server and one peer: a TCP, TLS or WebSocket connection, or for UDP the pair of a socket and a peer's address.
 * Two UDP flows of the same ends are interchangeable; they have no life of their own and are closed with their socket.
 */
export interface Flow {
  /** Unique in the process. */
  readonly id: number
  readonly protocol: TransportProtocol
  /** Nothing is retransmitted on a reliable transport (RFC 3261 §17). */
  readonly reliable: boolean
  /** TLS, be it below WebSocket. */
  readonly secure: boolean
  readonly local: SocketAddress
  readonly remote: SocketAddress
  /** `host:port` to write in Via: the listening point's of that protocol where there is one, else the local end's. */
  readonly sentBy: string
  /** URI under which this server is reached over the same transport, e.g. `sip:127.0.0.1:6067;transport=tcp`. */
  readonly contact: string
  readonly closed: boolean
  /**
   * Sends a message, after those that were sent before.
   * @param bytes not to be changed by the caller afterwards
   * @param onError called once, later, if the message surely did not leave
   */
  send(bytes: Buffer, onError?: (error: TransportError) => void): void
}

/** Where a request is to be sent, when names have been resolved. */
export interface Target {
  readonly protocol: TransportProtocol
  /** IP literal without brackets. */
  readonly host: string
  readonly port: number
  /** TLS: the name to ask for (SNI) and to check the certificate against (RFC 5922 §7.2). Without it: the address. */
  readonly serverName?: string
}

const defaultPorts = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 } as const

/** The port of a transport where none is written (RFC 3261 §19.1.2; WebSocket: RFC 6455 §3). */
export function defaultPort(protocol: TransportProtocol): number {
  return defaultPorts[protocol]
}

/** Whether the transport is SIP over WebSocket (RFC 7118). */
export function isWebSocket(protocol: TransportProtocol): protocol is 'ws' | 'wss' {
  return protocol === 'ws' || protocol === 'wss'
}

/** Whether the transport runs over TLS. */
export function isSecure(protocol: TransportProtocol): protocol is 'tls' | 'wss' {
  return protocol === 'tls' || protocol === 'wss'
}

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress(address: SocketAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** The URI under which `protocol` is reached at `hostPort` ({@link formatAddress}). */
export function contactUri(protocol: TransportProtocol, hostPort: string): string {
  return protocol === 'udp' ? `sip:${hostPort}` : `sip:${hostPort};transport=${protocol}`
}

let lastFlowId = 0

/** A new {@link Flow.id}. */
export function nextFlowId(): number {
  return ++lastFlowId
}
