import { CodedError } from '../../base/coded-error.ts'

/** What can go wrong below SIP messages; stable, for logs and metrics. */
export type TransportErrorCode =
  /** A transport URI or a listening point is written wrongly, or cannot be listened on. */
  | 'TRANSPORT_LISTEN'
  /** The peer refused the connection. */
  | 'TRANSPORT_REFUSED'
  /** The peer or a name server did not answer in time. */
  | 'TRANSPORT_TIMEOUT'
  /** There is no way to the peer, or a datagram could not be sent. */
  | 'TRANSPORT_UNREACHABLE'
  /** TLS was not agreed on: certificate, version or handshake. */
  | 'TRANSPORT_TLS'
  /** The flow was closed before or while something was sent on it. */
  | 'TRANSPORT_CLOSED'
  /** The peer does not read what is sent to it. */
  | 'TRANSPORT_BACKLOG'
  /** The peer sends nothing, or a message that never ends. */
  | 'TRANSPORT_IDLE'
  /** More connections than this server takes. */
  | 'TRANSPORT_LIMIT'
  /** What came is no SIP, and where the next message begins cannot be known. */
  | 'TRANSPORT_FRAMING'
  /** A host name that leads nowhere. */
  | 'TRANSPORT_RESOLVE'

/**
 * A failure of a transport. `status` is 503 (RFC 3261 §8.1.3.1: a transport error counts as one), or 504 where a peer or
 * a name server did not answer in time.
 */
export class TransportError extends CodedError {
  declare readonly code: TransportErrorCode

  constructor(code: TransportErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, status: code === 'TRANSPORT_TIMEOUT' ? 504 : 503 })
  }
}

/** The system's error code, such as `ECONNREFUSED`, or the empty string. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The text of something that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
