import { anyButLineEnds, singleByte } from './byte-set.ts'
import { readBracketExpression } from './bracket-expression.ts'
import { readEscape } from './escape.ts'
import { PatternError } from './pattern-error.ts'
import { type PatternNode, type PatternSyntax } from './syntax.ts'

/** How deep groups may nest: the parser and what follows it recurse once a level. */
const deepest = 100
/** How many quantifiers may follow one another. */
const mostStacked = 10

/**
 * Parses a pattern as libstdc++'s `std::regex(pattern)` does (reference: trenscrypter, "Flavour").
 * @param captures whether `(…)` captures; false is `std::regex::nosubs`, with which every back-reference is an error
 * @throws {PatternError} for everything that libstdc++ refuses, and for groups that nest more than 100 deep
 */
export function parsePattern(pattern: string, captures: boolean): PatternSyntax {
  return new Parser(pattern, captures).parse()
}

class Parser {
  readonly #pattern: string
  readonly #captures: boolean
  #offset = 0
  #groups = 0
  #refersBack = false
  /** The groups around the current offset: the offset of `(` and, when it captures, its number. */
  readonly #open: { readonly at: number; readonly number: number | undefined }[] = []

  constructor(pattern: string, captures: boolean) {
    this.#pattern = pattern
    this.#captures = captures
  }

  parse(): PatternSyntax {
    const root = this.#choice()
    if (this.#offset < this.#pattern.length) {
      throw this.#error(
        this.#offset,
        '")" closes no group',
        'remove it, open a group before it, or write \\) for the character itself',
      )
    }
    return { root, groups: this.#groups, refersBack: this.#refersBack }
  }

