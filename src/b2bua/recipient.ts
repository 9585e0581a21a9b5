import { type SipRequest } from '../sip/message/message.ts'
import { parseNameAddr } from '../sip/message/name-addr.ts'
import { parseUri } from '../sip/message/uri.ts'
import { CallError } from './call-error.ts'

/**
 * Whom an INVITE calls: its To in URI-only form, byte for byte. It becomes leg B's Request-URI, so it must be one; parsing
 * the message has not looked at it.
 * @throws CodedError 400 when it is no URI, or one with header fields, which neither To nor a Request-URI may have (RFC
 *   3261 §19.1.1)
 */
export function recipientOf(invite: SipRequest): string {
  const { uri } = parseNameAddr(invite.headers.get('To')!)
  if (parseUri(uri).headers !== '') throw new CallError('bad-request', 'the URI in To has header fields')
  return uri
}
