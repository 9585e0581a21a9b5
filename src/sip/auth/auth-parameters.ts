import { decimal, isSpace, isToken, quotedEnd, skipSpace, trimEnd } from '../message/characters.ts'
import { AuthError, malformedAuth } from './auth-error.ts'

/** More than any challenge needs; what has more is refused before it costs. */
const mostParameters = 32

/**
 * Takes one value of WWW-Authenticate, Proxy-Authenticate, Authorization or Proxy-Authorization with the scheme Digest
 * apart, in one pass (RFC 3261 §25.1 `challenge`, `credentials`). These fields are no lists in SIP (§7.3.1): read them with
 * `Headers.all`, not with `Headers.values`.
 * @returns values by lower-case name, quotes and quoted-pairs taken away; undefined for another scheme, whose values have a
 *   grammar of their own
 * @throws AuthError `AUTH_MALFORMED`; also for a parameter that comes twice: which one is meant is nobody's to guess
 */
export function parseDigestParameters(value: string): ReadonlyMap<string, string> | undefined {
  const start = skipSpace(value, 0, value.length)
  let at = start
  while (at < value.length && !isSpace(value.charCodeAt(at))) at++
  if (!isToken(value, start, at)) throw malformedAuth('no scheme')
  return value.slice(start, at).toLowerCase() === 'digest' ? parseParameterList(value, at) : undefined
}

/**
 * Reads a comma-separated list of `name=value`, as Authentication-Info has it without a scheme (RFC 7615).
 * @param at - where to begin
 * @throws AuthError `AUTH_MALFORMED`
 */
export function parseParameterList(value: string, at = 0): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const end = trimEnd(value, at, value.length)
  for (at = skipSeparators(value, at, end); at < end; at = skipSeparators(value, at, end)) {
    const nameStart = at
    while (at < end && isToken(value, at, at + 1)) at++
    const nameEnd = at
    at = skipSpace(value, at, end)
    if (nameEnd === nameStart || value.charCodeAt(at) !== 0x3d) throw malformedAuth('a parameter without name or value')
    at = skipSpace(value, at + 1, end)
    const valueStart = at
    at = valueEnd(value, at, end)
    const name = value.slice(nameStart, nameEnd).toLowerCase()
    if (values.has(name)) throw malformedAuth('a parameter that comes twice')
    if (values.size >= mostParameters) throw malformedAuth('too many parameters')
    values.set(name, unquoted(value.slice(valueStart, at)))
    at = skipSpace(value, at, end)
    if (at < end && value.charCodeAt(at) !== 0x2c) throw malformedAuth('no comma between two parameters')
  }
  return values
}

/** Quotes a text; backslashes and quotes become quoted-pairs. */
export function quoted(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c < 0x20 && c !== 0x09) || c === 0x7f || c > 0xff) {
      throw new AuthError('AUTH_PARAMETER', 'An authentication parameter has a character that no header can carry.')
    }
  }
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/**
 * A nonce count: exactly eight hexadecimal digits (RFC 7616 §3.4).
 * @returns undefined when it is none
 */
export function parseNonceCount(text: string): number | undefined {
  if (text.length !== 8 || !isHex(text)) return undefined
  return Number.parseInt(text, 16)
}

/** A nonce count as it is written. */
export function formatNonceCount(count: number): string {
  return count.toString(16).padStart(8, '0')
}

/** Whether a text is one or more hexadecimal digits. */
export function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i) | 0x20
    if (decimal(text, i, i + 1, 9) === undefined && !(c >= 0x61 && c <= 0x66)) return false
  }
  return text.length > 0
}

function skipSeparators(value: string, at: number, end: number): number {
  while (at < end && (value.charCodeAt(at) === 0x2c || isSpace(value.charCodeAt(at)))) at++
  return at
}

/** The index behind a quoted string or a bare value, which may have more than the characters of tokens: real phones do so. */
function valueEnd(value: string, start: number, end: number): number {
  if (value.charCodeAt(start) === 0x22) {
    const stop = quotedEnd(value, start, end)
    if (stop < 0) throw malformedAuth('an open quote')
    return stop
  }
  let at = start
  for (; at < end; at++) {
    const c = value.charCodeAt(at)
    if (c === 0x2c || isSpace(c)) break
    if (c === 0x22) throw malformedAuth('a quote inside a value')
  }
  if (at === start) throw malformedAuth('a parameter without a value')
  return at
}

function unquoted(text: string): string {
  if (text.charCodeAt(0) !== 0x22) return text
  const inside = text.slice(1, -1)
  return inside.includes('\\') ? inside.replace(/\\([^])/g, '$1') : inside
}
