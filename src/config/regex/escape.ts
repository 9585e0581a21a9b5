import { characterClasses, complement, type ByteSet } from './byte-set.ts'
import { PatternError } from './pattern-error.ts'

/** What a backslash sequence means. `end` is the offset behind it. */
export type Escape =
  | { readonly kind: 'byte'; readonly byte: number; readonly end: number }
  | { readonly kind: 'class'; readonly set: ByteSet; readonly end: number }
  | { readonly kind: 'word-boundary'; readonly negative: boolean; readonly end: number }
  | { readonly kind: 'reference'; readonly group: number; readonly end: number }

/** The control characters that a letter names; `\b` is backspace within brackets only. */
const controls: Readonly<Record<string, number>> = { 0: 0, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }

/**
 * Reads the escape at `start`, where the backslash stands, as libstdc++ does: an unknown letter stands for itself, `\cA`
 * for `A`, `\uHHHH` for its low byte.
 * @throws {PatternError} when the pattern ends within the escape, or hexadecimal digits are missing
 */
export function readEscape(pattern: string, start: number, inBrackets: boolean): Escape {
  const letter = pattern[start + 1]
  const column = start + 1
  const end = start + 2
  if (letter === undefined) {
    throw new PatternError(column, 'a backslash at the end escapes nothing', 'write \\\\ for a backslash, or remove it')
  }
  const control = controls[letter]
  if (control !== undefined && (letter !== 'b' || inBrackets)) return { kind: 'byte', byte: control, end }
  switch (letter) {
    case 'b':
    case 'B':
      return { kind: 'word-boundary', negative: letter === 'B', end }
    case 'd':
    case 's':
    case 'w':
      return { kind: 'class', set: characterClasses.get(letter)!, end }
    case 'D':
    case 'S':
    case 'W':
      return { kind: 'class', set: complement(characterClasses.get(letter.toLowerCase())!), end }
    case 'c':
      if (end === pattern.length) {
        throw new PatternError(column, '\\c names no character', 'write \\xHH with two hexadecimal digits')
      }
      return { kind: 'byte', byte: pattern.charCodeAt(end), end: end + 1 }
    case 'x':
    case 'u':
      return hexadecimal(pattern, end, letter === 'x' ? 2 : 4, column)
    default: {
      const digits = /[1-9][0-9]*/y
      digits.lastIndex = start + 1
      const group = digits.exec(pattern)?.[0]
      if (group !== undefined) return { kind: 'reference', group: Number(group), end: digits.lastIndex }
      return { kind: 'byte', byte: letter.charCodeAt(0), end }
    }
  }
}

function hexadecimal(pattern: string, start: number, count: number, column: number): Escape {
  const digits = pattern.slice(start, start + count)
  if (digits.length < count || !/^[0-9A-Fa-f]+$/.test(digits)) {
    const name = count === 2 ? '\\x' : '\\u'
    throw new PatternError(
      column,
      `${name} needs ${count} hexadecimal digits`,
      `write them, e.g. ${name}${'40'.padStart(count, '0')} for @`,
    )
  }
  return { kind: 'byte', byte: parseInt(digits, 16) & 0xff, end: start + count }
}
