import { type Clock } from '../../base/clock.ts'
import { type Headers } from '../message/headers.ts'
import { type SipRequest } from '../message/message.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type TransactionLayer } from '../transaction/transaction-layer.ts'
import { type InviteSession } from './invite-session.ts'

/** Which side of the INVITE this server was: caller (UAC) or callee (UAS). */
export type DialogRole = 'caller' | 'callee'

/** What INVITE usages need of their user agent. */
export interface UsageContext {
  readonly transactions: TransactionLayer
  readonly clock: Clock
  /** Value of User-Agent and Server. */
  readonly userAgent: string
  /**
   * Header fields of every request, in whichever dialog: a proxy that knows this server by them would otherwise divert the
   * re-INVITE that goes to the caller (reference: proxy-module §2).
   */
  readonly requestHeaders: HeaderList
  /** Adds to a request what depends on it. */
  readonly mark?: (request: SipRequest) => void
  readonly supported: readonly string[]
  readonly allow: readonly string[]
  /** From here on requests of the session's dialog reach it. */
  addSession(session: InviteSession): void
  removeSession(session: InviteSession): void
}

/** The header fields that mark a request as this server's, ACK and CANCEL included. */
export function ownRequestHeaders({ userAgent, requestHeaders }: UsageContext): HeaderList {
  return [['User-Agent', userAgent], ...requestHeaders]
}

/** Adds what this server can do (RFC 3261 §13.2.1, §20.5, §20.37), to what its user says. */
export function addCapabilities(headers: Headers, context: UsageContext): void {
  if (!headers.has('Allow') && context.allow.length > 0) headers.add('Allow', context.allow.join(', '))
  if (context.supported.length > 0) headers.add('Supported', context.supported.join(', '))
}

/** Requests that name what this server can do: those that make or change a session. */
const withCapabilities: ReadonlySet<string> = new Set(['INVITE', 'UPDATE'])

/** Adds to a request of ours what its user gave and what the user agent adds. */
export function finishRequest(
  request: SipRequest,
  context: UsageContext,
  headers: HeaderList,
  contentType?: string,
): SipRequest {
  for (const [name, value] of headers) request.headers.add(name, value)
  for (const [name, value] of ownRequestHeaders(context)) request.headers.add(name, value)
  if (withCapabilities.has(request.method)) addCapabilities(request.headers, context)
  if (contentType !== undefined) request.headers.set('Content-Type', contentType)
  context.mark?.(request)
  return request
}
