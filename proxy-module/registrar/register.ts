import { CodedError } from '../../src/base/coded-error.ts'
import { parseCSeq } from '../../src/sip/message/cseq.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { sameUri, uriParam } from '../../src/sip/message/uri.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { type Answer } from './answer.ts'
import { parseContact, parseExpires, type RequestedContact } from './contact.ts'
import { type StoredBinding } from './stored-binding.ts'

/** What a registrar grants. Durations are seconds. */
export interface RegistrarSettings {
  readonly minExpires: number
  readonly maxExpires: number
  readonly defaultExpires: number
  /** Contacts in one REGISTER; more are answered 403, as Flexisip does. */
  readonly maxContactsPerRegistration: number
  /** Bindings of one address-of-record; the one that was refreshed longest ago makes room, as in Flexisip. */
  readonly maxContactsByAor: number
  /**
   * Whether phones get a public GRUU (RFC 5627; Flexisip's `enable-gruu`). They then give it as Contact of their dialogs, so
   * the proxy must look Request-URIs of its domains up inside of dialogs too.
   */
  readonly gruu: boolean
}

/** Flexisip's defaults, but for the GRUU. */
export const defaultRegistrarSettings: RegistrarSettings = Object.freeze({
  minExpires: 60,
  maxExpires: 86_400,
  defaultExpires: 600,
  maxContactsPerRegistration: 12,
  maxContactsByAor: 12,
  gruu: false,
})

/** The answer to a REGISTER, and what it changes. */
export interface RegisterOutcome extends Answer {
  readonly headers: readonly (readonly [string, string])[]
  /** Every binding from now on; absent when nothing changes. */
  readonly bindings?: readonly StoredBinding[]
}

/** What a REGISTER is judged by beside itself. */
export interface RegisterContext {
  /** The address-of-record, for pub-gruu. */
  readonly aor: string
  readonly settings: RegistrarSettings
  /** The flow that the request came over. */
  readonly flow?: Flow
}

function supportedBy({ gruu }: RegistrarSettings): readonly string[] {
  return gruu ? ['path', 'outbound', 'gruu'] : ['path', 'outbound']
}

/** Longest Path that is kept with a binding, in bytes. */
const longestPath = 2048

/**
 * Answers a REGISTER (RFC 3261 §10.3 steps 2 and 6 to 8; Path of RFC 3327, outbound of RFC 5626 §6, pub-gruu of RFC 5627).
 * All of its changes are made, or none.
 * @param bindings - those of the address-of-record; expired ones count as gone
 * @param now - milliseconds on the clock of `expiresAt`
 */
export function register(
  request: SipRequest,
  bindings: readonly StoredBinding[],
  now: number,
  context: RegisterContext,
): RegisterOutcome {
  const { headers } = request
  const supported = supportedBy(context.settings)
  const unsupported = headers.values('Require').filter((tag) => !supported.includes(tag.toLowerCase()))
  if (unsupported.length > 0) return { status: 420, headers: [['Unsupported', unsupported.join(', ')]] }
  const live = bindings.filter(({ expiresAt }) => expiresAt > now)
  const contacts = headers.values('Contact')
  if (contacts.length === 0) return success(request, live, now, context)
  try {
    if (contacts.includes('*')) return removeAll(request, contacts, live, now, context)
    return update(request, contacts.map(parseContact), live, now, context)
  } catch (error) {
    if (error instanceof CodedError && error.status < 500) return { status: error.status, headers: [] }
    throw error
  }
}

function removeAll(
  request: SipRequest,
  contacts: readonly string[],
  live: readonly StoredBinding[],
  now: number,
  context: RegisterContext,
): RegisterOutcome {
  // step 6: alone, and with an Expires of zero, or it is refused
  if (contacts.length > 1 || request.headers.get('Expires') !== '0') {
    return { status: 400, reason: 'Contact: * needs Expires: 0', headers: [] }
  }
  if (live.some((one) => isOutOfOrder(request, one))) return outOfOrder
  return { ...success(request, [], now, context), bindings: [] }
}

function update(
  request: SipRequest,
  contacts: readonly RequestedContact[],
  live: readonly StoredBinding[],
  now: number,
  context: RegisterContext,
): RegisterOutcome {
  const { settings } = context
  if (contacts.length > settings.maxContactsPerRegistration) {
    return { status: 403, reason: 'Too many contacts in REGISTER', headers: [] }
  }
  const way = wayBack(request, context.flow)
  if (way.path.join().length > longestPath) return { status: 400, reason: 'Path too long', headers: [] }
  const expiresHeader = request.headers.get('Expires')
  const fallback = expiresHeader === undefined ? settings.defaultExpires : parseExpires(expiresHeader)
  const made: StoredBinding[] = []
  let kept = live
  for (const contact of contacts) {
    const expires = Math.min(contact.expires ?? fallback, settings.maxExpires)
    if (expires > 0 && expires < settings.minExpires) {
      return { status: 423, headers: [['Min-Expires', String(settings.minExpires)]] }
    }
    if (contact.regId !== undefined && way.outbound && !way.lastHop) return { status: 439, headers: [] }
    const replaced = kept.filter((one) => isReplaced(one, contact, contacts))
    if (replaced.some((one) => isOutOfOrder(request, one))) return outOfOrder
    kept = kept.filter((one) => !replaced.includes(one))
    const twice = made.findIndex((one) => isSame(one, contact))
    if (twice >= 0) made.splice(twice, 1)
    if (expires > 0) made.push(bindingOf(request, contact, now + expires * 1000, way))
  }
  const all = [...kept, ...made].slice(-settings.maxContactsByAor)
  return { ...success(request, all, now, context), bindings: all }
}

