import { createRequest, type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { Headers } from '../../../src/sip/message/headers.ts'

const noBody: Buffer = Buffer.alloc(0)

/** R of the reference's table: an INVITE. */
export const invite: SipRequest = createRequest(
  'INVITE',
  'sip:bob@sip.example.org;user=phone',
  new Headers([
    ['From', '"Alice" <sip:alice@sip.example.org>;tag=1'],
    ['To', '<sip:bob@sip.example.org>'],
    ['Contact', '<sip:alice@192.0.2.1>'],
    ['User-Agent', 'Linphone/12.0'],
    ['Call-ID', '123456789'],
    ['Content-Type', 'application/sdp'],
  ]),
)

/** S of the reference's table: a 180. */
export const ringing: SipResponse = {
  kind: 'response',
  status: 180,
  reason: 'Ringing',
  headers: new Headers([
    ['From', '<sip:alice@sip.example.org>;tag=1'],
    ['To', '<sip:bob@sip.example.org>;tag=2'],
    ['User-Agent', 'UAS/1.0'],
    ['Call-ID', 'a84b4c76e66710@192.0.2.1'],
  ]),
  body: noBody,
}

/** A request with the given request-URI and header fields. */
export function request(method: string, uri: string, headers: readonly (readonly [string, string])[] = []): SipRequest {
  return createRequest(method, uri, new Headers(headers))
}
