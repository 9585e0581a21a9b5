import { type ByteSet } from '../../src/config/regex/byte-set.ts'
import { parsePattern } from '../../src/config/regex/parse-pattern.ts'
import { type PatternNode } from '../../src/config/regex/syntax.ts'
import { TranslationError } from './translation.ts'

/** A regex of a filter as POSIX extended regular expression. */
export interface PosixPattern {
  /** Anchored: a filter's regex matches the whole text, POSIX searches. One char per byte. */
  readonly text: string
  /** Whether it means the same when case is ignored. */
  readonly caseless: boolean
}

/** The most that POSIX lets an interval expression repeat (RE_DUP_MAX). */
const mostRepeats = 255

/**
 * Translates a filter's regex (ECMAScript) to a POSIX extended one. Lazy quantifiers become plain ones: over a whole text
 * both match the same.
 * @param column where the pattern's quote stands in the filter, from 1
 * @throws {TranslationError} for look-ahead, word boundaries, more than 255 repetitions and classes of nothing
 */
export function posixPattern(source: string, column: number): PosixPattern {
  const writer = new Writer(column)
  const { root } = parsePattern(source, false)
  const text = writer.write(root)
  return { text: text === '' ? '^$' : `^(${text})$`, caseless: writer.caseless }
}

class Writer {
  caseless = true
  readonly #column: number

  constructor(column: number) {
    this.#column = column
  }

  write(node: PatternNode): string {
    switch (node.kind) {
      case 'byte':
        this.caseless &&= isCaseless(node.set)
        return this.#set(node.set)
      case 'sequence':
        return node.items.map((item) => this.#grouped(item)).join('')
      case 'choice': {
        // POSIX leaves open what an empty branch means
        const branches = node.options.map((option) => this.write(option))
        const text = branches.filter((branch) => branch !== '').join('|')
        return text === '' || !branches.includes('') ? text : `(${text})?`
      }
      case 'repeat':
        return this.#repeat(node)
      case 'group':
        return this.#grouped(node.body)
      case 'assertion':
        if (node.place === 'start') return '^'
        if (node.place === 'end') return '$'
        throw this.#refuse('\\b and \\B', 'write the characters around the word, e.g. ( .*)?')
      case 'look-ahead':
        throw this.#refuse('look-ahead', "write a comparison of its own, with '!' or 'notin'")
      case 'reference':
        throw this.#refuse('back-references', 'write several comparisons')
    }
  }

  #grouped(node: PatternNode): string {
    const text = this.write(node)
    return node.kind === 'choice' && text !== '' ? `(${text})` : text
  }

  #repeat({ body, min, max, column }: PatternNode & { kind: 'repeat' }): string {
    const text = this.write(body)
    if (text === '' || max === 0) return ''
    if (min > mostRepeats || (max !== Infinity && max > mostRepeats)) {
      throw this.#refuse(`more than ${mostRepeats} repetitions`, 'write fewer', column)
    }
    const upper = max === Infinity ? '' : String(max)
    const one = body.kind === 'byte' ? text : `(${text})`
    if (min === 0 && max === 1) return `${one}?`
    if (max === Infinity && min <= 1) return `${one}${min === 0 ? '*' : '+'}`
    return `${one}{${min === max ? upper : `${min},${upper}`}}`
  }

  #set(set: ByteSet): string {
    // No text that Kamailio compares holds byte 0: its strings end there
    const inside = bytesOf(set, 1)
    const outside = bytesOf(set, 0)
    if (inside.length === 0) throw this.#refuse('a class to which no character belongs', 'remove it')
    if (outside.length === 0) return '.'
    const [only] = inside
    if (inside.length === 1) {
      const char = String.fromCharCode(only!)
      return /[\^$\\.*+?()[\]{}|]/.test(char) ? `\\${char}` : char
    }
    return inside.length <= outside.length ? `[${members(inside)}]` : `[^${members(outside)}]`
  }

  #refuse(what: string, instead: string, column = 0): TranslationError {
    return new TranslationError(this.#column + column, `a POSIX regex cannot say ${what}`, instead)
  }
}

function bytesOf(set: ByteSet, member: 0 | 1): number[] {
  return Array.from(set.keys()).filter((byte) => byte > 0 && set[byte] === member)
}

/** The inside of a bracket expression: `]` first, `-` last, and `[` and `^` where they are only themselves. */
function members(bytes: readonly number[]): string {
  const named: readonly (readonly [string, (byte: number) => boolean])[] = [
    ['[:alpha:]', (byte) => /[A-Za-z]/.test(String.fromCharCode(byte))],
    ['[:digit:]', (byte) => /[0-9]/.test(String.fromCharCode(byte))],
  ]
  let rest = [...bytes]
  let classes = ''
  for (const [name, belongs] of named) {
    const size = name === '[:digit:]' ? 10 : 52
    const others = rest.filter((byte) => !belongs(byte))
    if (rest.length - others.length !== size) continue
    classes += name
    rest = others
  }
  const special = (char: string) => rest.includes(char.charCodeAt(0))
  const plain = rest.filter((byte) => !']-[^'.includes(String.fromCharCode(byte)))
  const text = `${special(']') ? ']' : ''}${classes}${ranges(plain)}${special('[') ? '[' : ''}${special('^') ? '^' : ''}`
  // With nothing before it, ^ would negate: of two members, one is another
  const ordered = text === '^' ? '' : text
  return `${ordered}${special('-') ? '-' : ''}${text === '^' ? '^' : ''}`
}

function ranges(bytes: readonly number[]): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    let end = at
    while (bytes[end + 1] === bytes[end]! + 1) end++
    const [first, last] = [String.fromCharCode(bytes[at]!), String.fromCharCode(bytes[end]!)]
    text += end - at < 2 ? (end === at ? first : `${first}${last}`) : `${first}-${last}`
    at = end + 1
  }
  return text
}

function isCaseless(set: ByteSet): boolean {
  for (let byte = 0x41; byte <= 0x5a; byte++) if (set[byte] !== set[byte + 0x20]) return false
  return true
}
