import { parseCSeq } from '../message/cseq.ts'
import { Headers } from '../message/headers.ts'
import { createRequest, type SipRequest, type SipResponse } from '../message/message.ts'
import { type HeaderList } from './header-list.ts'

/**
 * What the ACK of a failure response and the CANCEL of a request have in common (RFC 3261 §9.1, §17.1.1.3): Request-URI,
 * top Via, Route, From, Call-ID and the CSeq number of the request, and its credentials (§22.1).
 */
function followUp(request: SipRequest, method: string, to: string, extra: HeaderList): SipRequest {
  const { headers } = request
  const result = new Headers()
  result.add('Via', headers.values('Via')[0]!)
  for (const value of headers.all('Route')) result.add('Route', value)
  result.add('Max-Forwards', headers.get('Max-Forwards') ?? '70')
  result.add('From', headers.get('From')!)
  result.add('To', to)
  result.add('Call-ID', headers.get('Call-ID')!)
  result.add('CSeq', `${parseCSeq(headers.get('CSeq')!).number} ${method}`)
  for (const name of ['Authorization', 'Proxy-Authorization']) {
    for (const value of headers.all(name)) result.add(name, value)
  }
  for (const [name, value] of extra) result.add(name, value)
  return createRequest(method, request.uri, result)
}

/**
 * The ACK of a response of 300 to 699, which belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
 * @param request - the INVITE as it was sent
 */
export function createFailureAck(request: SipRequest, response: SipResponse, extra: HeaderList): SipRequest {
  return followUp(request, 'ACK', response.headers.get('To') ?? request.headers.get('To')!, extra)
}

/**
 * The CANCEL of an INVITE (RFC 3261 §9.1).
 * @param request - the INVITE as it was sent
 */
export function createCancel(request: SipRequest, extra: HeaderList): SipRequest {
  return followUp(request, 'CANCEL', request.headers.get('To')!, extra)
}
