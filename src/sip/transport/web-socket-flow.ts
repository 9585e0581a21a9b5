import { isUtf8 } from 'node:buffer'
import { type RawData, WebSocket } from 'ws'
import { type SipMessage } from '../message/message.ts'
import { MessageError, parseMessage } from '../message/parse.ts'
import { ConnectionFlow, type ConnectionFlowHost, type ConnectionFlowStart } from './connection-flow.ts'
import { isKeepAlive } from './keep-alive.ts'

const pong = Buffer.from('\r\n')
/** Length of the CRLF CRLF that is to be answered; a lone CRLF is an answer (RFC 5626 §3.5.1). */
const pingLength = 4
/** Bytes of a client's control frame around its payload: two and the mask (RFC 6455 §5.2). */
const controlHead = 6
const goingAway = 1001

/** A WebSocket connection: one SIP message in each of its messages, text or binary (RFC 7118). */
export class WebSocketFlow extends ConnectionFlow {
  readonly #webSocket: WebSocket
  /** Bytes since the last whole message that are of no control frame: those of a message that has begun. */
  #unfinished = 0
  readonly #onData = (chunk: Buffer) => {
    this.lastActive = this.host.now()
    this.#unfinished += chunk.length
    this.halfSince ??= this.lastActive
  }
  readonly #onMessage = (data: RawData) => this.#received(data as Buffer)
  /** Control frames may stand between the fragments of a message: they neither begin nor end one (RFC 6455 §5.4). */
  readonly #onControl = (payload: Buffer) => {
    this.#unfinished = Math.max(0, this.#unfinished - controlHead - payload.length)
    if (this.#unfinished === 0) this.halfSince = undefined
  }

  /** @param webSocket with binaryType `nodebuffer`; `start.socket` is what it runs over */
  constructor(webSocket: WebSocket, start: ConnectionFlowStart, host: ConnectionFlowHost) {
    super(start, host)
    this.#webSocket = webSocket
    this.socket.prependListener('data', this.#onData)
    webSocket.on('message', this.#onMessage)
    webSocket.on('ping', this.#onControl)
    webSocket.on('pong', this.#onControl)
    // too large, or no WebSocket at all; what the socket reports has been noted before
    webSocket.on('error', (cause) => this.abandon(cause.message, cause))
  }

  override get usable(): boolean {
    return super.usable && this.#webSocket.readyState === WebSocket.OPEN
  }

  override ping(): void {
    if (this.usable) this.#webSocket.ping()
  }

  protected override get backlog(): number {
    return this.#webSocket.bufferedAmount
  }

  /** As text, which every client reads, unless it is none. */
  protected override put(bytes: Buffer, done?: (cause?: Error | null) => void): void {
    this.#webSocket.send(bytes, { binary: !isUtf8(bytes) }, done)
  }

  protected override endWriting(): void {
    this.#webSocket.close(goingAway)
  }

  protected override stopReading(): void {
    this.socket.off('data', this.#onData)
    this.#webSocket.off('message', this.#onMessage)
  }

  #received(bytes: Buffer): void {
    this.#unfinished = 0
    this.halfSince = undefined
    if (isKeepAlive(bytes)) {
      if (bytes.length >= pingLength && this.usable) this.write(pong)
      return
    }
    let message: SipMessage
    try {
      message = parseMessage(bytes)
    } catch (thrown) {
      if (!(thrown instanceof MessageError)) throw thrown
      this.host.malformed(thrown, this) // where the next message begins is clear, whatever this one was
      return
    }
    this.used = true
    this.host.message(message, this)
  }
}
