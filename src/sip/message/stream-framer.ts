import { contentLength, type Fault, type Head, readHead } from './head.ts'
import { defaultLimits, type MessageLimits } from './limits.ts'
import { type SipMessage } from './message.ts'
import { assemble, bodyTooLarge, headTooLarge, type MessageError, refusal } from './parse.ts'

const CR = 0x0d
const LF = 0x0a
const nothing = Buffer.alloc(0)

/**
 * Cuts a byte stream into messages (RFC 3261 §18.3). Holds at most one head and body of the limits' size, plus the chunk
 * that was pushed last, and nothing between messages.
 */
export class StreamFramer {
  readonly #limits: MessageLimits
  #bytes: Buffer = nothing
  /** The unread part of #bytes. */
  #start = 0
  #end = 0
  /** Whether #bytes is our own, so that it may be written to behind #end. */
  #own = false
  /** Up to where the blank line has been looked for. */
  #scanned = 0
  /** A head whose body has not come yet. */
  #head: Head | undefined
  #bodyLength = 0
  #failed = false

  constructor(limits: MessageLimits = defaultLimits) {
    this.#limits = limits
  }

  /** Bytes that have come and belong to no message yet. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /** Whether a message has begun that has not come whole. Line ends between messages begin none. */
  get unfinished(): boolean {
    const first = this.#bytes[this.#start]
    return this.#head !== undefined || (this.pendingBytes > 0 && first !== CR && first !== LF)
  }

  /**
   * Adds bytes as they came. Call `next` until it has nothing more before pushing again: that bounds what is held.
   * @param chunk - must not be changed afterwards
   */
  push(chunk: Buffer): void {
    if (this.#failed || chunk.length === 0) return
    if (this.#start === this.#end) {
      this.#bytes = chunk
      this.#start = this.#scanned = 0
      this.#end = chunk.length
      this.#own = false
      return
    }
    this.#makeRoom(chunk.length)
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next message, or what else has come.
   * @returns `keep-alive` for a CRLF CRLF between messages, which is to be answered with CRLF (RFC 5626 §4.4.1); undefined
   *   when more bytes are needed
   * @throws MessageError; unless it is `fatal`, the message was skipped and `next` may be called again. After a fatal one
   *   the framer takes and gives nothing any more.
   */
  next(): SipMessage | 'keep-alive' | undefined {
    if (this.#failed) return undefined
    if (this.#head === undefined) {
      if (this.#takeLineEnds()) return 'keep-alive'
      this.#takeHead()
    }
    const head = this.#head
    if (head === undefined || this.pendingBytes < this.#bodyLength) return undefined
    const bodyEnd = this.#start + this.#bodyLength
    // a copy: a body may be kept for as long as its call, and must not keep the socket's whole buffer
    const body = this.#bodyLength === 0 ? nothing : Buffer.from(this.#bytes.subarray(this.#start, bodyEnd))
    this.#head = undefined
    this.#consume(bodyEnd)
    return assemble(head, body)
  }

  /**
   * Takes line ends between messages away. What may be the beginning of a CRLF CRLF stays.
   * @returns whether there was one
   */
  #takeLineEnds(): boolean {
    const bytes = this.#bytes
    while (this.#start < this.#end) {
      const first = bytes[this.#start]
      if (first !== CR && first !== LF) return false
      if (first === LF) {
        this.#consume(this.#start + 1)
        continue
      }
      const have = Math.min(4, this.pendingBytes)
      if (have > 1 && bytes[this.#start + 1] !== LF) this.#consume(this.#start + 1)
      else if (have > 2 && bytes[this.#start + 2] !== CR) this.#consume(this.#start + 2)
      else if (have > 3 && bytes[this.#start + 3] !== LF) this.#consume(this.#start + 3)
      else if (have < 4) return false
      else {
        this.#consume(this.#start + 4)
        return true
      }
    }
    return false
  }

  #takeHead(): void {
    const headEnd = this.#findHeadEnd()
    if ((headEnd ?? this.#end) - this.#start > this.#limits.headBytes) throw this.#fail(headTooLarge(this.#limits))
    if (headEnd === undefined) return
    const head = readHead(this.#bytes.toString('latin1', this.#start, headEnd), this.#limits)
    this.#consume(headEnd)
    const length = this.#bodyLengthOf(head)
    if (typeof length === 'object') throw this.#fail(refusal(head, length, true))
    this.#head = head
    this.#bodyLength = length
  }

  #bodyLengthOf(head: Head): number | Fault {
    if (head.fault?.code === 'SIP_TOO_MANY_HEADERS') return head.fault
    const length = contentLength(head.headers)
    if (length === undefined) return { code: 'SIP_CONTENT_LENGTH', what: 'no Content-Length on a stream' }
    return typeof length === 'number' && length > this.#limits.bodyBytes ? bodyTooLarge(this.#limits) : length
  }

  /**
   * Looks for the blank line: an LF and, perhaps behind a CR, another. Goes on where the last search ended.
   * @returns the index behind it
   */
  #findHeadEnd(): number | undefined {
    const bytes = this.#bytes
    const end = Math.min(this.#end, this.#start + this.#limits.headBytes)
    for (let at = this.#scanned; at < end; at++) {
      if (bytes[at] !== LF) continue
      const after = bytes[at + 1] === CR ? at + 2 : at + 1
      if (after >= this.#end) {
        this.#scanned = at
        return undefined
      }
      if (bytes[after] === LF) return after + 1
    }
    this.#scanned = end
    return undefined
  }

  #consume(to: number): void {
    this.#start = this.#scanned = to
    if (to === this.#end) this.#release()
  }

  #fail(error: MessageError): MessageError {
    this.#failed = true
    this.#release()
    return error
  }

  #release(): void {
    this.#bytes = nothing
    this.#start = this.#end = this.#scanned = 0
  }

  /** Makes #bytes writable for `more` bytes behind #end, growing so that many small chunks cost no more than one. */
  #makeRoom(more: number): void {
    const have = this.pendingBytes
    if (this.#own && this.#end + more <= this.#bytes.length) return
    const bytes = Buffer.allocUnsafeSlow(Math.max(1024, (have + more) * 2))
    this.#bytes.copy(bytes, 0, this.#start, this.#end)
    this.#scanned -= this.#start
    this.#bytes = bytes
    this.#start = 0
    this.#end = have
    this.#own = true
  }
}
