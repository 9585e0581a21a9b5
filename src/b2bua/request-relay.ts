import { headerKey } from '../sip/message/header-names.ts'
import { type SipMessage, type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type ReplyOptions } from '../sip/usage/incoming-invite.ts'
import { type InviteSession, type SessionRequestOptions } from '../sip/usage/invite-session.ts'
import { mediaType, sdpType } from './leg.ts'
import { bodyHeaders, relayedHeaders } from './relayed-headers.ts'

/** A far response's reason phrase and end-to-end headers, for the answer on the near leg. Its body does not cross. */
export function relayedReply(response: SipResponse): ReplyOptions {
  return { reason: response.reason, headers: relayedHeaders(response.headers) }
}

/**
 * What crosses of a message that is relayed end to end: its headers, and its body with what describes it. A session
 * description stays behind: it is no part of an offer and answer here, and it names the addresses and keys of its leg.
 */
function crossing({ headers, body }: SipMessage): Omit<SessionRequestOptions, 'listener'> {
  const contentType = headers.get('Content-Type')
  const crosses = body.length > 0 && contentType !== undefined && mediaType(contentType) !== sdpType
  if (!crosses) return { headers: relayedHeaders(headers) }
  return { headers: [...relayedHeaders(headers), ...bodyHeaders(headers)], body, contentType }
}

/**
 * Relays a request without an offer (INFO, OPTIONS, MESSAGE, NOTIFY, REFER, UPDATE without a description …) inside the
 * dialog to the other leg, end to end: body and headers cross as they are, and so does the final response.
 * @param changed - values of header fields that cross in place of those that came, by `headerKey`
 * @returns the request as it was sent
 */
export function relayRequest(
  near: InviteSession,
  transaction: ServerTransaction,
  far: InviteSession,
  changed: ReadonlyMap<string, string> = new Map(),
): SipRequest {
  const { headers, ...rest } = crossing(transaction.request)
  const sent = far.request(transaction.request.method, {
    headers: (headers ?? []).map(([name, value]) => [name, changed.get(headerKey(name)) ?? value]),
    ...rest,
    listener: {
      onResponse(response) {
        if (response.status < 200) return
        near.reply(transaction, response.status, { reason: response.reason, ...crossing(response) })
      },
      onFailure: (error) => near.reply(transaction, error.status),
    },
  })
  return sent.request
}
