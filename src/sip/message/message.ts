import { HeaderError } from './header-error.ts'
import { Headers } from './headers.ts'
import { tagOf, withTag } from './name-addr.ts'
import { reasonPhrase } from './reason-phrases.ts'

/** A SIP request. Text is latin1: one char a byte. */
export interface SipRequest {
  readonly kind: 'request'
  method: string
  /** The Request-URI as it stands in the start line. */
  uri: string
  headers: Headers
  body: Buffer
}

/** A SIP response. Text is latin1: one char a byte. */
export interface SipResponse {
  readonly kind: 'response'
  /** 100 to 699. */
  status: number
  reason: string
  headers: Headers
  body: Buffer
}

/** A SIP message. */
export type SipMessage = SipRequest | SipResponse

/** Of a message without a body. */
export const emptyBody: Buffer = Buffer.alloc(0)

/** Makes a request of its parts; nothing is added to them. */
export function createRequest(method: string, uri: string, headers = new Headers(), body = emptyBody): SipRequest {
  return { kind: 'request', method, uri, headers, body }
}

/** What `createResponse` can be told. */
export interface ResponseOptions {
  /** The reason phrase; the registry's when absent. */
  readonly reason?: string
  /** Tag for a To that has none. */
  readonly toTag?: string
  /** Header fields that are added. */
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: Buffer
  /** Content-Type of the body. */
  readonly contentType?: string
}

/** Methods whose requests form a dialog (RFC 3261 §12, 6665, 3515). */
const dialogForming = new Set(['INVITE', 'SUBSCRIBE', 'REFER'])

/** Header fields that every response takes over from its request (RFC 3261 §8.2.6.2), by the names in which they are copied. */
const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq']

/**
 * Makes the response of a request: every Via, From, To, Call-ID and CSeq are copied, Record-Route where the response forms
 * a dialog (101 to 299 of INVITE, SUBSCRIBE, REFER; RFC 3261 §12.1.1), and Timestamp into a 100 (§8.2.6.1). What the
 * request lacks is left out, so that a malformed one can be answered 400.
 * @param request - may be the partial one of a `MessageError`
 * @throws HeaderError when an added header field cannot be written
 */
export function createResponse(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const headers = new Headers()
  for (const name of copied) copy(request.headers, headers, name)
  if (status > 100 && status < 300 && dialogForming.has(request.method)) copy(request.headers, headers, 'Record-Route')
  if (status === 100) copy(request.headers, headers, 'Timestamp')
  const to = headers.get('To')
  if (options.toTag !== undefined && to !== undefined) addTag(headers, to, options.toTag)
  for (const [name, value] of options.headers ?? []) headers.add(name, value)
  if (options.contentType !== undefined) headers.set('Content-Type', options.contentType)
  return {
    kind: 'response',
    status,
    reason: options.reason ?? reasonPhrase(status),
    headers,
    body: options.body ?? emptyBody,
  }
}

function copy(from: Headers, to: Headers, name: string): void {
  for (const value of from.all(name)) to.addReceived(name, value)
}

function addTag(headers: Headers, to: string, tag: string): void {
  try {
    if (tagOf(to) === undefined) headers.set('To', withTag(to, tag))
  } catch (error) {
    // a To that cannot be read goes back as it came: this response is what tells the sender so
    if (!(error instanceof HeaderError)) throw error
  }
}
