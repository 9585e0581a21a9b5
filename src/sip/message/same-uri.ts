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
  const within = (one: SipUri, other: SipUri): boolean =>
    one.params.every(({ name, value }) => {
      const key = name.toLowerCase()
      const theirs = other.params.find((param) => param.name.toLowerCase() === key)
      if (theirs === undefined) return !everyOneDecides && !decisiveParams.includes(key)
      return unescaped(value)?.toLowerCase() === unescaped(theirs.value)?.toLowerCase()
    })
  return within(a, b) && within(b, a)
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
