import { type SipMessage } from '../message/message.ts'
import { MessageError } from '../message/parse.ts'
import { StreamFramer } from '../message/stream-framer.ts'
import { ConnectionFlow, type ConnectionFlowHost, type ConnectionFlowStart } from './connection-flow.ts'

const ping = Buffer.from('\r\n\r\n')
const pong = Buffer.from('\r\n')

/** A TCP or TLS connection (RFC 3261 §18; keep-alive: RFC 5626 §3.5.1). */
export class StreamFlow extends ConnectionFlow {
  #pinged = false
  readonly #framer = new StreamFramer()
  readonly #uncork = () => this.socket.uncork()
  readonly #onData = (chunk: Buffer) => this.#received(chunk)

  constructor(start: ConnectionFlowStart, host: ConnectionFlowHost) {
    super(start, host)
    this.socket.on('data', this.#onData)
  }

  /** Sends a keep-alive. From then on two line ends of the peer are its answers to two of them, no keep-alive of its own. */
  override ping(): void {
    this.#pinged = true
    if (this.usable) this.write(ping)
  }

  protected override get backlog(): number {
    return this.socket.writableLength
  }

  protected override put(bytes: Buffer, done?: (cause?: Error | null) => void): void {
    if (this.socket.writableCorked === 0) {
      // what is sent in one turn of the event loop leaves in one system call
      this.socket.cork()
      setImmediate(this.#uncork)
    }
    this.socket.write(bytes, done)
  }

  protected override endWriting(): void {
    this.socket.destroySoon()
  }

  protected override stopReading(): void {
    this.socket.off('data', this.#onData)
  }

  #received(chunk: Buffer): void {
    this.lastActive = this.host.now()
    this.#framer.push(chunk)
    for (;;) {
      const got = this.#next()
      if (got === undefined || this.closed) break
      this.halfSince = undefined // whatever is left over began after this one
      if (got === 'keep-alive') {
        if (!this.#pinged) this.write(pong)
      } else if (got !== 'malformed') {
        this.used = true
        this.host.message(got, this)
      }
    }
    this.halfSince = this.#framer.unfinished ? (this.halfSince ?? this.lastActive) : undefined
  }

  /** The next message, `malformed` for one that was dealt with, or undefined when nothing whole is there. */
  #next(): SipMessage | 'keep-alive' | 'malformed' | undefined {
    if (this.closed) return undefined
    try {
      return this.#framer.next()
    } catch (thrown) {
      if (!(thrown instanceof MessageError)) throw thrown
      this.host.malformed(thrown, this)
      if (!thrown.fatal) return 'malformed'
      this.abandon(thrown.message, thrown)
      return undefined
    }
  }
}
