import { defaultLimits } from '../../src/sip/message/limits.ts'
import { type SipResponse } from '../../src/sip/message/message.ts'

/** Of the 4xx those that tell the caller how to try again (RFC 3261 §16.7 step 6). */
const helpful: readonly number[] = [401, 407, 415, 420, 484]

/**
 * The best of the final responses of all branches (RFC 3261 §16.7 step 6): a 6xx, else one of the lowest class, and of the
 * 4xx one that tells how to try again. Of equals the first.
 * @param responses - at least one, none of them 2xx
 */
export function bestResponse<R extends Pick<SipResponse, 'status'>>(responses: readonly R[]): R {
  let best = responses[0]!
  for (const response of responses) {
    if (rank(response.status) < rank(best.status)) best = response
  }
  return best
}

function rank(status: number): number {
  if (status >= 600) return 0
  const kind = 10 * Math.floor(status / 100)
  if (helpful.includes(status)) return kind
  // a time-out says less than what somebody answered
  return status === 408 || status === 503 ? kind + 2 : kind + 1
}

const challenges = ['WWW-Authenticate', 'Proxy-Authenticate']

/**
 * Puts the challenges of the other 401 and 407 into the chosen one, so that all can be met at once (RFC 3261 §16.7 step 7), as
 * far as a message has room: phones that challenge a hundredfold must not leave the caller without an answer.
 */
export function collectChallenges(chosen: SipResponse, others: readonly SipResponse[]): void {
  if (chosen.status !== 401 && chosen.status !== 407) return
  for (const other of others) {
    if (other === chosen || (other.status !== 401 && other.status !== 407)) continue
    for (const name of challenges) {
      for (const value of other.headers.all(name)) {
        if (chosen.headers.size < defaultLimits.headers) chosen.headers.add(name, value)
      }
    }
  }
}
