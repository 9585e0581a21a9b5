import { type SipRequest } from '../message/message.ts'
import { type Flow } from '../transport/flow.ts'
import { localContact } from './local-contact.ts'

/** Requests that make a dialog or refresh its target, and so name a Contact (RFC 3261 §12.1.1.2, RFC 3311, RFC 6665). */
const withContact: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER'])

/**
 * Writes into a request what depends on the flow that it leaves on: Via, with `rport` on UDP (RFC 3581 §3), and Contact.
 * @param request - without Via
 */
export function stamp(request: SipRequest, flow: Flow, branch: string): void {
  const { headers, method } = request
  const rport = flow.protocol === 'udp' ? ';rport' : ''
  headers.prepend('Via', `SIP/2.0/${flow.protocol.toUpperCase()} ${flow.sentBy}${rport};branch=${branch}`)
  if (withContact.has(method) && !headers.has('Contact')) {
    headers.add('Contact', localContact(flow, request.uri.startsWith('sips:')))
  }
}