/** How requests get back to who registers. */
interface WayBack {
  readonly path: readonly string[]
  /** Nobody stands between: what comes over this flow came from there. */
  readonly flow?: Flow
  /** The client can do RFC 5626. */
  readonly outbound: boolean
  /** The first hop can do it too: this server itself, or a proxy that says so in its Path. */
  readonly lastHop: boolean
}

function wayBack({ headers }: SipRequest, flow: Flow | undefined): WayBack {
  const path = headers.values('Path')
  const direct = path.length === 0 && headers.values('Via').length === 1
  const first = path.at(-1)
  return {
    path,
    ...(direct && flow !== undefined && !flow.closed && { flow }),
    outbound: hasTag(headers.values('Supported'), 'outbound') || hasTag(headers.values('Require'), 'outbound'),
    lastHop: direct || (first !== undefined && /;ob(?:[;>]|$)/i.test(first)),
  }
}

function hasTag(tags: readonly string[], wanted: string): boolean {
  return tags.some((tag) => tag.toLowerCase() === wanted)
}

function bindingOf(request: SipRequest, contact: RequestedContact, expiresAt: number, way: WayBack): StoredBinding {
  const { uri, params, q, instance, regId } = contact
  const { flow } = way
  const byOutbound = way.outbound && instance !== undefined && regId !== undefined
  return {
    contact: uri.raw,
    path: way.path,
    ...(flow !== undefined && { flow }),
    q,
    uri,
    params,
    ...(instance !== undefined && { instance }),
    ...(byOutbound && { regId }),
    flowBound: flow !== undefined && flow.reliable && (byOutbound || !reachesFlow(contact, flow)),
    callId: request.headers.get('Call-ID') ?? '',
    cseq: parseCSeq(request.headers.get('CSeq') ?? '').number,
    expiresAt,
  }
}

/** Whether the Contact names the host that the request came from: then a new connection can be tried when the flow is gone. */
function reachesFlow({ uri }: RequestedContact, flow: Flow): boolean {
  const host = uri.host.startsWith('[') ? uri.host.slice(1, -1) : uri.host
  return uriParam(uri, 'maddr') === undefined && host.toLowerCase() === flow.remote.host.toLowerCase()
}

/** Whether a Contact is that of a binding: by instance and reg-id (RFC 5626 §6), else by its URI (RFC 3261 §19.1.4). */
function isSame(binding: StoredBinding, contact: RequestedContact): boolean {
  if (binding.regId !== undefined && contact.regId !== undefined && binding.instance === contact.instance) {
    return binding.regId === contact.regId
  }
  return sameUri(binding.uri, contact.uri)
}

/**
 * Whether a Contact takes the place of a binding. Without reg-id an instance that comes back with another URI has been
 * restarted or moved, so what it had is dead, unless the same request names both.
 */
function isReplaced(binding: StoredBinding, contact: RequestedContact, all: readonly RequestedContact[]): boolean {
  if (isSame(binding, contact)) return true
  return (
    contact.instance !== undefined &&
    contact.instance === binding.instance &&
    binding.regId === undefined &&
    !all.some((one) => isSame(binding, one))
  )
}

const outOfOrder: RegisterOutcome = Object.freeze({ status: 500, reason: 'CSeq out of order', headers: [] })

/** Step 7: of one Call-ID only a higher CSeq may change a binding. */
function isOutOfOrder({ headers }: SipRequest, { callId, cseq }: StoredBinding): boolean {
  return headers.get('Call-ID') === callId && parseCSeq(headers.get('CSeq') ?? '').number <= cseq
}

/** Step 8: 200 with every binding, and what of Path and outbound was used. */
function success(
  request: SipRequest,
  bindings: readonly StoredBinding[],
  now: number,
  { aor, settings }: RegisterContext,
): RegisterOutcome {
  const gruu = settings.gruu && hasTag(request.headers.values('Supported'), 'gruu')
  const headers: (readonly [string, string])[] = bindings.map((one) => [
    'Contact',
    `<${one.contact}>${one.params}${gruu ? gruuParam(aor, one) : ''};expires=${Math.ceil((one.expiresAt - now) / 1000)}`,
  ])
  const path = request.headers.values('Path')
  // in one field: of fields a message has but so many
  if (path.length > 0) headers.push(['Path', path.join(', ')])
  headers.push(['Supported', supportedBy(settings).join(', ')])
  const callId = request.headers.get('Call-ID')
  if (bindings.some((one) => one.regId !== undefined && one.callId === callId)) headers.push(['Require', 'outbound'])
  return { status: 200, headers }
}

/** The public GRUU of an instance (RFC 5627 §5.1): of the usual URNs only, which need no escapes. */
function gruuParam(aor: string, { instance, params }: StoredBinding): string {
  if (instance === undefined || !/^urn:uuid:[\da-f-]{1,64}$/i.test(instance) || /;pub-gruu=/i.test(params)) return ''
  return `;pub-gruu="${aor};gr=${instance}"`
}
