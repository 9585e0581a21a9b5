import { decimal } from '../../src/sip/message/characters.ts'
import { HeaderError } from '../../src/sip/message/header-error.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { capabilities } from './answer-to-options.ts'
import { type Decision } from './routing.ts'

/** Greatest Max-Forwards (RFC 3261 §20.22), and what a request without one gets (§16.6 step 3). */
const mostHops = 255
const usualHops = 70
/** Branches that a request without Max-Breadth may have at once (RFC 5393 §5.3.2). */
const usualBreadth = 60
const mostBreadth = 2 ** 31 - 1
/** Schemes of Request-URIs that lead somewhere: numbers and services too, which the next hop may know (RFC 3966, RFC 5031). */
const understood = /^(?:sips?|tel|urn):/i

/** In small letters it is another method to this proxy (RFC 3261 §7.1), but no other to Kamailio and pjsip behind it. */
const anyInvite = /^invite$/i

/**
 * RFC 3261 §16.3 steps 2, 3 and 5: the Request-URI must be understood, hops must be left, and no extension be asked of this
 * proxy. And no call may look like another method here, and like a call to who gets it: it would not be diverted.
 * @returns undefined for a request that is reasonable
 */
export function refusalOf({ method, uri, headers }: SipRequest): Decision | undefined {
  if (method !== 'INVITE' && anyInvite.test(method)) return { kind: 'answer', status: 400, reason: 'Bad method' }
  if (!understood.test(uri)) return { kind: 'answer', status: 416 }
  const hops = hopsOf(headers.get('Max-Forwards'))
  if (hops === undefined) return { kind: 'answer', status: 400, reason: 'Bad Max-Forwards' }
  // who sends OPTIONS with no hops left asks whoever it reaches (§11)
  if (hops === 0 && method === 'OPTIONS') return { kind: 'answer', status: 200, headers: capabilities }
  if (hops === 0) return { kind: 'answer', status: 483 }
  const extensions = headers.has('Proxy-Require') ? headers.values('Proxy-Require') : []
  if (extensions.length === 0) return undefined
  return { kind: 'answer', status: 420, headers: [['Unsupported', extensions.join(', ')]] }
}

/** RFC 3261 §16.6 step 3. */
export function countHop({ headers }: SipRequest): void {
  headers.set('Max-Forwards', String(hopsOf(headers.get('Max-Forwards'))! - 1))
}

function hopsOf(value: string | undefined): number | undefined {
  return value === undefined ? usualHops + 1 : decimal(value, 0, value.length, mostHops)
}

/**
 * How many branches each branch of a request may have in its turn (RFC 5393 §5.3.3): its Max-Breadth, shared out evenly.
 * @param branches - that this proxy sends it to
 * @returns 0 when there is not enough for all of them
 * @throws HeaderError 400 when Max-Breadth is no number
 */
export function breadthOfEach({ headers }: SipRequest, branches: number): number {
  const value = headers.get('Max-Breadth')
  const breadth = value === undefined ? usualBreadth : decimal(value, 0, value.length, mostBreadth)
  if (breadth === undefined) throw new HeaderError('SIP_MAX_BREADTH', 'Max-Breadth is no number.', { status: 400 })
  return Math.floor(breadth / branches)
}
