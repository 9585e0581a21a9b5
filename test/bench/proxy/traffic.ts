import { type SipMessage } from '../../../src/sip/message/message.ts'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../../src/sip/message/parse.ts'

const sdp = [
  ...['v=0', 'o=alice 2890844526 2890844526 IN IP4 192.0.2.17', 's=Talk', 'c=IN IP4 192.0.2.17', 't=0 0'],
  ...['m=audio 7078 RTP/AVP 96 0 8 101', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1'],
  ...['a=rtpmap:101 telephone-event/8000', 'a=rtcp-fb:* ccm tmmbr', ''],
].join('\r\n')

let serial = 0

/** What a request of {@link requestBytes} may differ in. */
export interface RequestParts {
  readonly uri?: string
  /** Header fields more. */
  readonly fields?: readonly (readonly [string, string])[]
  readonly toTag?: string
  readonly callId?: string
}

/** A request as a phone writes it, like no other before it: its branch and Call-ID are new. INVITE has a description. */
export function requestBytes(method: string, sentBy: string, parts: RequestParts = {}): Buffer {
  const id = (++serial).toString(36).padStart(6, '0')
  const { uri = 'sip:bob@sip.example.org', fields = [], toTag, callId = `Rq8Fp2nLx1${id}` } = parts
  const body = method === 'INVITE' ? sdp : ''
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK.tXb7Kw1V${id};rport`,
    'From: "Alice" <sip:alice@sip.example.org>;tag=~sXb7Kw1V',
    `To: <sip:bob@sip.example.org>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `CSeq: 20 ${method}`,
    `Call-ID: ${callId}`,
    'Max-Forwards: 70',
    ...fields.map(([name, value]) => `${name}: ${value}`),
    'Supported: replaces, outbound, gruu, path',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE',
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    `Contact: <sip:alice@${sentBy}>;+sip.instance="<urn:uuid:0d5a6f0e-12c1-4a4b-9d5c-7b1c2f0e9a11>"`,
    'User-Agent: Linphone/5.2.0 (belle-sip/5.2.0)',
  ]
  return Buffer.from([...lines, '', body].join('\r\n'), 'latin1')
}

/** A response to a request as it came to its recipient. */
export function responseBytes(request: Buffer, status: number): Buffer {
  return serialize(createResponse(requestOf(request), status, { toTag: 'aXb7Kw1Vq0' }))
}

/** @throws Error when it is a response */
export function requestOf(bytes: Buffer): SipRequest {
  const message: SipMessage = parseMessage(bytes)
  if (message.kind !== 'request') throw new Error('a response where a request was expected')
  return message
}
