import { randomBytes } from 'node:crypto'
import { type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { type Wire } from './wire.ts'

/** Header fields that replace those of the same name, or come on top; `undefined` takes a field away. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** What a request or response of a test may differ in. */
export interface TextOptions {
  readonly fields?: Fields
  /** Raw lines behind the header fields, without line ends. */
  readonly lines?: readonly string[]
  readonly body?: string
  readonly contentType?: string
}

/** What a request of a test may differ in. */
export interface RequestOptions extends TextOptions {
  readonly uri?: string
  readonly branch?: string
}

/** Letters and digits that no message had before. */
export function unique(prefix = ''): string {
  return prefix + randomBytes(8).toString('hex')
}

/** A request outside of dialogs as text: well formed but for what the test changes. Nothing is escaped or checked. */
export function requestText(wire: Wire, method: string, options: RequestOptions = {}): string {
  const { uri = 'sip:bob@sip.example.org', branch = `z9hG4bK${unique()}` } = options
  return messageText(
    `${method} ${uri} SIP/2.0`,
    {
      Via: `${wire.via};rport;branch=${branch}`,
      'Max-Forwards': '70',
      From: `<sip:mallory@sip.example.org>;tag=${unique()}`,
      To: '<sip:bob@sip.example.org>',
      'Call-ID': unique(),
      CSeq: `1 ${method}`,
      ...(method === 'INVITE' ? { Contact: `<${wire.uri}>` } : {}),
    },
    options,
  )
}

/** A response of a callee as text. Without a `To` of its own it gets `toTag`, unless that is ''. */
export function responseText(
  wire: Wire,
  request: SipRequest,
  status: number | string,
  options: TextOptions & { readonly toTag?: string } = {},
): string {
  const { headers } = request
  const { toTag = 'callee' } = options
  const to = headers.get('To')!
  const dialogForming = request.method === 'INVITE' && String(status) !== '100'
  return messageText(
    typeof status === 'string' ? status : `SIP/2.0 ${status} Whatever`,
    {
      Via: headers.all('Via'),
      From: headers.get('From'),
      To: toTag === '' || to.includes(';tag=') ? to : `${to};tag=${toTag}`,
      'Call-ID': headers.get('Call-ID'),
      CSeq: headers.get('CSeq'),
      ...(dialogForming ? { Contact: `<${wire.uri}>` } : {}),
    },
    options,
  )
}

/** The ACK of a final response as text: of a failure with the INVITE's branch, of a success with one of its own. */
export function ackText(response: SipResponse, options: RequestOptions = {}): string {
  const { headers, status } = response
  const { uri = 'sip:bob@sip.example.org', branch = `z9hG4bK${unique()}` } = options
  const via = headers.values('Via')[0]!
  return messageText(
    `ACK ${uri} SIP/2.0`,
    {
      Via: status < 300 ? via.replace(/;branch=[^;]*/, `;branch=${branch}`) : via,
      'Max-Forwards': '70',
      From: headers.get('From'),
      To: headers.get('To'),
      'Call-ID': headers.get('Call-ID'),
      CSeq: headers.get('CSeq')!.replace('INVITE', 'ACK'),
    },
    options,
  )
}

/** The CANCEL of an INVITE that was sent as text. */
export function cancelText(invite: string): string {
  const line = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(invite)![1]!
  const copied = ['Via', 'From', 'To', 'Call-ID', 'Max-Forwards'].map((name) => [name, line(name)])
  const fields = { ...Object.fromEntries(copied), CSeq: line('CSeq').replace('INVITE', 'CANCEL') } as Fields
  return messageText(`CANCEL ${invite.split(' ', 2)[1]!} SIP/2.0`, fields, {})
}

/** A request of the caller inside the dialog that a 2xx of its INVITE made, as text. */
export function inDialogText(
  wire: Wire,
  response: SipResponse,
  method: string,
  seq: number,
  options: RequestOptions = {},
): string {
  const { headers } = response
  const uri = /<([^>]*)>/.exec(headers.get('Contact')!)![1]!
  return requestText(wire, method, {
    uri,
    ...options,
    fields: {
      From: headers.get('From'),
      To: headers.get('To'),
      'Call-ID': headers.get('Call-ID'),
      CSeq: `${seq} ${method}`,
      ...options.fields,
    },
  })
}

function messageText(startLine: string, defaults: Fields, options: TextOptions): string {
  const { fields = {}, lines = [], body = '', contentType = body === '' ? undefined : 'application/sdp' } = options
  const all: Fields = { ...defaults, 'Content-Type': contentType, 'Content-Length': String(body.length), ...fields }
  const text = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}`),
  )
  return [startLine, ...text, ...lines, '', body].join('\r\n')
}
