import { decimal } from '../../src/sip/message/characters.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { type Decision } from './routing.ts'

/** Greatest Max-Forwards (RFC 3261 §20.22), and what a request without one gets (§16.6 step 3). */
const mostHops = 255
const usualHops = 70

/**
 * RFC 3261 §16.3 steps 3 and 5: hops must be left, and no extension be asked of this proxy.
 * @returns undefined for a request that is reasonable
 */
export function refusalOf({ method, headers }: SipRequest): Decision | undefined {
  const hops = hopsOf(headers.get('Max-Forwards'))
  if (hops === undefined) return { kind: 'answer', status: 400, reason: 'Bad Max-Forwards' }
  // who sends OPTIONS with no hops left asks whoever it reaches (§11)
  if (hops === 0) return { kind: 'answer', status: method === 'OPTIONS' ? 200 : 483 }
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
