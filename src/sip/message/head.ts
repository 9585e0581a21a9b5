import { indexWithin, isDigits, isSpace, isToken, skipSpace, trimEnd } from './characters.ts'
import { Headers, isHeaderValue } from './headers.ts'
import { type MessageLimits } from './limits.ts'

/** What is wrong with a message, before it is known how much of it can be answered. */
export interface Fault {
  readonly code: string
  readonly what: string
  /** 400 when absent. */
  readonly status?: number
}

/** A message's start line and header fields, indexed: nothing but line ends and colons has been looked at. */
export interface Head {
  readonly startLine: string
  readonly headers: Headers
  /** Index behind the blank line. */
  readonly end: number
  /** The first fault, if any; the other lines are indexed all the same, so that a response can be made of them. */
  readonly fault: Fault | undefined
}

/**
 * Indexes a head. Lines end in CRLF; a bare LF is read as a line end too, as the proxies in front of this server do; a bare
 * CR is a fault, because some read it as a line end and some do not. A folded line (RFC 3261 §7.3.1) continues its field
 * with one space in between.
 * @param text - latin1, at most `limits.headBytes` chars from `start` on
 * @param start - index of the start line
 */
export function readHead(text: string, start: number, limits: MessageLimits): Head {
  const headers = new Headers()
  let fault: Fault | undefined
  const faulty = (code: string, what: string, status?: number): void => {
    fault ??= { code, what, ...(status !== undefined && { status }) }
  }
  let strayCr = text.indexOf('\r', start)
  /** The end of the line that begins at `from`, without its CR and LF; sets `next` behind them. */
  let next = start
  const lineEnd = (from: number): number => {
    const lf = text.indexOf('\n', from)
    let end = lf < 0 ? text.length : lf
    next = lf < 0 ? text.length : lf + 1
    if (lf < 0) faulty('SIP_HEAD_UNFINISHED', 'the blank line behind the header fields is missing')
    if (lf > from && text.charCodeAt(lf - 1) === 0x0d) end--
    if (strayCr >= 0 && strayCr < end) faulty('SIP_CONTROL_CHARACTER', 'a CR inside a line')
    if (strayCr >= 0 && strayCr < next) strayCr = text.indexOf('\r', next)
    return end
  }

  const startLineEnd = lineEnd(start)
  const startLine = text.slice(start, startLineEnd)
  if (startLine.includes('\0')) faulty('SIP_CONTROL_CHARACTER', 'a NUL in the start line')
  const nul = text.includes('\0', startLineEnd)
  while (next < text.length) {
    const from = next
    const end = lineEnd(from)
    if (end === from) return { startLine, headers, end: next, fault }
    if (headers.size === limits.headers) {
      faulty('SIP_TOO_MANY_HEADERS', `more than ${limits.headers} header fields`, 513)
      return { startLine, headers, end: next, fault }
    }
    if (isSpace(text.charCodeAt(from))) {
      faulty('SIP_HEADER_LINE', 'a continuation line that continues nothing')
      continue
    }
    const colon = indexWithin(text, 0x3a, from, end)
    const nameEnd = trimEnd(text, from, colon < 0 ? from : colon)
    if (!isToken(text, from, nameEnd)) {
      faulty('SIP_HEADER_LINE', 'a line that is no header field')
      skipFolded()
      continue
    }
    const valueStart = skipSpace(text, colon + 1, end)
    let value = text.slice(valueStart, trimEnd(text, valueStart, end))
    if (next < text.length && isSpace(text.charCodeAt(next))) value = unfold(value)
    if (nul && !isHeaderValue(value)) faulty('SIP_CONTROL_CHARACTER', 'a NUL in a header field')
    headers.addReceived(text.slice(from, nameEnd), value)
  }
  faulty('SIP_HEAD_UNFINISHED', 'the blank line behind the header fields is missing')
  return { startLine, headers, end: text.length, fault }

  function unfold(first: string): string {
    const lines = [first]
    while (next < text.length && isSpace(text.charCodeAt(next))) {
      const from = skipSpace(text, next, text.length)
      const end = trimEnd(text, from, lineEnd(from))
      if (end > from) lines.push(text.slice(from, end))
    }
    return lines.join(' ').trim()
  }

  function skipFolded(): void {
    while (next < text.length && isSpace(text.charCodeAt(next))) lineEnd(next)
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
    return { code: 'SIP_CONTENT_LENGTH', what: 'several Content-Length that differ' }
  }
  const length = isDigits(first) && first.length <= 10 ? Number(first) : -1
  if (length >= 0 && length < 0x80000000) return length
  return { code: 'SIP_CONTENT_LENGTH', what: 'a Content-Length that is no number below 2³¹' }
}
