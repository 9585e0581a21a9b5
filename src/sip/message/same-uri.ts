import { type SipUri } from './uri.ts'

/** Parameters that make two URIs differ when only one of them has it (RFC 3261 §19.1.4). */
const decisiveParams = ['user', 'ttl', 'method', 'maddr', 'transport']

/**
 * Whether two URIs are the same: RFC 3261 §19.1.4 for sip and sips, RFC 3966 §4 for tel, the bytes for other schemes.
 * An absent port is not 5060, and an escape of a char is that char.
 */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false
  if (a.scheme === 'tel') return number(a.user) === number(b.user) && sameParams(a, b, true)
  if (a.scheme !== 'sip' && a.scheme !== 'sips') return a.host === b.host
  return (
    unescaped(a.user) === unescaped(b.user) &&
    unescaped(a.password) === unescaped(b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    sameParams(a, b, false) &&
    sameHeaders(a.headers, b.headers)
  )
}

/** A telephone number without its visual separators. */
function number(user = ''): string {
  return user.replace(/[-.()]/g, '').toLowerCase()
}

function sameParams(a: SipUri, b: SipUri, everyOneDecides: boolean): boolean {
  const mine = paramMap(a)
  const theirs = paramMap(b)
  // both directions: a parameter may be in either one only
  return within(mine, theirs, everyOneDecides) && within(theirs, mine, everyOneDecides)
}

function within(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>, everyOneDecides: boolean): boolean {
  for (const [name, value] of a) {
    const other = b.get(name)
    if (other === undefined ? everyOneDecides || decisiveParams.includes(name) : other !== value) return false
  }
  return true
}

/** Values by name, both in lower case and without escapes; of equal names the last counts. */
function paramMap({ params }: SipUri): ReadonlyMap<string, string> {
  return new Map(params.map(({ name, value = '' }) => [name.toLowerCase(), unescaped(value).toLowerCase()]))
}

function sameHeaders(a: string, b: string): boolean {
  return a === b || headerSet(a) === headerSet(b)
}

function headerSet(headers: string): string {
  const fields = headers.split('&').map((field) => {
    const equals = field.indexOf('=')
    return equals < 0 ? field.toLowerCase() : field.slice(0, equals).toLowerCase() + unescaped(field.slice(equals))
  })
  return fields.sort().join('&')
}

/** Escapes decoded byte by byte; a `%` that begins none stays as it is. */
function unescaped(text: string): string
function unescaped(text: string | undefined): string | undefined
function unescaped(text: string | undefined): string | undefined {
  if (!text?.includes('%')) return text
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
