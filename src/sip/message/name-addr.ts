import { indexWithin, isSpace, quotedEnd, skipSpace, trimEnd } from './characters.ts'
import { HeaderError } from './header-error.ts'
import { findParameter, readParameters } from './parameters.ts'

/** A value of From, To, Contact, Route, Refer-To … (RFC 3261 §20.10), nothing decoded. */
export interface NameAddr {
  /** What stands before `<`, as written with its quotes; empty when there is none. */
  readonly display: string
  /** The URI as written; `*` of `Contact: *`. */
  readonly uri: string
  /** The header parameters as written, from their first semicolon on; empty when there are none. */
  readonly params: string
  /** A header parameter by its name in any case: its value as written, true when it has none, undefined when absent. */
  param(name: string): string | true | undefined
}

/**
 * Takes one value apart. Without `<>` everything behind the first semicolon belongs to the header, not to the URI, and a
 * `?` or a comma makes the value malformed (RFC 3261 §20). The URI is not parsed, but it has no white space.
 * @param value - one value: a list is split before, with `Headers.values`
 * @throws HeaderError `SIP_NAME_ADDR`
 */
export function parseNameAddr(value: string): NameAddr {
  const parts = split(value)
  return {
    display: value.slice(parts.displayStart, parts.displayEnd),
    uri: value.slice(parts.uriStart, parts.uriEnd),
    params: value.slice(parts.paramsStart, parts.end),
    param(name) {
      const found = findParameter(parameters(value, parts), name)
      return found && (found.value ?? true)
    },
  }
}

/**
 * The tag of a From or To value.
 * @returns undefined without one; one without a value counts as none
 * @throws HeaderError `SIP_NAME_ADDR` when the value, its parameters included, is malformed, and when it has more than one
 *   tag: which one is meant is then nobody's to guess
 */
export function tagOf(value: string): string | undefined {
  const known = lastValues.indexOf(value)
  if (known >= 0) return lastTags[known]
  const tag = readTag(value)
  lastValues[oldest] = value
  lastTags[oldest] = tag
  oldest = (oldest + 1) % lastValues.length
  return tag
}

/** What was asked for last: reading a message, finding its transaction and its dialog, and answering it each ask for both tags. */
const lastValues: (string | undefined)[] = new Array<undefined>(4).fill(undefined)
const lastTags: (string | undefined)[] = []
let oldest = 0

function readTag(value: string): string | undefined {
  const tags = parameters(value, split(value)).filter((one) => one.name.toLowerCase() === 'tag')
  if (tags.length > 1) throw malformed('more than one tag')
  const tag = tags[0]?.value
  return tag === '' ? undefined : tag
}

/**
 * A From or To value with the given tag in place of its own, everything else as it was.
 * @param tag - undefined takes the tag away
 * @throws HeaderError `SIP_NAME_ADDR`
 */
export function withTag(value: string, tag: string | undefined): string {
  const parts = split(value)
  let result = value.slice(0, parts.paramsStart)
  for (const one of parameters(value, parts)) {
    if (one.name.toLowerCase() !== 'tag') result += value.slice(one.start, one.end)
  }
  result = result.slice(0, trimEnd(result, 0, result.length))
  return tag === undefined ? result : `${result};tag=${tag}`
}

interface Parts {
  readonly displayStart: number
  readonly displayEnd: number
  readonly uriStart: number
  readonly uriEnd: number
  readonly paramsStart: number
  readonly end: number
}

function split(value: string): Parts {
  const start = skipSpace(value, 0, value.length)
  const end = trimEnd(value, start, value.length)
  let angle: number
  if (value.charCodeAt(start) === 0x22) {
    const displayEnd = quotedEnd(value, start, end)
    if (displayEnd < 0) throw malformed('an open quote')
    angle = skipSpace(value, displayEnd, end)
    if (value.charCodeAt(angle) !== 0x3c) throw malformed('no < behind the display name')
  } else {
    angle = value.indexOf('<', start)
    const semicolon = value.indexOf(';', start)
    // a < in the value of a parameter, as of +sip.instance, is none of the address
    if (angle < 0 || (semicolon >= 0 && semicolon < angle)) return splitBare(value, start, end)
  }
  const uriEnd = value.indexOf('>', angle)
  if (uriEnd < 0) throw malformed('no > behind the URI')
  checkUri(value, angle + 1, uriEnd)
  const paramsStart = skipSpace(value, uriEnd + 1, end)
  return {
    displayStart: start,
    displayEnd: trimEnd(value, start, angle),
    uriStart: angle + 1,
    uriEnd,
    paramsStart,
    end,
  }
}

/** `addr-spec` without `<>`: every parameter is the header's. */
function splitBare(value: string, start: number, end: number): Parts {
  const semicolon = indexWithin(value, 0x3b, start, end)
  const paramsStart = semicolon < 0 ? end : semicolon
  const uriEnd = trimEnd(value, start, paramsStart)
  checkUri(value, start, uriEnd)
  for (let i = start; i < uriEnd; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x3f || c === 0x2c) throw malformed('a URI with ? or , needs < and >')
  }
  return { displayStart: start, displayEnd: start, uriStart: start, uriEnd, paramsStart, end }
}

function checkUri(value: string, start: number, end: number): void {
  if (start >= end) throw malformed('no URI')
  for (let i = start; i < end; i++) {
    const c = value.charCodeAt(i)
    if (isSpace(c) || c === 0x22 || c === 0x3c) throw malformed('a URI with white space, a quote or <')
  }
}

function parameters(value: string, parts: Parts): ReturnType<typeof readParameters> & object {
  const found = readParameters(value, parts.paramsStart, parts.end)
  if (found === undefined) throw malformed('malformed parameters')
  return found
}

function malformed(what: string): HeaderError {
  return new HeaderError('SIP_NAME_ADDR', `Malformed address: ${what}.`, { status: 400 })
}
