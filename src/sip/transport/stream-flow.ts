import { type Socket } from 'node:net'
import { MessageError } from '../message/parse.ts'
import { type SipMessage } from '../message/message.ts'
import { StreamFramer } from '../message/stream-framer.ts'
import { formatAddress, nextFlowId, type Flow, type SocketAddress } from './flow.ts'
import { errorText, TransportError } from './transport-error.ts'

/** What a connection tells its transport layer. None of it throws. */
export interface StreamFlowHost {
  /** Milliseconds on a monotonic clock. */
  now(): number
  message(message: SipMessage, flow: StreamFlow): void
  /** The flow goes on when it returns, unless `error.fatal`. */
  malformed(error: MessageError, flow: StreamFlow): void
  closed(flow: StreamFlow, error: TransportError | undefined): void
}

/** What is known of a connection when it is open. */
export interface StreamFlowStart {
  readonly socket: Socket
  readonly protocol: 'tcp' | 'tls'
  readonly remote: SocketAddress
  readonly local: SocketAddress
  readonly sentBy: string
  readonly contact: string
  /** Whether the peer opened it. */
  readonly incoming: boolean
  /** Bytes that may wait to be written. */
  readonly maxBacklog: number
}

const ping = Buffer.from('\r\n\r\n')
/** How long, in ms, the last bytes of a connection may take to leave. */
const linger = 500
const pong = Buffer.from('\r\n')

/** A TCP or TLS connection (RFC 3261 §18; keep-alive: RFC 5626 §3.5.1). */
export class StreamFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol: 'tcp' | 'tls'
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
  #pinged = false
  #error: TransportError | undefined
  readonly #framer = new StreamFramer()
  readonly #maxBacklog: number
  readonly #host: StreamFlowHost
  readonly #onData = (chunk: Buffer) => this.#received(chunk)

  constructor(start: StreamFlowStart, host: StreamFlowHost) {
    this.protocol = start.protocol
    this.secure = start.protocol === 'tls'
    this.local = start.local
    this.remote = start.remote
    this.sentBy = start.sentBy
    this.contact = start.contact
    this.incoming = start.incoming
    this.socket = start.socket
    this.#maxBacklog = start.maxBacklog
    this.#host = host
    this.openedAt = this.lastActive = host.now()
    this.socket.setNoDelay(true)
    this.socket.setKeepAlive(true, 60_000) // a peer that lost its power is noticed by the kernel
    this.socket.on('data', this.#onData)
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
    this.#write(bytes, onError)
  }

  /** Sends a keep-alive. From then on two line ends of the peer are its answers to two of them, no keep-alive of its own. */
  ping(): void {
    this.#pinged = true
    if (this.usable) this.#write(ping)
  }

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
    this.socket.destroySoon()
  }

  #write(bytes: Buffer, onError?: (error: TransportError) => void): void {
    this.lastActive = this.#host.now()
    if (onError === undefined) this.socket.write(bytes)
    else {
      this.socket.write(bytes, (cause) => {
        if (!cause) return
        onError(
          this.#error ?? new TransportError('TRANSPORT_CLOSED', `${this.describe()}: ${cause.message}`, { cause }),
        )
      })
    }
    if (this.socket.writableLength <= this.#maxBacklog) return
    const waiting = this.socket.writableLength
    this.destroy(
      new TransportError('TRANSPORT_BACKLOG', `${this.describe()} does not read: ${waiting} bytes wait for it; closed`),
    )
  }

  #received(chunk: Buffer): void {
    this.lastActive = this.#host.now()
    this.#framer.push(chunk)
    for (;;) {
      const got = this.#next()
      if (got === undefined || this.#closed) break
      this.halfSince = undefined // whatever is left over began after this one
      if (got === 'keep-alive') {
        if (!this.#pinged) this.#write(pong)
      } else if (got !== 'malformed') {
        this.used = true
        this.#host.message(got, this)
      }
    }
    this.halfSince = this.#framer.unfinished ? (this.halfSince ?? this.lastActive) : undefined
  }

  /** The next message, `malformed` for one that was dealt with, or undefined when nothing whole is there. */
  #next(): SipMessage | 'keep-alive' | 'malformed' | undefined {
    if (this.#closed) return undefined
    try {
      return this.#framer.next()
    } catch (thrown) {
      if (!(thrown instanceof MessageError)) throw thrown
      this.#host.malformed(thrown, this)
      if (!thrown.fatal) return 'malformed'
      this.#error ??= new TransportError('TRANSPORT_FRAMING', `${this.describe()}: ${thrown.message}`, {
        cause: thrown,
      })
      this.finish() // not at once: the 400 may still be on its way
      this.#end()
      return undefined
    }
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.halfSince = undefined
    this.socket.off('data', this.#onData)
    this.socket.resume() // so that the end of what is no longer read is seen
    this.#host.closed(this, this.#error)
  }
}
