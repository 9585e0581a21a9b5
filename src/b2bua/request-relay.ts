import { headerKey } from '../sip/message/header-names.ts'
import { type SipMessage, type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { type HeaderList } from '../sip/transaction/header-list.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type ReplyOptions } from '../sip/usage/incoming-invite.ts'
import { type InviteSession, type SessionRequestOptions } from '../sip/usage/invite-session.ts'
import { mediaType, sdpType } from './leg.ts'
import { bodyHeaders, relayedHeaders, type HeaderRules } from './relayed-headers.ts'

/**
 * A far response's reason phrase and end-to-end headers, for the answer on the near leg. Its body does not cross, nor what it
 * requires: that is about its own PRACK and session timer.
 */
export function relayedReply(response: SipResponse, rules: HeaderRules): ReplyOptions {
  const headers = relayedHeaders(response.headers, rules).filter(([name]) => name !== 'Require')
  return { reason: response.reason, headers }
}

/**
 * What crosses of a message that is relayed end to end: its headers, and its body with what describes it. A session
 * description stays behind: it is no part of an offer and answer here, and it names the addresses and keys of its leg.
 */
function crossing({ headers, body }: SipMessage, rules: HeaderRules): Omit<SessionRequestOptions, 'listener'> {
  const contentType = headers.get('Content-Type')
  const crosses = body.length > 0 && contentType !== undefined && mediaType(contentType) !== sdpType
  if (!crosses) return { headers: relayedHeaders(headers, rules) }
  return { headers: [...relayedHeaders(headers, rules), ...bodyHeaders(headers)], body, contentType }
}

/**
 * Relays a request without an offer (INFO, OPTIONS, MESSAGE, NOTIFY, REFER, UPDATE without a description …) inside the
 * dialog to the other leg, end to end: body and headers cross as the rules say, and so does the final response.
 * @param added - header fields of this leg alone
 * @param changed - values of header fields that cross in place of those that came, by `headerKey`; undefined: it does not
 * @param onFinal - called with the final response, undefined where none came, when it has gone on
 * @returns the request as it was sent
 */
export function relayRequest(
  near: InviteSession,
  transaction: ServerTransaction,
  far: InviteSession,
  rules: HeaderRules,
  options: {
    readonly changed?: ReadonlyMap<string, string | undefined>
    readonly added?: HeaderList
    readonly onFinal?: (response: SipResponse | undefined) => void
  } = {},
): SipRequest {
  const { changed, added = [], onFinal } = options
  const { headers = [], ...rest } = crossing(transaction.request, rules)
  const sent = far.request(transaction.request.method, {
    headers: [...(changed === undefined ? headers : withChanges(headers, changed)), ...added],
    ...rest,
    listener: {
      onResponse(response) {
        if (response.status < 200) return
        near.reply(transaction, response.status, { reason: response.reason, ...crossing(response, rules) })
        onFinal?.(response)
      },
      onFailure: (error) => {
        near.reply(transaction, error.status)
        onFinal?.(undefined)
      },
    },
  })
  return sent.request
}

function withChanges(headers: HeaderList, changed: ReadonlyMap<string, string | undefined>): HeaderList {
  return headers.flatMap(([name, value]) => {
    const key = headerKey(name)
    const crosses = changed.has(key) ? changed.get(key) : value
    return crosses === undefined ? [] : [[name, crosses] as const]
  })
}
