import { parseCSeq } from '../message/cseq.ts'
import { splitFirst } from '../message/list-values.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { tagOf } from '../message/name-addr.ts'
import { parseVia } from '../message/via.ts'

/** With this every branch begins that is unique in space and time (RFC 3261 §8.1.1.7). */
const magicCookie = 'z9hG4bK'

/** The key of a client transaction: branch and method (RFC 3261 §17.1.3). Our branches hold 72 random bits. */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`
}

/**
 * The key of the client transaction that a response belongs to; undefined when it can be none's: its top Via has no branch.
 * @throws CodedError when Via or CSeq are malformed
 */
export function clientKeyOf(response: SipResponse): string | undefined {
  const { branch } = parseVia(splitFirst(response.headers.get('Via') ?? '').first)
  return branch === undefined ? undefined : clientKey(branch, parseCSeq(response.headers.get('CSeq') ?? '').method)
}

/**
 * The key of the server transaction that a request belongs to (RFC 3261 §17.2.3): branch, sent-by and method; for a
 * client of RFC 2543, whose branch means nothing, what that section lists but the To tag, which differs in the ACK.
 * @param method - the method of the transaction looked for: INVITE for ACK and CANCEL
 * @throws CodedError when Via, CSeq or From are malformed
 */
export function serverKey(request: SipRequest, method: string): string {
  const { headers, uri } = request
  const via = splitFirst(headers.get('Via') ?? '').first
  const { branch, host, port } = parseVia(via)
  if (branch?.startsWith(magicCookie) === true) return `${branch} ${host.toLowerCase()}:${port ?? ''} ${method}`
  const { number } = parseCSeq(headers.get('CSeq') ?? '')
  return `${via} ${uri} ${tagOf(headers.get('From') ?? '') ?? ''} ${headers.get('Call-ID') ?? ''} ${number} ${method}`
}