  get #next(): string | undefined {
    return this.#pattern[this.#offset]
  }

  #error(offset: number, what: string, instead: string): PatternError {
    return new PatternError(offset + 1, what, instead)
  }

  #choice(): PatternNode {
    const options = [this.#sequence()]
    while (this.#next === '|') {
      this.#offset++
      options.push(this.#sequence())
    }
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') {
      const term = this.#term()
      items.push(
        term.kind === 'assertion' || term.kind === 'look-ahead' ? this.#unrepeated(term) : this.#repeated(term),
      )
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items }
  }

  /** An assertion takes no quantifier. */
  #unrepeated(term: PatternNode): PatternNode {
    const next = this.#next
    if (next === '*' || next === '+' || next === '?' || next === '{') {
      throw this.#error(
        this.#offset,
        `"${next}" cannot repeat an assertion`,
        `remove it, or write \\${next} for the character itself`,
      )
    }
    return term
  }

  #term(): PatternNode {
    const at = this.#offset
    const char = this.#next!
    switch (char) {
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#error(at, `"${char}" has nothing to repeat`, `write \\${char} for the character itself`)
      case '^':
      case '$':
        this.#offset++
        return { kind: 'assertion', place: char === '^' ? 'start' : 'end' }
      case '.':
        this.#offset++
        return { kind: 'byte', set: anyButLineEnds }
      case '(':
        return this.#group()
      case '[': {
        const { set, end } = readBracketExpression(this.#pattern, at)
        this.#offset = end
        return { kind: 'byte', set }
      }
      case '\\':
        return this.#escape()
      default:
        this.#offset++
        return { kind: 'byte', set: singleByte(char.charCodeAt(0)) }
    }
  }

  #escape(): PatternNode {
    const at = this.#offset
    const escape = readEscape(this.#pattern, at, false)
    this.#offset = escape.end
    switch (escape.kind) {
      case 'byte':
        return { kind: 'byte', set: singleByte(escape.byte) }
      case 'class':
        return { kind: 'byte', set: escape.set }
      case 'word-boundary':
        return { kind: 'assertion', place: escape.negative ? 'inside-or-outside-word' : 'word-boundary' }
      case 'reference':
        return this.#reference(escape.group, at)
    }
  }

  #reference(group: number, at: number): PatternNode {
    if (!this.#captures) {
      throw this.#error(
        at,
        'back-references are not available in a filter',
        'write the text again, or several comparisons',
      )
    }
    if (group > this.#groups) {
      const groups = this.#groups === 1 ? 'is 1 group' : `are ${this.#groups} groups`
      throw this.#error(
        at,
        `\\${group} refers to a group that is missing: there ${groups} before it`,
        'write the number of a group that is closed before it',
      )
    }
    if (this.#open.some(({ number }) => number === group)) {
      throw this.#error(at, `\\${group} refers to the group that it stands in`, 'put it behind that group')
    }
    this.#refersBack = true
    return { kind: 'reference', group }
  }

  #group(): PatternNode {
    const at = this.#offset
    const opening = this.#opening(at)
    const number = opening === '(' && this.#captures ? ++this.#groups : undefined
    this.#offset += opening.length
    this.#open.push({ at, number })
    if (this.#open.length > deepest) {
      throw this.#error(at, `groups nest more than ${deepest} deep`, 'write a flatter pattern')
    }
    const body = this.#choice()
    if (this.#next !== ')') {
      throw this.#error(at, '"(" is not closed', 'close it with ")", or write \\( for the character itself')
    }
    this.#offset++
    this.#open.pop()
    if (opening === '(?=' || opening === '(?!') return { kind: 'look-ahead', body, negative: opening === '(?!' }
    // Within (?:…) an assertion can be repeated: a sequence hides what it is
    return number === undefined ? { kind: 'sequence', items: [body] } : { kind: 'group', body, number }
  }

  /** What opens the group at `at`. */
  #opening(at: number): '(' | '(?:' | '(?=' | '(?!' {
    const three = this.#pattern.slice(at, at + 3)
    if (three === '(?:' || three === '(?=' || three === '(?!') return three
    if (three[1] !== '?') return '('
    const rest = this.#pattern.slice(at + 2)
    if (/^<[=!]/.test(rest)) {
      throw this.#error(
        at,
        'look-behind is not available',
        'write what comes before in the pattern itself, or use look-ahead, (?=…) or (?!…)',
      )
    }
    if (/^P?[<'"]/.test(rest)) throw this.#error(at, 'named groups are not available', 'write (…)')
    if (/^[A-Za-z-]+[):]/.test(rest)) {
      throw this.#error(at, 'flags within a pattern are not available', 'write both cases, e.g. [Aa]')
    }
    throw this.#error(
      at,
      `"${three}" opens no known group`,
      'write (…), (?:…), (?=…) or (?!…), or \\( for the character itself',
    )
  }

  #repeated(atom: PatternNode): PatternNode {
    let node = atom
    for (let stacked = 0; ; stacked++) {
      const at = this.#offset
      const bounds = this.#quantifier()
      if (!bounds) return node
      if (stacked === mostStacked) {
        throw this.#error(at, `more than ${mostStacked} quantifiers follow one another`, 'write a single one')
      }
      const [min, max] = bounds
      const lazy = this.#next === '?'
      if (lazy) this.#offset++
      node = repeat(node, min, max, lazy, at + 1)
    }
  }

  /** Reads `*`, `+`, `?` or `{…}` without its lazy mark; `undefined` when no quantifier stands here. */
  #quantifier(): readonly [min: number, max: number] | undefined {
    const char = this.#next
    if (char === '{') return this.#braces()
    if (char !== '*' && char !== '+' && char !== '?') return undefined
    this.#offset++
    return [char === '+' ? 1 : 0, char === '?' ? 1 : Infinity]
  }

  #braces(): readonly [min: number, max: number] {
    const at = this.#offset
    const form = /\{([0-9]*)(?:(,)([0-9]*))?(\}?)/y
    form.lastIndex = at
    const [, min = '', comma, max = '', close] = form.exec(this.#pattern)!
    if (min === '') throw this.#error(at, ...this.#withoutMinimum(at, comma === undefined ? undefined : max))
    if (close === '') {
      throw form.lastIndex === this.#pattern.length
        ? this.#error(at, '"{" is not closed', 'close it with "}", or write \\{ for the character itself')
        : this.#error(
            form.lastIndex,
            `"${this.#pattern[form.lastIndex]!}" cannot stand in a number of repetitions`,
            'write {n}, {n,} or {n,m} without spaces',
          )
    }
    this.#offset = form.lastIndex
    const least = Number(min)
    const most = comma === undefined ? least : max === '' ? Infinity : Number(max)
    if (most < least) throw this.#error(at, `{${min},${max}} ends below where it begins`, `write {${max},${min}}`)
    return [least, most]
  }

  #withoutMinimum(at: number, max: string | undefined): readonly [what: string, instead: string] {
    if (max !== undefined && max !== '') return [`"{,${max}" lacks its lower bound`, `write {0,${max}}`]
    if (/\\[pP]$/.test(this.#pattern.slice(0, at))) {
      return ['Unicode properties are not available', 'write a class, e.g. [[:alpha:]]']
    }
    return ['"{" is not followed by a number', 'write {n}, {n,} or {n,m}, or \\{ for the character itself']
  }
}

/** Repeats `body`; `a**`, `a?+` and their kin become the one quantifier that they amount to. */
function repeat(body: PatternNode, min: number, max: number, lazy: boolean, column: number): PatternNode {
  const plain = (least: number, most: number) => least <= 1 && (most === 1 || most === Infinity)
  if (body.kind !== 'repeat' || !plain(body.min, body.max) || !plain(min, max)) {
    return { kind: 'repeat', body, min, max, lazy, column }
  }
  return { ...body, min: body.min * min, max: Math.max(body.max, max), lazy }
}
