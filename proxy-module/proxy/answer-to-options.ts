import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseUri } from '../../src/sip/message/uri.ts'
import { type OwnAddresses } from './own-address.ts'
import { type Decision } from './routing.ts'

/** A proxy passes on every method; these are those of the standards. */
const allow =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO, UPDATE, PRACK, PUBLISH'

/** What this proxy can do, for those who ask it (RFC 3261 §11.2). */
export const capabilities: readonly (readonly [string, string])[] = [
  ['Allow', allow],
  ['Accept', '*/*'],
]

/** The answer to who asks whether this proxy itself is alive (RFC 3261 §11); undefined for every other request. */
export function answerToOptions({ method, uri }: SipRequest, own: OwnAddresses): Decision | undefined {
  if (method !== 'OPTIONS') return undefined
  const target = parseUri(uri)
  if (target.user !== undefined || !own.has(target)) return undefined
  return { kind: 'answer', status: 200, headers: capabilities }
}
