/**
 * Character classes of RFC 3261 §25.1 as tables over one byte: header text is held as latin1 strings, one char a byte.
 */
const TOKEN = 1
const HOST = 2
const DIGIT = 4

const classes = new Uint8Array(256)
function mark(characters: string, bit: number): void {
  for (let i = 0; i < characters.length; i++) classes[characters.charCodeAt(i)]! |= bit
}
const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
mark(digits, DIGIT | TOKEN | HOST)
mark(letters, TOKEN | HOST)
mark("-.!%*_+`'~", TOKEN)
// `_` is in no host name by the grammar, yet real networks have such names
mark('-._', HOST)

function all(text: string, start: number, end: number, bit: number): boolean {
  if (start >= end) return false
  for (let i = start; i < end; i++) {
    if ((classes[text.charCodeAt(i)]! & bit) === 0) return false
  }
  return true
}

/** Whether text[start, end) is a token: one or more of the characters that methods, header and parameter names are of. */
export function isToken(text: string, start = 0, end = text.length): boolean {
  return all(text, start, end, TOKEN)
}

/** Whether text[start, end) is one or more decimal digits. */
export function isDigits(text: string, start = 0, end = text.length): boolean {
  return all(text, start, end, DIGIT)
}

/** Whether text[start, end) is a host as a SIP URI or a Via may carry it: a name, an IPv4 literal, or `[IPv6]`. */
export function isHost(text: string, start = 0, end = text.length): boolean {
  if (text.charCodeAt(start) !== 0x5b) return all(text, start, end, HOST)
  if (end - start < 4 || text.charCodeAt(end - 1) !== 0x5d) return false
  for (let i = start + 1; i < end - 1; i++) {
    const c = text.charCodeAt(i)
    const hex = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)
    if (!hex && c !== 0x3a && c !== 0x2e) return false
  }
  return true
}

/** Whether a char code is a space or a tab: linear white space once lines are unfolded. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/**
 * The first index of a char code in text[start, end), or -1. Unlike `indexOf` it never looks beyond `end`, which keeps
 * scans that are made once an element linear in the whole.
 */
export function indexWithin(text: string, code: number, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (text.charCodeAt(i) === code) return i
  }
  return -1
}

/** The first index in [start, end) that holds no linear white space, or `end`. */
export function skipSpace(text: string, start: number, end: number): number {
  while (start < end && isSpace(text.charCodeAt(start))) start++
  return start
}

/** The index after the last char of text[start, end) that is no linear white space, or `start`. */
export function trimEnd(text: string, start: number, end: number): number {
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return end
}

/** text[start, end) without the linear white space at its ends. */
export function trimmed(text: string, start: number, end: number): string {
  const from = skipSpace(text, start, end)
  return text.slice(from, trimEnd(text, from, end))
}

/**
 * A decimal number of text[start, end).
 * @returns the number, or undefined when there is anything but digits, or when it exceeds `max`
 */
export function decimal(text: string, start: number, end: number, max: number): number | undefined {
  if (start >= end) return undefined
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
    if (value > max) return undefined
  }
  return value
}

/**
 * The index after the quoted string (RFC 3261 §25.1, `quoted-string`) that begins at `start`.
 * @param start - index of the opening quote
 * @returns -1 when the string is not closed before `end`
 */
export function quotedEnd(text: string, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5c) i++
    else if (c === 0x22) return i + 1
  }
  return -1
}
