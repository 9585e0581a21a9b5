import { type CSeq, parseCSeq } from './cseq.ts'
import { contentLength, type Fault, type Head, readHead } from './head.ts'
import { HeaderError } from './header-error.ts'
import { defaultLimits, type MessageLimits } from './limits.ts'
import { splitFirst } from './list-values.ts'
import { MessageError } from './message-error.ts'
import { type SipMessage, type SipRequest } from './message.ts'
import { tagOf } from './name-addr.ts'
import { readStartLine, type StartLine } from './start-line.ts'
import { parseVia } from './via.ts'

export { MessageError } from './message-error.ts'
export { serialize } from './serialize.ts'

/**
 * Reads one whole message, as a datagram carries it. Line ends before it are skipped; bytes behind its Content-Length are
 * cut off (RFC 3261 §18.3); without Content-Length the body is the rest.
 *
 * A message that is returned has at least one Via and exactly one From, To, Call-ID and CSeq. `parseVia` of the top Via,
 * `parseNameAddr` and `tagOf` of From and To, `parseCSeq`, and `parseUri` of the Request-URI do not throw for it. The URIs in
 * From and To, and all other fields, are not looked at.
 * @param bytes - the body is a part of it, not a copy
 * @throws MessageError
 */
export function parseMessage(bytes: Buffer, limits: MessageLimits = defaultLimits): SipMessage {
  let start = 0
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++ // RFC 3261 §7.5
  if (start === bytes.length) throw new MessageError('SIP_EMPTY', 'Nothing but line ends.')
  const headEnd = Math.min(bytes.length, start + limits.headBytes)
  const head = readHead(bytes.toString('latin1', start, headEnd), limits)
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
  return length > rest ? { code: 'SIP_BODY_SHORT', what: 'The datagram ends before its Content-Length.' } : undefined
}

/** The fault of a body beyond its limit. */
export function bodyTooLarge(limits: MessageLimits): Fault {
  return { code: 'SIP_BODY_TOO_LARGE', what: `The body exceeds ${limits.bodyBytes} bytes.`, status: 413 }
}

/** The error of a head beyond its limit: nothing of it was read, so nobody can be answered. */
export function headTooLarge(limits: MessageLimits): MessageError {
  const what = `The start line and header fields exceed ${limits.headBytes} bytes.`
  return new MessageError('SIP_HEAD_TOO_LARGE', what, { status: 513, fatal: true })
}

/**
 * Makes a message of an indexed head and its body.
 * @param framing - what was found wrong about the length of the body
 * @throws MessageError
 */
export function assemble(head: Head, body: Buffer, framing?: Fault): SipMessage {
  const line = readStartLine(head.startLine)
  const fault = line?.fault ?? head.fault ?? framing ?? structureFault(head)
  if (line === undefined || fault !== undefined) throw refusal(head, fault)
  const { headers } = head
  const { method } = readMandatory(head)
  if (line.kind === 'response') return { kind: 'response', status: line.status, reason: line.reason, headers, body }
  if (method !== line.method) {
    throw refusal(head, { code: 'SIP_CSEQ_METHOD', what: 'CSeq names another method than the request line.' })
  }
  return { kind: 'request', method, uri: line.uri, headers, body }
}

/** Header fields of which a message has exactly one (RFC 3261 §8.1.1). Max-Forwards, which may be missing, is not for here. */
const exactlyOne = ['From', 'To', 'Call-ID', 'CSeq']

function structureFault({ headers }: Head): Fault | undefined {
  if (!headers.has('Via')) return { code: 'SIP_HEADER_MISSING', what: 'There is no Via.' }
  for (const name of exactlyOne) {
    const count = headers.count(name)
    if (count === 0) return { code: 'SIP_HEADER_MISSING', what: `There is no ${name}.` }
    if (count > 1) return { code: 'SIP_HEADER_DOUBLED', what: `There is more than one ${name}.` }
  }
  return undefined
}

/** Reads the fields that every user of a message relies on. */
function readMandatory(head: Head): CSeq {
  const { headers } = head
  try {
    parseVia(splitFirst(headers.get('Via')!).first)
    tagOf(headers.get('From')!)
    tagOf(headers.get('To')!)
    if (headers.get('Call-ID') === '') throw new HeaderError('SIP_CALL_ID', 'The Call-ID is empty.', { status: 400 })
    return parseCSeq(headers.get('CSeq')!)
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error
    throw refusal(head, { code: 'SIP_HEADER', what: error.message, cause: error })
  }
}

/**
 * The error of a message that is refused.
 * @param fault - what is wrong, unless its start line or head has a fault already
 * @param fatal - whether the stream's framing is lost with it
 */
export function refusal(head: Head, fault: Fault | undefined, fatal = false): MessageError {
  const line = readStartLine(head.startLine)
  const notSip: Fault = { code: 'SIP_START_LINE', what: 'Neither a request nor a response of SIP.' }
  const { code, what, status = 400, cause } = (line ? (line.fault ?? head.fault ?? fault) : undefined) ?? notSip
  return new MessageError(code, what, { status, request: line && answerable(line, head), fatal, cause })
}

/** The request to answer, if there is one: ACK never is, and without a Via nobody knows where to. */
function answerable(line: StartLine, { headers }: Head): SipRequest | undefined {
  if (line.kind === 'response' || line.method === 'ACK' || !headers.has('Via')) return undefined
  return { kind: 'request', method: line.method, uri: line.uri, headers, body: Buffer.alloc(0) }
}
