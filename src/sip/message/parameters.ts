import { indexWithin, isSpace, isToken, quotedEnd, skipSpace, trimEnd } from './characters.ts'

/** One `;name=value` of a header field. */
export interface Parameter {
  /** As written. */
  readonly name: string
  /** As written, quotes included; absent without `=`. */
  readonly value?: string
  /** Where it begins and ends in the text: text[start, end) begins with the semicolon. */
  readonly start: number
  readonly end: number
}

/**
 * Reads the header parameters of text[start, end) (RFC 3261 §25.1, `*( SEMI generic-param )`).
 * @returns undefined when they are malformed: an empty one, a name that is no token, an open quote, white space inside
 */
export function readParameters(text: string, start: number, end: number): Parameter[] | undefined {
  const found: Parameter[] = []
  let at = skipSpace(text, start, end)
  while (at < end) {
    if (text.charCodeAt(at) !== 0x3b) return undefined
    const nameStart = skipSpace(text, at + 1, end)
    const stop = parameterEnd(text, nameStart, end)
    if (stop < 0) return undefined
    const parameter = readParameter(text, at, nameStart, trimEnd(text, nameStart, stop))
    if (parameter === undefined) return undefined
    found.push(parameter)
    at = stop
  }
  return found
}

function readParameter(text: string, start: number, nameStart: number, end: number): Parameter | undefined {
  const equals = indexWithin(text, 0x3d, nameStart, end)
  if (equals < 0) {
    return isToken(text, nameStart, end) ? { name: text.slice(nameStart, end), start, end } : undefined
  }
  const nameEnd = trimEnd(text, nameStart, equals)
  const valueStart = skipSpace(text, equals + 1, end)
  if (!isToken(text, nameStart, nameEnd) || !isParameterValue(text, valueStart, end)) return undefined
  return { name: text.slice(nameStart, nameEnd), value: text.slice(valueStart, end), start, end }
}

/** One quoted string, or anything without white space and quotes: more than the grammar's tokens, which real phones exceed. */
function isParameterValue(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) === 0x22) return quotedEnd(text, start, end) === end
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || c === 0x22 || c === 0x2c) return false
  }
  return true
}

/** The semicolon behind the parameter that begins at `start`, or `end`; -1 when a quote is open. */
function parameterEnd(text: string, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x3b) return i
    if (c === 0x22) {
      i = quotedEnd(text, i, end) - 1
      if (i < 0) return -1
    }
  }
  return end
}

/** The first parameter of the name, in any case. */
export function findParameter(parameters: readonly Parameter[], name: string): Parameter | undefined {
  const wanted = name.toLowerCase()
  return parameters.find((one) => one.name.toLowerCase() === wanted)
}
