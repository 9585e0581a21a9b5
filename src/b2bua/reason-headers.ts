import { crossesWhole, type HeaderPolicy } from '../base/header-policy.ts'
import { type SipRequest } from '../sip/message/message.ts'
import { endReasons, type EndReason } from './end-reason.ts'

/** A Reason header field (RFC 3326) for an end that this server decided itself. */
export function reasonHeader(reason: EndReason): readonly [string, string] {
  const { cause, text } = endReasons[reason]
  return ['Reason', `Q.850;cause=${cause};text="${text}"`]
}

/** The Reason header fields of a CANCEL (RFC 3326), which alone of it cross: the rest is of the hop. */
export function reasonsOf(request: SipRequest, policy: HeaderPolicy): [string, string][] {
  if (!crossesWhole('reason', policy)) return []
  return request.headers.all('Reason').map((value) => ['Reason', value])
}

/** A CANCEL whose Reason says 200 means that another fork was answered (RFC 3326 §2). */
export function cancelReason(cancel: SipRequest): EndReason {
  const elsewhere = cancel.headers.all('Reason').some((value) => /^sip\s*;\s*cause\s*=\s*200\b/i.test(value))
  return elsewhere ? 'answered-elsewhere' : 'cancelled'
}

/** A Warning header field (RFC 3261 §20.43): code 399, miscellaneous. */
export function warning(text: string): [string, string] {
  return ['Warning', `399 flexisip-b2bua "${text.replaceAll(/["\\\r\n]/g, ' ')}"`]
}
