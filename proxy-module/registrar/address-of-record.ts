import { parseUri, type SipUri } from '../../src/sip/message/uri.ts'

/**
 * The key under which an address-of-record is stored (RFC 3261 §10.3 step 5): user without needless escapes, domain in
 * lower case, no password, port, parameters or headers. sip and sips are one and the same (RFC 5630 §5.3).
 * @returns undefined for a URI that is no sip or sips URI with a user
 */
export function addressOfRecord(uri: SipUri): string | undefined {
  if ((uri.scheme !== 'sip' && uri.scheme !== 'sips') || uri.user === undefined) return undefined
  return addressOf(unescaped(uri.user), uri.host)
}

/** As {@link addressOfRecord}, of a user without escapes. */
export function addressOf(user: string, domain: string): string {
  return `sip:${escaped(user)}@${domain.toLowerCase()}`
}

/**
 * The address-of-record of a URI text.
 * @throws UriError
 */
export function parseAddressOfRecord(text: string): string | undefined {
  return addressOfRecord(parseUri(text))
}

/** Whether a list of domains, as in `reg-domains`, has a domain; `*` stands for every one. */
export function hasDomain(domains: readonly string[], domain: string): boolean {
  const wanted = domain.toLowerCase()
  return domains.some((one) => one === '*' || one.toLowerCase() === wanted)
}

/** Decodes the escapes of a user, byte by byte. */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Escapes what must be (RFC 3261 §25.1 `user`), and nothing else: one spelling for each user. */
function escaped(user: string): string {
  return user.replace(/[^a-zA-Z0-9\-_.!~*'()&=+$,;?/]/g, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
