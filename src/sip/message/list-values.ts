import { quotedEnd, trimmed } from './characters.ts'

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

/** The index of the comma behind the first element of a list, or the value's length. */
export function firstListValueEnd(value: string): number {
  return value.includes(',') ? elementEnd(value, 0) : value.length
}
