import { decimal, isSpace, isToken, skipSpace, trimEnd } from './characters.ts'
import { HeaderError } from './header-error.ts'

/** A CSeq value (RFC 3261 §20.16). */
export interface CSeq {
  /** Below 2³¹ (RFC 3261 §8.1.1.5). */
  readonly number: number
  /** Case matters. */
  readonly method: string
}

/**
 * Takes a CSeq value apart.
 * @throws HeaderError `SIP_CSEQ`
 */
export function parseCSeq(value: string): CSeq {
  const start = skipSpace(value, 0, value.length)
  const end = trimEnd(value, start, value.length)
  let numberEnd = start
  while (numberEnd < end && !isSpace(value.charCodeAt(numberEnd))) numberEnd++
  const number = decimal(value, start, numberEnd, 0x7fffffff)
  const methodStart = skipSpace(value, numberEnd, end)
  if (number === undefined || !isToken(value, methodStart, end)) {
    throw new HeaderError('SIP_CSEQ', 'Malformed CSeq: a number below 2³¹ and a method are wanted.', { status: 400 })
  }
  return { number, method: value.slice(methodStart, end) }
}
