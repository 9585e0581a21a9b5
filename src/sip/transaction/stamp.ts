import { newBranch } from '../message/identifiers.ts'
import { type SipRequest } from '../message/message.ts'
import { type Flow } from '../transport/flow.ts'
import { localContact } from './local-contact.ts'

/** Requests that make a dialog or refresh its target, and so name a Contact (RFC 3261 §12.1.1.2, RFC 3311, RFC 6665). */
const withContact: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER'])

/** Adds the Via of a request that leaves on a flow, with `rport` on UDP (RFC 3581 §3). */
export function addVia(request: SipRequest, flow: Flow, branch: string): void {
  const rport = flow.protocol === 'udp' ? ';rport' : ''
  request.headers.prepend('Via', `SIP/2.0/${flow.protocol.toUpperCase()} ${flow.sentBy}${rport};branch=${branch}`)
}

/**
 * Writes into a request of ours what depends on the flow that it leaves on: Via and Contact.
 * @param request - without Via
 * @returns the branch
 */
export function stampAsUserAgent(request: SipRequest, flow: Flow): string {
  const { headers, method } = request
  const branch = newBranch()
  addVia(request, flow, branch)
  if (withContact.has(method) && !headers.has('Contact')) {
    headers.add('Contact', localContact(flow, request.uri.startsWith('sips:')))
  }
  return branch
}
