import { decimal, indexWithin, isSpace, isToken, trimEnd, trimmed } from './characters.ts'
import { Headers, isHeaderValue } from './headers.ts'
import { type MessageLimits } from './limits.ts'

/** What is wrong with a message, before it is known how much of it can be answered. */
export interface Fault {
  readonly code: string
  /** A sentence that quotes nothing of the message. */
  readonly what: string
  /** 400 when absent. */
  readonly status?: number
  readonly cause?: Error
}

/** A message's start line and header fields, indexed: nothing but line ends and colons has been looked at. */
export interface Head {
  readonly startLine: string
  readonly headers: Headers
  /** How many bytes the head takes, the blank line included. */
  readonly end: number
  /** The first fault, if any; the other lines are indexed all the same, so that a response can be made of them. */
  readonly fault: Fault | undefined
}

/**
 * Indexes a head. Lines end in CRLF; a bare LF is read as a line end too, as the proxies in front of this server do; a bare
 * CR is a fault, because some read it as a line end and some do not. A folded line (RFC 3261 §7.3.1) continues its field
 * with one space in between.
 * @param text - latin1, at most `limits.headBytes` chars; what stands behind the blank line is not looked at
 */
export function readHead(text: string, limits: MessageLimits): Head {
  return new HeadReader(text).read(limits)
}

const noBlankLine = 'The blank line behind the header fields is missing.'

class HeadReader {
  readonly #text: string
  readonly #headers = new Headers()
  #fault: Fault | undefined
  /** Where the next line begins. */
  #next = 0
  /** The first CR at or behind #next, or -1. */
  #cr: number
  /** Whether there is a NUL at all: hardly ever, and then values are looked at one by one. */
  readonly #nul: boolean

  constructor(text: string) {
    this.#text = text
    this.#cr = text.indexOf('\r')
    this.#nul = text.includes('\0')
  }

  read(limits: MessageLimits): Head {
    const text = this.#text
    const startLine = text.slice(0, this.#line())
    if (this.#nul && startLine.includes('\0')) this.#fail('SIP_CONTROL_CHARACTER', 'A NUL in the start line.')
    while (this.#next < text.length) {
      const from = this.#next
      const end = this.#line()
      if (end === from) return this.#head(startLine)
      if (this.#headers.size === limits.headers) {
        this.#fail('SIP_TOO_MANY_HEADERS', `More than ${limits.headers} header fields.`, 513)
        return this.#head(startLine)
      }
      this.#field(from, end)
    }
    this.#fail('SIP_HEAD_UNFINISHED', noBlankLine)
    return this.#head(startLine)
  }

  #head(startLine: string): Head {
    return { startLine, headers: this.#headers, end: this.#next, fault: this.#fault }
  }

  #fail(code: string, what: string, status = 400): void {
    this.#fault ??= { code, what, status }
  }

  /** Takes the line at #next. Returns the end of its text and sets #next behind its line end. */
  #line(): number {
    const text = this.#text
    const from = this.#next
    const lf = text.indexOf('\n', from)
    if (lf < 0) this.#fail('SIP_HEAD_UNFINISHED', noBlankLine)
    const last = lf < 0 ? text.length : lf
    const end = last > from && text.charCodeAt(last - 1) === 0x0d ? last - 1 : last
    this.#next = lf < 0 ? text.length : lf + 1
    if (this.#cr >= 0 && this.#cr < this.#next) {
      if (this.#cr < end) this.#fail('SIP_CONTROL_CHARACTER', 'A CR inside a line.')
      this.#cr = text.indexOf('\r', this.#next)
    }
    return end
  }

  /** Indexes the field whose first line is text[from, end), and takes the lines that continue it. */
  #field(from: number, end: number): void {
    const text = this.#text
    const colon = indexWithin(text, 0x3a, from, end)
    const nameEnd = trimEnd(text, from, colon < 0 ? from : colon)
    const isField = isToken(text, from, nameEnd)
    if (!isField) this.#fail('SIP_HEADER_LINE', 'A line that is no header field.')
    let value = trimmed(text, colon + 1, end)
    if (this.#continues()) value = this.#unfolded(value)
    if (this.#nul && !isHeaderValue(value)) this.#fail('SIP_CONTROL_CHARACTER', 'A NUL in a header field.')
    if (isField) this.#headers.addReceived(text.slice(from, nameEnd), value)
  }

  /** Whether the line at #next continues the field before it. */
  #continues(): boolean {
    return this.#next < this.#text.length && isSpace(this.#text.charCodeAt(this.#next))
  }

  #unfolded(first: string): string {
    const lines = [first]
    while (this.#continues()) {
      const from = this.#next
      lines.push(trimmed(this.#text, from, this.#line()))
    }
    return lines.filter((line) => line !== '').join(' ')
  }
}

/**
 * The length of the body by the head's Content-Length fields, in bytes.
 * @returns undefined without one; a fault when one is no number below 2³¹, or when several differ (RFC 3261 §20.14)
 */
export function contentLength(headers: Headers): number | undefined | Fault {
  const first = headers.get('Content-Length')
  if (first === undefined) return undefined
  if (headers.count('Content-Length') > 1 && headers.all('Content-Length').some((one) => one !== first)) {
    return { code: 'SIP_CONTENT_LENGTH', what: 'Several Content-Length that differ.' }
  }
  const length = decimal(first, 0, first.length, 0x7fffffff)
  return length ?? { code: 'SIP_CONTENT_LENGTH', what: 'Content-Length is no number below 2³¹.' }
}
