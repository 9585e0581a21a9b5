import { isSpace, quotedEnd, trimmed } from './characters.ts'

/**
 * The end of the list element that begins at `start`: the index of its comma, or the value's length. Commas in quoted
 * strings and between `<` and `>` belong to the element. A quote or `<` that nothing closes takes the rest of the value:
 * to look for a comma behind it again and again would cost the square of the length.
 */
function elementEnd(value: string, start: number): number {
  for (let i = start; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x2c) return i
    if (c !== 0x22 && c !== 0x3c) continue
    const end = c === 0x22 ? quotedEnd(value, i, value.length) : value.indexOf('>', i) + 1
    if (end <= 0) return value.length
    i = end - 1
  }
  return value.length
}

/** Splits a list at its top-level commas and appends the elements, trimmed, to `into`; empty ones are left out. */
export function splitList(value: string, into: string[]): void {
  if (!value.includes(',')) {
    if (value !== '') into.push(value)
    return
  }
  for (let start = 0; start <= value.length;) {
    const end = elementEnd(value, start)
    const element = trimmed(value, start, end)
    if (element !== '') into.push(element)
    start = end + 1
  }
}

/**
 * Cuts the first element off a list; empty ones before and behind it are left out.
 * @returns the element, trimmed, and the rest of the list; each empty when there is none
 */
export function splitFirst(value: string): { readonly first: string; readonly rest: string } {
  if (!value.includes(',')) return { first: value, rest: '' }
  const start = skipCommas(value, 0)
  const end = elementEnd(value, start)
  return { first: trimmed(value, start, end), rest: value.slice(skipCommas(value, end)) }
}

function skipCommas(value: string, start: number): number {
  while (start < value.length && (value.charCodeAt(start) === 0x2c || isSpace(value.charCodeAt(start)))) start++
  return start
}
