import { type Clock } from '../../base/clock.ts'
import { type TlsFiles } from './listen-spec.ts'

/** The bounds of a transport layer. Times in ms. */
export interface TransportLimits {
  /** Incoming connections. Beyond it, one of a network that has many makes room, else the oldest that never carried a message. */
  readonly maxConnections: number
  /** A connection that was accepted and carries no whole message for so long is closed; a TLS handshake may take as long. */
  readonly firstMessageTimeout: number
  /** A message that has begun must have come whole after so long, or the connection is closed. */
  readonly halfMessageTimeout: number
  /** A connection on which nothing at all comes or goes for so long is closed. */
  readonly idleTimeout: number
  readonly connectTimeout: number
  /** Bytes that wait for a peer that does not read; beyond it the connection is closed. */
  readonly maxBacklog: number
  /** Time between two keep-alives (CRLF CRLF, RFC 5626 §3.5.1) on a silent connection that we opened; 0: none. */
  readonly keepAlive: number
}

/** The limits where nothing else is given. */
export const defaultLimits: TransportLimits = {
  maxConnections: 4096,
  firstMessageTimeout: 30_000,
  halfMessageTimeout: 10_000,
  idleTimeout: 3_600_000,
  connectTimeout: 4000,
  maxBacklog: 1_048_576,
  keepAlive: 0,
}

/** What a transport layer is made with. */
export interface TransportOptions extends Partial<TransportLimits> {
  /** Measures the limits. */
  readonly clock?: Clock
  /** How this server shows itself when it opens a TLS connection, and which servers it trusts. */
  readonly tlsClient?: TlsClientFiles
}

/** The files of outgoing TLS connections, in PEM. */
export interface TlsClientFiles extends Partial<TlsFiles> {
  /** Certificates that servers' must lead to; the public ones that come with Node where none are named. */
  readonly caFile?: string
}
