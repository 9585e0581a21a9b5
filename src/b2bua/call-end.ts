import { type HeaderPolicy } from '../base/header-policy.ts'
import { type InviteFailure } from '../sip/usage/outgoing-invite.ts'
import { type SipRequest } from '../sip/message/message.ts'
import { verdictOf } from './call-error.ts'
import { type EndedBy } from './call-summary.ts'
import { endReasonOfStatus, endReasons, type EndReason } from './end-reason.ts'
import { cancelReason, reasonHeader, reasonsOf, warning } from './reason-headers.ts'
import { relayedHeaders, type HeaderRules } from './relayed-headers.ts'

/** An end as one side told it, on its way to the other side. */
export interface CallEnd {
  readonly reason: EndReason
  readonly by: EndedBy
  readonly detail: string
  /** For a caller who still waits; the reason's own status and no headers where absent. */
  readonly response?: {
    readonly status: number
    readonly reason?: string
    readonly headers?: readonly (readonly [string, string])[]
  }
  /** For the BYE or CANCEL. */
  readonly headers?: readonly (readonly [string, string])[]
}

/** This server ends the call on its own account. */
export function endByServer(reason: EndReason, detail: string = endReasons[reason].text): CallEnd {
  const headers = [reasonHeader(reason)]
  return { reason, by: 'server', detail, response: { status: endReasons[reason].status, headers }, headers }
}

/** Something went wrong here. */
export function endByError(error: unknown): CallEnd {
  const { reason, status, why } = verdictOf(error)
  const response = { status, headers: [warning(why)] }
  return { reason, by: 'server', detail: why, response, headers: [reasonHeader(reason)] }
}

/** The application will not have the call. */
export function endByDecline(status: number, why: string): CallEnd {
  const response = { status, headers: [warning(why)] }
  return { reason: endReasonOfStatus(status), by: 'server', detail: why, response }
}

/** The caller gave up. */
export function endByCancel(cancel: SipRequest, policy: HeaderPolicy): CallEnd {
  return { reason: cancelReason(cancel), by: 'a', detail: 'CANCEL', headers: reasonsOf(cancel, policy) }
}

/** Leg B could not be had: leg A learns it with the same status (reference: b2bua-server §7). */
export function endByRefusal({ response, cause }: InviteFailure, rules: HeaderRules): CallEnd {
  if (response === undefined) {
    return endByServer(cause === 'timeout' ? 'proxy-timeout' : 'unreachable', 'no answer from the outbound proxy')
  }
  const { status, reason, headers } = response
  const contacts = status < 400 ? headers.all('Contact') : []
  return {
    reason: endReasonOfStatus(status),
    by: 'b',
    detail: `${status} ${reason}`,
    response: {
      status,
      reason,
      headers: [
        ...relayedHeaders(headers, rules),
        ...contacts.map((contact): [string, string] => ['Contact', contact]),
      ],
    },
  }
}
