import { CodedError } from '../../base/coded-error.ts'
import { decimal, indexWithin, isHost } from './characters.ts'

export { sameUri } from './same-uri.ts'

/** A URI that cannot be read, code `SIP_URI`, status 400; or parts that make none when writing. */
export class UriError extends CodedError {
  constructor(what: string) {
    super('SIP_URI', `Malformed URI: ${what}.`, { status: 400 })
  }
}

/** One `;name=value` of a URI, as written. */
export interface UriParam {
  readonly name: string
  /** Absent for a parameter without `=`, such as `lr`. */
  readonly value?: string
}

/** What `formatUri` makes a URI of. */
export interface UriParts {
  /** `sip`, `sips`, `tel`, or any other scheme. */
  readonly scheme: string
  /** The user as written, still escaped; of a tel URI, the number. */
  readonly user?: string
  /** What stands between `:` and `@`, as written. */
  readonly password?: string
  /**
   * The host as written, an IPv6 address with its brackets. Empty for tel; for a scheme that this stack does not know,
   * everything after the colon.
   */
  readonly host: string
  readonly port?: number
  readonly params?: readonly UriParam[]
  /** What follows the `?`, as written, without it; empty when there is nothing. */
  readonly headers?: string
}

/** A URI taken apart, nothing decoded. */
export interface SipUri extends UriParts {
  /** Lower case. */
  readonly scheme: 'sip' | 'sips' | 'tel' | (string & {})
  readonly params: readonly UriParam[]
  readonly headers: string
  /** The text that was parsed, byte for byte. */
  readonly raw: string
}

const noParams: readonly UriParam[] = []

/**
 * Takes a URI apart (RFC 3261 §19.1.1, RFC 3966 for tel). Escapes such as `%ff` are neither decoded nor checked: what is
 * only relayed need not make sense. White space, control characters, quotes and `<>` are refused in every URI.
 * @param text - one latin1 char a byte
 * @throws UriError
 */
export function parseUri(text: string): SipUri {
  const colon = schemeEnd(text)
  checkCharacters(text)
  const scheme = text.slice(0, colon).toLowerCase()
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text, scheme, colon + 1)
  if (scheme === 'tel') return parseTelUri(text, colon + 1)
  if (colon + 1 === text.length) throw new UriError('nothing follows the scheme')
  return { scheme, host: text.slice(colon + 1), params: noParams, headers: '', raw: text }
}

function parseSipUri(raw: string, scheme: 'sip' | 'sips', start: number): SipUri {
  // the user may itself hold `;`, `?` and `/`; an `@` it may not, so the first one ends it
  const at = raw.indexOf('@', start)
  const hostStart = at < 0 ? start : at + 1
  let user: string | undefined
  let password: string | undefined
  if (at >= 0) {
    const colon = raw.indexOf(':', start)
    const userEnd = colon >= 0 && colon < at ? colon : at
    if (userEnd === start) throw new UriError('empty user')
    user = raw.slice(start, userEnd)
    if (userEnd !== at) password = raw.slice(userEnd + 1, at)
  }
  const question = raw.indexOf('?', hostStart)
  const end = question < 0 ? raw.length : question
  const semicolon = raw.indexOf(';', hostStart)
  const hostPortEnd = semicolon < 0 || semicolon > end ? end : semicolon
  const portColon = hostColon(raw, hostStart, hostPortEnd)
  if (!isHost(raw, hostStart, portColon)) throw new UriError('no host')
  const port = portColon < hostPortEnd ? decimal(raw, portColon + 1, hostPortEnd, 65535) : undefined
  if (port === undefined && portColon < hostPortEnd) throw new UriError('the port is no number up to 65535')
  const uri: { -readonly [K in keyof SipUri]: SipUri[K] } = {
    scheme,
    host: raw.slice(hostStart, portColon),
    params: hostPortEnd === end ? noParams : parseParams(raw, hostPortEnd + 1, end),
    headers: raw.slice(end + 1),
    raw,
  }
  if (user !== undefined) uri.user = user
  if (password !== undefined) uri.password = password
  if (port !== undefined) uri.port = port
  return uri
}

function parseTelUri(raw: string, start: number): SipUri {
  const semicolon = raw.indexOf(';', start)
  const end = semicolon < 0 ? raw.length : semicolon
  if (end === start) throw new UriError('empty telephone number')
  return {
    scheme: 'tel',
    user: raw.slice(start, end),
    host: '',
    params: semicolon < 0 ? noParams : parseParams(raw, semicolon + 1, raw.length),
    headers: '',
    raw,
  }
}

function parseParams(raw: string, start: number, end: number): UriParam[] {
  const params: UriParam[] = []
  while (start <= end) {
    const semicolon = raw.indexOf(';', start)
    const stop = semicolon < 0 || semicolon > end ? end : semicolon
    const equals = indexWithin(raw, 0x3d, start, stop)
    if (equals < 0) params.push({ name: raw.slice(start, stop) })
    else params.push({ name: raw.slice(start, equals), value: raw.slice(equals + 1, stop) })
    start = stop + 1
  }
  return params
}

/** The index of the colon behind the scheme (RFC 3261 §25.1: a letter, then letters, digits, `+`, `-`, `.`). */
function schemeEnd(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x3a && i > 0) return i
    const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
    const later = (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x2e
    if (!letter && !(later && i > 0)) break
  }
  throw new UriError('no scheme')
}

function checkCharacters(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c <= 0x20 || c === 0x22 || c === 0x3c || c === 0x3e || c === 0x7f || c > 0xff) {
      throw new UriError('it has a character that must be escaped')
    }
  }
}

/** The colon that separates host and port in raw[start, end), or `end`; the colons of `[IPv6]` are none. */
function hostColon(raw: string, start: number, end: number): number {
  const from = raw.charCodeAt(start) === 0x5b ? raw.indexOf(']', start) : start
  const colon = from < 0 ? -1 : raw.indexOf(':', from)
  return colon < 0 || colon > end ? end : colon
}

/**
 * A parameter of a URI.
 * @param name - in any case
 * @returns its value as written, true when it has none, undefined when it is absent
 */
export function uriParam(uri: { readonly params?: readonly UriParam[] }, name: string): string | true | undefined {
  const wanted = name.toLowerCase()
  const param = uri.params?.find((one) => one.name.toLowerCase() === wanted)
  return param && (param.value ?? true)
}

/**
 * Writes a URI from its parts. What came from `parseUri` unchanged gives the same text, but for the scheme's case and
 * leading zeros of the port; `raw` has those.
 * @throws UriError when the text would be no URI, or one of other parts: nothing can be smuggled in through a part
 */
export function formatUri(parts: UriParts): string {
  let text = `${parts.scheme}:`
  if (parts.user !== undefined) {
    text += parts.user
    if (parts.password !== undefined) text += `:${parts.password}`
    if (parts.scheme !== 'tel') text += '@'
  }
  text += parts.host
  if (parts.port !== undefined) text += `:${parts.port}`
  for (const { name, value } of parts.params ?? noParams) text += value === undefined ? `;${name}` : `;${name}=${value}`
  if (parts.headers !== undefined && parts.headers !== '') text += `?${parts.headers}`
  if (!hasParts(parseUri(text), parts)) throw new UriError('a part of it would be read as another')
  return text
}

function hasParts(uri: SipUri, parts: UriParts): boolean {
  return (
    uri.user === parts.user &&
    uri.password === parts.password &&
    uri.host === parts.host &&
    uri.port === parts.port &&
    uri.params.length === (parts.params?.length ?? 0) &&
    uri.headers === (parts.headers ?? '')
  )
}
