import { type Socket } from 'node:net'
import { type MessageError } from '../message/parse.ts'
import { type SipMessage } from '../message/message.ts'
import { formatAddress, isSecure, nextFlowId, type Flow, type SocketAddress, type StreamProtocol } from './flow.ts'
import { errorText, TransportError } from './transport-error.ts'

/** What a connection tells its transport layer. None of it throws. */
export interface ConnectionFlowHost {
  /** Milliseconds on a monotonic clock. */
  now(): number
  message(message: SipMessage, flow: ConnectionFlow): void
  /** The flow goes on when it returns, unless `error.fatal`. */
  malformed(error: MessageError, flow: ConnectionFlow): void
  closed(flow: ConnectionFlow, error: TransportError | undefined): void
}

/** What is known of a connection when it is open. */
export interface ConnectionFlowStart {
  readonly socket: Socket
  readonly protocol: StreamProtocol
  readonly remote: SocketAddress
  readonly local: SocketAddress
  readonly sentBy: string
  readonly contact: string
  /** Whether the peer opened it. */
  readonly incoming: boolean
  /** Bytes that may wait to be written. */
  readonly maxBacklog: number
}

/** How long, in ms, the last bytes of a connection may take to leave. */
const linger = 500

/** A connection that carries SIP (RFC 3261 §18). How messages lie in it is its subclasses' business. */
export abstract class ConnectionFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol: StreamProtocol
  readonly reliable = true
  readonly secure: boolean
  readonly local: SocketAddress
  readonly remote: SocketAddress
  readonly sentBy: string
  readonly contact: string
  readonly incoming: boolean
  readonly socket: Socket
  /** Whether a whole message has come: a connection on which nothing sensible comes gets less patience. */
  used = false
  /** When it was opened, on the host's clock, in ms. */
  readonly openedAt: number
  /** When bytes last came or went. */
  lastActive: number
  /** When the message began that has not come whole yet. */
  halfSince: number | undefined
  #closed = false
  #error: TransportError | undefined
  readonly #maxBacklog: number
  protected readonly host: ConnectionFlowHost

  constructor(start: ConnectionFlowStart, host: ConnectionFlowHost) {
    this.protocol = start.protocol
    this.secure = isSecure(start.protocol)
    this.local = start.local
    this.remote = start.remote
    this.sentBy = start.sentBy
    this.contact = start.contact
    this.incoming = start.incoming
    this.socket = start.socket
    this.#maxBacklog = start.maxBacklog
    this.host = host
    this.openedAt = this.lastActive = host.now()
    this.socket.setNoDelay(true)
    this.socket.setKeepAlive(true, 60_000) // a peer that lost its power is noticed by the kernel
    this.socket.on('error', (cause) => {
      this.#error ??= new TransportError('TRANSPORT_CLOSED', `${this.describe()}: ${errorText(cause)}`, { cause })
    })
    this.socket.once('close', () => this.#end())
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether something can still be sent on it: a connection that the peer has ended is not closed yet. */
  get usable(): boolean {
    return !this.#closed && this.socket.writable
  }

  /** `tcp 127.0.0.1:5060`, for messages. */
  describe(): string {
    return `${this.protocol} ${formatAddress(this.remote)}`
  }

  send(bytes: Buffer, onError?: (error: TransportError) => void): void {
    if (!this.usable) {
      const error = this.#error ?? new TransportError('TRANSPORT_CLOSED', `${this.describe()} is closed`)
      if (onError) queueMicrotask(() => onError(error))
      return
    }
    this.write(bytes, onError)
  }

  /** Sends a keep-alive, which the peer answers. */
  abstract ping(): void

  /**
   * Closes at once; what waits to be written is lost.
   * @param error why, unless it is in good order
   */
  destroy(error?: TransportError): void {
    this.#error ??= error
    this.socket.destroy()
    this.#end()
  }

  /** Closes in good order: what waits to be written goes first, if the peer takes it soon. */
  finish(): void {
    const late = setTimeout(() => this.socket.destroy(), linger)
    this.socket.once('close', () => clearTimeout(late))
    this.endWriting()
  }

  /** Bytes that wait for the peer to read. */
  protected abstract get backlog(): number

  /** Hands bytes to the wire. @param done called once it has them, or with the reason why it never will */
  protected abstract put(bytes: Buffer, done?: (cause?: Error | null) => void): void

  /** Ends the connection behind what waits to be written. */
  protected abstract endWriting(): void

  /** Reads no more: the flow has closed, its socket perhaps not yet. */
  protected abstract stopReading(): void

  /** Ends the flow now, its socket when what was answered has left. */
  protected abandon(why: string, cause: Error): void {
    this.#error ??= new TransportError('TRANSPORT_FRAMING', `${this.describe()}: ${why}`, { cause })
    this.finish() // not at once: the 400 may still be on its way
    this.#end()
  }

  protected write(bytes: Buffer, onError?: (error: TransportError) => void): void {
    this.lastActive = this.host.now()
    if (onError === undefined) this.put(bytes)
    else {
      this.put(bytes, (cause) => {
        if (!cause) return
        onError(
          this.#error ?? new TransportError('TRANSPORT_CLOSED', `${this.describe()}: ${cause.message}`, { cause }),
        )
      })
    }
    const waiting = this.backlog
    if (waiting <= this.#maxBacklog) return
    this.destroy(
      new TransportError('TRANSPORT_BACKLOG', `${this.describe()} does not read: ${waiting} bytes wait for it; closed`),
    )
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.halfSince = undefined
    this.stopReading()
    this.socket.resume() // so that the end of what is no longer read is seen
    this.host.closed(this, this.#error)
  }
}
