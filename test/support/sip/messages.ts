import { Headers } from '../../../src/sip/message/headers.ts'
import { createRequest, createResponse, type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'

/** A request as a peer at 192.0.2.2 sends it; what is given replaces the field of that name, or comes on top. */
export function request(method: string, fields: Readonly<Record<string, string>> = {}, body?: Buffer): SipRequest {
  const headers = new Headers([
    ['Via', 'SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKpeer1'],
    ['Max-Forwards', '70'],
    ['From', '"Alice" <sip:alice@example.org>;tag=a1'],
    ['To', '<sip:bob@example.org>'],
    ['Call-ID', 'call-1@192.0.2.2'],
    ['CSeq', `1 ${method}`],
  ])
  if (method === 'INVITE') headers.add('Contact', '<sip:alice@192.0.2.2>')
  const { uri = 'sip:bob@192.0.2.1', ...rest } = fields
  for (const [name, value] of Object.entries(rest)) headers.set(name, value)
  if (body !== undefined) headers.set('Content-Type', 'application/sdp')
  return createRequest(method, uri, headers, body)
}

/** A response of a peer that sits at 192.0.2.2. */
export function response(
  to: SipRequest,
  status: number,
  toTag?: string,
  fields: Readonly<Record<string, string>> = {},
): SipResponse {
  const result = createResponse(to, status, toTag === undefined ? {} : { toTag })
  if (to.method === 'INVITE' && status > 100 && status < 300) result.headers.add('Contact', '<sip:bob@192.0.2.2>')
  for (const [name, value] of Object.entries(fields)) {
    if (value === '') result.headers.delete(name)
    else result.headers.set(name, value)
  }
  return result
}
