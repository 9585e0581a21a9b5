import { type ByteSet, byteSet, characterClasses } from './byte-set.ts'
import { collatingByte, collatingName } from './collating-names.ts'
import { readEscape } from './escape.ts'
import { PatternError } from './pattern-error.ts'

/** One element between the brackets. Only a byte can begin a range, and only one that is no collating element ends one. */
type Element =
  | {
      readonly kind: 'byte'
      readonly byte: number
      readonly named: boolean
      readonly start: number
      readonly end: number
    }
  | { readonly kind: 'class'; readonly set: ByteSet; readonly start: number; readonly end: number }

/**
 * Reads the bracket expression at `start`, where `[` stands, by libstdc++'s rules: `[]` holds nothing and `[^]`
 * everything; a hyphen is itself as the first element, as the last, and behind a range.
 * @returns the bytes that it stands for, and the offset behind its `]`
 * @throws {PatternError} for a missing `]`, a bad range, an unknown class or collating name
 */
export function readBracketExpression(pattern: string, start: number): { readonly set: ByteSet; readonly end: number } {
  const members = new Uint8Array(256)
  const negative = pattern[start + 1] === '^'
  let offset = start + (negative ? 2 : 1)
  let previous: Element | undefined // what a hyphen that follows would make a range of
  while (pattern[offset] !== ']') {
    if (offset >= pattern.length) throw unclosed(start)
    const element = readElement(pattern, offset)
    const isHyphen = pattern[offset] === '-'
    if (isHyphen && previous && pattern[offset + 1] !== ']') {
      if (offset + 1 >= pattern.length) throw unclosed(start)
      const last = readElement(pattern, offset + 1)
      addRange(members, previous, last, pattern, offset)
      offset = last.end
      previous = undefined
      continue
    }
    if (element.kind === 'byte') members[element.byte] = 1
    else element.set.forEach((belongs, byte) => (members[byte]! |= belongs))
    offset = element.end
    previous = element
  }
  const inside = negative ? 0 : 1
  return { set: byteSet((byte) => members[byte] === inside), end: offset + 1 }
}

function unclosed(start: number): PatternError {
  return new PatternError(start + 1, '"[" is not closed', 'close it with "]", or write \\[ for the character itself')
}

function readElement(pattern: string, offset: number): Element {
  const byte = pattern.charCodeAt(offset)
  if (pattern[offset] === '\\') {
    const escape = readEscape(pattern, offset, true)
    if (escape.kind === 'byte') return { kind: 'byte', byte: escape.byte, named: false, start: offset, end: escape.end }
    if (escape.kind === 'class') return { kind: 'class', set: escape.set, start: offset, end: escape.end }
    const text = pattern.slice(offset, escape.end)
    throw new PatternError(
      offset + 1,
      `${text} has no meaning between brackets`,
      `remove it, or write it outside of [ ]`,
    )
  }
  const sort = pattern[offset + 1]
  if (pattern[offset] === '[' && (sort === ':' || sort === '.' || sort === '=')) return readNamed(pattern, offset, sort)
  return { kind: 'byte', byte, named: false, start: offset, end: offset + 1 }
}

/** Reads `[:class:]`, `[.element.]` or `[=equivalence=]`. */
function readNamed(pattern: string, start: number, sort: ':' | '.' | '='): Element {
  const stop = pattern.indexOf(sort, start + 2)
  if (stop < 0 || pattern[stop + 1] !== ']') {
    throw new PatternError(
      start + 1,
      `"[${sort}" is not closed`,
      `close it with "${sort}]" inside the brackets, e.g. [[:digit:]], or write \\[ for the character itself`,
    )
  }
  const name = pattern.slice(start + 2, stop)
  const end = stop + 2
  if (sort === ':') {
    const set = characterClasses.get(name.toLowerCase())
    if (set) return { kind: 'class', set, start, end }
    const known = [...characterClasses.keys()].filter((one) => one.length > 1).join(', ')
    throw new PatternError(start + 1, `there is no character class "${name}"`, `write one of ${known}`)
  }
  const byte = collatingByte(name)
  if (byte === undefined) throw unknownElement(name, start)
  if (sort === '.') return { kind: 'byte', byte, named: true, start, end }
  // The primary weight of the locale "C" is the letter without its case
  const primary = String.fromCharCode(byte).toLowerCase()
  return { kind: 'class', set: byteSet((one) => String.fromCharCode(one).toLowerCase() === primary), start, end }
}

function unknownElement(name: string, start: number): PatternError {
  const proper = name.length === 1 ? collatingName(name.charCodeAt(0)) : undefined
  return new PatternError(
    start + 1,
    `there is no collating element "${name}"`,
    proper === undefined ? 'write the character itself' : `write [[.${proper}.]], or the character itself`,
  )
}

function addRange(members: Uint8Array, low: Element, high: Element, pattern: string, hyphen: number): void {
  const write = 'write \\- for the hyphen itself, or put it last'
  if (low.kind === 'class') throw new PatternError(hyphen + 1, 'a class cannot begin a range', write)
  if (high.kind === 'class' || high.named) {
    const what = high.kind === 'class' ? 'a class cannot end a range' : 'a collating element cannot end a range'
    throw new PatternError(hyphen + 1, what, high.kind === 'class' ? write : 'write the character itself')
  }
  // char is signed where Flexisip runs: the bytes from 0x80 on come before 0x00
  const signed = (byte: number) => (byte << 24) >> 24
  const first = signed(low.byte)
  const last = signed(high.byte)
  if (first > last) {
    const text = pattern.slice(low.start, high.end)
    throw new PatternError(hyphen + 1, `the range ends before it begins ("${text}")`, 'write the lower character first')
  }
  for (let byte = first; byte <= last; byte++) members[byte & 0xff] = 1
}
