import { type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type ReplyOptions } from '../sip/usage/incoming-invite.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { bodyHeaders, relayedHeaders } from './relayed-headers.ts'

/** A far response's reason phrase and end-to-end headers, for the answer on the near leg. Its body does not cross. */
export function relayedReply(response: SipResponse): ReplyOptions {
  return { reason: response.reason, headers: relayedHeaders(response.headers) }
}

/**
 * Relays a request without an offer (INFO, OPTIONS, MESSAGE, NOTIFY, REFER, UPDATE without a description …) inside the
 * dialog to the other leg, end to end: body and headers cross as they are, and so does the final response.
 */
export function relayRequest(near: InviteSession, transaction: ServerTransaction, far: InviteSession): void {
  const { method, headers, body } = transaction.request
  const contentType = headers.get('Content-Type')
  far.request(method, {
    headers: [...relayedHeaders(headers), ...bodyHeaders(headers)],
    ...(body.length > 0 && contentType !== undefined ? { body, contentType } : {}),
    listener: {
      onResponse(response) {
        if (response.status < 200) return
        const type = response.headers.get('Content-Type')
        near.reply(transaction, response.status, {
          reason: response.reason,
          headers: [...relayedHeaders(response.headers), ...bodyHeaders(response.headers)],
          ...(response.body.length > 0 && type !== undefined ? { body: response.body, contentType: type } : {}),
        })
      },
      onFailure: (error) => near.reply(transaction, error.status),
    },
  })
}
