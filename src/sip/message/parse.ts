import { type CSeq, parseCSeq } from './cseq.ts'
import { contentLength, type Fault, type Head, readHead } from './head.ts'
import { HeaderError } from './header-error.ts'
import { defaultLimits, type MessageLimits } from './limits.ts'
import { firstListValueEnd } from './list-values.ts'
import { MessageError } from './message-error.ts'
import { type SipMessage, type SipRequest } from './message.ts'
import { parseNameAddr, tagOf } from './name-addr.ts'
import { readStartLine, type StartLine } from './start-line.ts'
import { parseVia } from './via.ts'

export { MessageError } from './message-error.ts'
export { serialize } from './serialize.ts'

/**
 * Reads one whole message, as a datagram carries it. Line ends before it are skipped; bytes behind its Content-Length are
 * cut off (RFC 3261 §18.3); without Content-Length the body is the rest. A message that is returned has exactly one From,
 * To, Call-ID and CSeq and at least one Via, and each of them, the top Via and the Request-URI can be read: what decodes
 * them later does not throw.
 * @param bytes - the body is a part of it, not a copy
 * @throws MessageError
 */
export function parseMessage(bytes: Buffer, limits: MessageLimits = defaultLimits): SipMessage {
  const start = skipLineEnds(bytes, 0, bytes.length)
  if (start === bytes.length) throw new MessageError('SIP_EMPTY', 'Nothing but line ends.')
  const headEnd = Math.min(bytes.length, start + limits.headBytes)
  const head = readHead(bytes.toString('latin1', start, headEnd), 0, limits)
  if (head.fault?.code === 'SIP_HEAD_UNFINISHED' && headEnd < bytes.length) throw headTooLarge(limits)
  const bodyStart = start + head.end
  const rest = bytes.length - bodyStart
  const length = contentLength(head.headers) ?? rest
  if (typeof length === 'object') return assemble(head, bytes, length)
  const body = bytes.subarray(bodyStart, bodyStart + length)
  return assemble(head, body, bodyFault(length, rest, limits))
}

function bodyFault(length: number, rest: number, limits: MessageLimits): Fault | undefined {
  if (length > limits.bodyBytes) return bodyTooLarge(limits)
  return length > rest ? { code: 'SIP_BODY_SHORT', what: 'it ends before its Content-Length' } : undefined
}

/** The fault of a body beyond its limit. */
export function bodyTooLarge(limits: MessageLimits): Fault {
  return { code: 'SIP_BODY_TOO_LARGE', what: `a body of more than ${limits.bodyBytes} bytes`, status: 413 }
}

/** The error of a head beyond its limit: nothing of it was read, so nobody can be answered. */
export function headTooLarge(limits: MessageLimits): MessageError {
  const what = `The start line and header fields exceed ${limits.headBytes} bytes.`
  return new MessageError('SIP_HEAD_TOO_LARGE', what, { status: 513, fatal: true })
}

/** The index of the first byte in [start, end) that is no CR and no LF, or `end` (RFC 3261 §7.5). */
export function skipLineEnds(bytes: Buffer, start: number, end: number): number {
  while (start < end && (bytes[start] === 0x0d || bytes[start] === 0x0a)) start++
  return start
}

/**
 * Makes a message of an indexed head and its body.
 * @param framing - what was found wrong about the length of the body
 * @param fatal - whether the stream's framing is lost with it
 * @throws MessageError
 */
export function assemble(head: Head, body: Buffer, framing: Fault | undefined, fatal = false): SipMessage {
  const line = readStartLine(head.startLine)
  if (line === undefined) throw new MessageError('SIP_START_LINE', 'Neither a request nor a response.', { fatal })
  const fault = line.fault ?? head.fault ?? framing ?? structureFault(head)
  if (fault !== undefined) throw refusal(fault, line, head, fatal)
  let cseq: CSeq
  try {
    cseq = checkMandatory(head)
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error
    throw refusal({ code: 'SIP_HEADER', what: error.message }, line, head, fatal, error)
  }
  const { headers } = head
  if (line.kind === 'response') return { kind: 'response', status: line.status, reason: line.reason, headers, body }
  if (cseq.method !== line.method) {
    const mismatch = { code: 'SIP_CSEQ_METHOD', what: 'CSeq names another method than the request line' }
    throw refusal(mismatch, line, head, fatal)
  }
  return { kind: 'request', method: line.method, uri: line.uri, headers, body }
}

/** Header fields of which a message has exactly one (RFC 3261 §8.1.1; Max-Forwards may be missing). */
const exactlyOne = ['From', 'To', 'Call-ID', 'CSeq']

function structureFault({ headers }: Head): Fault | undefined {
  if (!headers.has('Via')) return { code: 'SIP_HEADER_MISSING', what: 'there is no Via' }
  for (const name of exactlyOne) {
    const count = headers.count(name)
    if (count === 0) return { code: 'SIP_HEADER_MISSING', what: `there is no ${name}` }
    if (count > 1) return { code: 'SIP_HEADER_DOUBLED', what: `there is more than one ${name}` }
  }
  return undefined
}

/** Reads the fields that everybody needs. */
function checkMandatory({ headers }: Head): CSeq {
  const via = headers.get('Via')!
  parseVia(via.slice(0, firstListValueEnd(via)))
  for (const name of ['From', 'To']) {
    const value = headers.get(name)!
    parseNameAddr(value)
    tagOf(value)
  }
  if (headers.get('Call-ID') === '') throw new HeaderError('SIP_CALL_ID', 'The Call-ID is empty.', { status: 400 })
  return parseCSeq(headers.get('CSeq')!)
}

function refusal(fault: Fault, line: StartLine, head: Head, fatal: boolean, cause?: Error): MessageError {
  return new MessageError(fault.code, `Malformed message: ${fault.what}.`, {
    status: fault.status ?? 400,
    request: answerable(line, head),
    fatal,
    ...(cause && { cause }),
  })
}

/** The request to answer, if there is one: ACK never is, and without a Via nobody knows where to. */
function answerable(line: StartLine, { headers }: Head): SipRequest | undefined {
  if (line.kind === 'response' || line.method === 'ACK' || !headers.has('Via')) return undefined
  return { kind: 'request', method: line.method, uri: line.uri, headers, body: Buffer.alloc(0) }
}
