import { decimal } from '../message/characters.ts'
import { parseCSeq } from '../message/cseq.ts'
import { type SipRequest } from '../message/message.ts'
import { parseUri } from '../message/uri.ts'
import { type HeaderList } from '../transaction/header-list.ts'

/** Why a request is refused. */
export interface Refusal {
  readonly status: number
  readonly headers?: HeaderList
}

/** The methods that are known by name (RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086): 405 for those, 501 for others. */
const knownMethods: ReadonlySet<string> = new Set([
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'SUBSCRIBE',
  'NOTIFY',
  'UPDATE',
  'MESSAGE',
  'REFER',
  'PUBLISH',
  'INFO',
])

/** Greatest Max-Forwards (RFC 3261 §20.22). */
const mostHops = 255

const knownSchemes: ReadonlySet<string> = new Set(['sip', 'sips', 'tel'])

/** What a user agent can do, as far as requests are checked against it. */
export interface Capabilities {
  readonly allow: readonly string[]
  readonly supported: readonly string[]
  readonly passed?: readonly string[]
}

/**
 * The checks that RFC 3261 §8.2 asks of every request but ACK and CANCEL, in its order: method, Request-URI, extensions;
 * before them whether method and CSeq agree, and outside of dialogs that hops are left (§16.3; OPTIONS may end here, §11).
 * @returns undefined for a request that is welcome
 * @throws CodedError 400 when Request-URI or CSeq are malformed
 */
export function refusalOf(request: SipRequest, can: Capabilities, inDialog: boolean): Refusal | undefined {
  const { method, headers } = request
  if (parseCSeq(headers.get('CSeq') ?? '').method !== method) return { status: 400 }
  if (!can.allow.includes(method)) {
    return { status: knownMethods.has(method) ? 405 : 501, headers: [['Allow', can.allow.join(', ')]] }
  }
  if (!knownSchemes.has(parseUri(request.uri).scheme)) return { status: 416 }
  if (!inDialog && method !== 'OPTIONS') {
    const hops = headers.get('Max-Forwards')
    const left = hops === undefined ? mostHops : decimal(hops, 0, hops.length, mostHops)
    if (left === undefined) return { status: 400 }
    if (left === 0) return { status: 483 }
  }
  const known = (tag: string): boolean => can.supported.includes(tag) || can.passed?.includes(tag) === true
  const unsupported = headers.values('Require').filter((tag) => !known(tag.toLowerCase()))
  if (unsupported.length > 0) return { status: 420, headers: [['Unsupported', unsupported.join(', ')]] }
  if (method === 'INVITE' && !inDialog && !isContact(headers.values('Contact'))) return { status: 400 }
  return undefined
}

/** An INVITE names exactly one place to be reached at (RFC 3261 §8.1.1.8). */
function isContact(contacts: readonly string[]): boolean {
  return contacts.length === 1 && contacts[0] !== '*'
}
