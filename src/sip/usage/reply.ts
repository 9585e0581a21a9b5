import { createResponse, type SipResponse } from '../message/message.ts'
import { localContact } from '../transaction/local-contact.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { type ReplyOptions } from './incoming-invite.ts'
import { addCapabilities, type UsageContext } from './usage-context.ts'

/** Requests whose 101 to 299 name our Contact (RFC 3261 §12.1.1, RFC 3311 §5.2, RFC 6665 §4.2). */
const withContact: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER'])

/**
 * Makes a response as this user agent gives it: tag, Server, and in 101 to 299 Contact, Allow and Supported where the
 * method wants them (RFC 3261 §8.2.6, §13.3.1).
 * @param toTag - for a To without tag
 * @throws HeaderError when a header field of the options cannot be written
 */
export function createReply(
  context: UsageContext,
  transaction: ServerTransaction,
  status: number,
  toTag: string,
  options: ReplyOptions = {},
): SipResponse {
  const { request, flow } = transaction
  const response = createResponse(request, status, {
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(status === 100 ? {} : { toTag }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
    ...(options.body === undefined ? {} : { body: options.body }),
    ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
  })
  const { headers } = response
  if (status > 100 && !headers.has('Server')) headers.add('Server', context.userAgent)
  if (status > 100 && status < 300 && withContact.has(request.method)) {
    if (!headers.has('Contact')) headers.add('Contact', localContact(flow, request.uri.startsWith('sips:')))
    addCapabilities(headers, context)
  }
  return response
}
