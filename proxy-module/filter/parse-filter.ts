import { nearest } from '../../src/config/nearest.ts'
import { quote } from '../../src/config/problem.ts'
import { compileRule, PatternError, type RulePattern } from '../../src/config/regex/rule-pattern.ts'
import { FilterError } from './filter-error.ts'
import { type VariableName, variables } from './message-values.ts'
import { Register } from './register.ts'
import { type ComparisonOperator, type FilterAdvice, type FilterNode, formatFilter, type Operand } from './syntax.ts'

/** How deep parentheses and negations may nest: the parser recurses once a level. */
const deepest = 200

/** What stands between two operands, or before one; the longer of two that begin alike comes first. */
const keywords = ['contains', 'defined', 'regexp', 'regex', 'in', 'numeric', 'nin', 'notin', 'true', 'false'] as const

/** A parsed filter. */
export interface FilterSyntax {
  readonly root: FilterNode
  readonly advice: readonly FilterAdvice[]
}

/**
 * Parses a filter as Flexisip does (reference: filter-language): left to right, with the operand and the expression that
 * were read last; the right side of `&&` and `||` is everything that remains.
 * @param source one char per byte; the empty text is always true
 * @throws {FilterError} for everything that Flexisip refuses, and for what it accepts and then crashes on
 */
export function parseFilter(source: string): FilterSyntax {
  if (source === '') return { root: { kind: 'constant', value: true }, advice: [] }
  const parser = new Parser(source)
  const root = parser.expression(0, source.length, 'rest')
  return { root, advice: parser.advice }
}

interface Placed<T> {
  readonly value: T
  readonly at: number
}

class Parser {
  readonly advice: FilterAdvice[] = []
  readonly #source: string
  #offset = 0
  /** The end of what is parsed: the closing parenthesis, or the end of the source. */
  #end = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
  }

  /**
   * Parses source[start, end).
   * @param extent `neighbour` stops at the first complete expression, for the operand of `!`
   */
  expression(start: number, end: number, extent: 'rest' | 'neighbour'): FilterNode {
    const outerEnd = this.#end
    this.#offset = start
    this.#end = end
    if (++this.#depth > deepest)
      throw this.#error(start, `the expression nests more than ${deepest} deep`, 'write a flatter one')
    const chain: { readonly left: FilterNode; readonly operator: Placed<'and' | 'or'> }[] = []
    const state = new Register(this.advice)
    while (this.#offset < end && !(extent === 'neighbour' && state.expression)) {
      const operator = this.#logical()
      if (!operator) {
        this.#item(state)
        continue
      }
      const left = state.take()
      if (!left) throw this.#withoutLeft(operator)
      chain.push({ left, operator })
    }
    const last = state.take()
    if (!last) throw this.#meaningless(start, chain.at(-1)?.operator)
    const root = chain.reduceRight<FilterNode>(
      (right, { left, operator }) => ({ kind: operator.value, left, right }),
      last,
    )
    this.#adviseOrder(
      chain.map(({ operator }) => operator),
      root,
    )
    this.#end = outerEnd
    this.#depth--
    return root
  }

  #error(offset: number, what: string, instead: string): FilterError {
    return new FilterError(offset + 1, what, instead)
  }

  #at(text: string): boolean {
    return this.#offset + text.length <= this.#end && this.#source.startsWith(text, this.#offset)
  }

  /** Takes `&&` or `||`. */
  #logical(): Placed<'and' | 'or'> | undefined {
    const at = this.#offset
    const char = this.#source[at]!
    if (char !== '&' && char !== '|') return undefined
    if (!this.#at(char + char)) throw this.#error(at, `'${char}' is no operator`, `write '${char}${char}'`)
    this.#offset += 2
    return { value: char === '&' ? 'and' : 'or', at }
  }

  #withoutLeft({ value, at }: Placed<'and' | 'or'>): FilterError {
    return this.#error(at, `nothing stands before '${value === 'and' ? '&&' : '||'}'`, 'write an expression before it')
  }

  #meaningless(start: number, operator: Placed<'and' | 'or'> | undefined): FilterError {
    if (operator) {
      return this.#error(
        operator.at,
        `no expression follows '${operator.value === 'and' ? '&&' : '||'}'`,
        'write one behind it',
      )
    }
    return this.#error(
      start,
      'nothing is compared here',
      "write a comparison, e.g. from.uri.domain == 'sip.example.org'",
    )
  }

  /** Takes one thing: a space, a parenthesis, an operator with its right side, or an operand. */
  #item(state: Register): void {
    const at = this.#offset
    const char = this.#source[at]
    const keyword = keywords.find((one) => this.#isKeyword(one))
    if (char === ' ') this.#offset++
    else if (char === '(') this.#parenthesis(state)
    else if (this.#at('!=')) this.#comparison('!=', 2, state)
    else if (char === '!') this.#negation(state)
    else if (this.#at('==')) this.#comparison('==', 2, state)
    else if (char === '=') throw this.#error(at, "'=' is no operator", "write '=='")
    else if (keyword) this.#keyword(keyword, state)
    else this.#element(state)
  }

  #parenthesis(state: Register): void {
    const open = this.#offset
    const close = this.#closing(open)
    const inner = this.expression(open + 1, close, 'rest')
    this.#offset = close + 1
    state.setExpression(inner, open)
  }

  #negation(state: Register): void {
    const at = this.#offset
    if (state.expression) {
      throw this.#error(at, "'!' follows a complete expression", "write '&&' or '||' before it")
    }
    state.setExpression({ kind: 'not', body: this.expression(at + 1, this.#end, 'neighbour') }, at)
  }

  /** A keyword ends before anything but a letter or digit: `contains'x'` has one, `truex` has none. */
  #isKeyword(keyword: string): boolean {
    const next = this.#offset + keyword.length
    return this.#at(keyword) && !(next < this.#end && /[A-Za-z0-9]/.test(this.#source[next]!))
  }

  #keyword(keyword: (typeof keywords)[number], state: Register): void {
    const at = this.#offset
    switch (keyword) {
      case 'true':
      case 'false':
        this.#offset += keyword.length
        state.setExpression({ kind: 'constant', value: keyword === 'true' }, at)
        return
      case 'contains':
      case 'in':
        this.#comparison(keyword, keyword.length, state)
        return
      case 'nin':
      case 'notin':
        this.#comparison('notin', keyword.length, state)
        return
      case 'numeric':
      case 'defined':
        if (keyword === 'numeric' && (state.expression ?? state.operand)) {
          throw this.#error(
            at,
            "'numeric' follows an operand or an expression",
            'write numeric x, behind && or || where something stands before',
          )
        }
        this.#offset += keyword.length
        state.setExpression({ kind: 'test', test: keyword, operand: this.#operand() }, at)
        return
      case 'regex':
      case 'regexp': {
        const left = this.#left(keyword, state)
        this.#offset += keyword.length
        this.#skipBlanks()
        const column = this.#offset + 1
        state.setExpression({ kind: 'regex', left, pattern: this.#pattern(), column }, at)
      }
    }
  }

  #comparison(operator: ComparisonOperator, length: number, state: Register): void {
    const at = this.#offset
    const left = this.#left(this.#source.slice(at, at + length), state)
    this.#offset += length
    state.setExpression({ kind: 'comparison', operator, left, right: this.#operand() }, at)
  }

  /** The operand before an operator. Flexisip accepts `in`, `notin` and `regex` without one and then crashes. */
  #left(operator: string, state: Register): Operand {
    const left = state.useOperand()
    if (left) return left
    throw this.#error(
      this.#offset,
      `no operand stands before '${operator}'`,
      `write a variable before it, e.g. from.uri.user ${operator} …`,
    )
  }

  #pattern(): RulePattern {
    const at = this.#offset
    const operand = this.#operand()
    if (operand.kind !== 'literal')
      throw this.#error(at, 'a regex is no variable', "write it in single quotes, e.g. 'bob.*'")
    try {
      return compileRule(operand.text, { captures: false })
    } catch (error) {
      if (error instanceof PatternError)
        throw this.#error(at + error.column, `invalid regex: ${error.what}`, error.instead)
      throw error
    }
  }

  /** Takes the operand on the right of an operator. */
  #operand(): Operand {
    this.#skipBlanks()
    const at = this.#offset
    const literal = this.#literal()
    if (literal) return literal
    const word = this.#word()
    if (isVariable(word)) return { kind: 'variable', name: word, column: at + 1 }
    if (word === '') throw this.#error(at, 'an operand is missing', 'write a variable, or a text in single quotes')
    if (!isMessageKind(word) && !(keywords as readonly string[]).includes(word)) throw this.#unknown(word, at)
    throw this.#error(at, `'${word}' is not a value`, `write '${word}' in single quotes, or a variable`)
  }

  /** Takes an operand, or `is_request` or `is_response`. */
  #element(state: Register): void {
    const blank = this.#offset
    this.#skipBlanks()
    const at = this.#offset
    const literal = this.#literal()
    if (literal) {
      state.setOperand(literal, at)
      return
    }
    const word = this.#word()
    if (isVariable(word)) state.setOperand({ kind: 'variable', name: word, column: at + 1 }, at)
    else if (isMessageKind(word)) state.setExpression({ kind: 'message-kind', name: word }, at)
    else if (blank < at) throw this.#error(blank, 'a tab stands before what is no operand', 'write a space')
    else throw this.#unknown(word, at)
  }

  #unknown(word: string, at: number): FilterError {
    const char = this.#source[at]!
    if (word === '' && char === '"') return this.#error(at, 'double quotes enclose no text', 'write single quotes')
    if (word === '' && char === ')') return this.#error(at, "')' closes no '('", "remove it, or write '(' before it")
    if (word === '')
      return this.#error(
        at,
        `${quote(char)} is neither operator nor operand`,
        'remove it, or write texts in single quotes',
      )
    if (/^[0-9]+$/.test(word)) return this.#error(at, `${word} is not in quotes`, `write '${word}'`)
    const others: Readonly<Record<string, string>> = { and: '&&', or: '||', not: "'!' or 'notin'" }
    const meant =
      others[word.toLowerCase()] ?? nearest(word.toLowerCase(), [...keywords, ...messageKinds, ...variableNames])
    const instead =
      meant === undefined ? `write a text in single quotes, or one of ${variableNames.join(', ')}` : `write ${meant}`
    return this.#error(at, `'${word}' is neither variable nor operator`, instead)
  }

  /** Before an operand, and only there, tabs are as good as spaces. */
  #skipBlanks(): void {
    while (this.#offset < this.#end && (this.#source[this.#offset] === ' ' || this.#source[this.#offset] === '\t')) {
      this.#offset++
    }
  }

  #literal(): Operand | undefined {
    const at = this.#offset
    if (at >= this.#end || this.#source[at] !== "'") return undefined
    const close = this.#source.indexOf("'", at + 1)
    if (close < 0 || close >= this.#end) {
      throw this.#error(
        at,
        'a text is not closed',
        "close it with ', and have no parenthesis in it within parentheses: they count in quotes, too",
      )
    }
    this.#offset = close + 1
    return { kind: 'literal', text: this.#source.slice(at + 1, close) }
  }

  #word(): string {
    const start = this.#offset
    while (this.#offset < this.#end && /[A-Za-z0-9._-]/.test(this.#source[this.#offset]!)) this.#offset++
    return this.#source.slice(start, this.#offset)
  }

  /** The parenthesis that closes the one at `open`; those in quotes count, as in Flexisip. */
  #closing(open: number): number {
    let depth = 0
    for (let offset = open; offset < this.#end; offset++) {
      if (this.#source[offset] === '(') depth++
      else if (this.#source[offset] === ')' && --depth === 0) return offset
    }
    throw this.#error(open, "'(' is not closed", "close it with ')'; parentheses in quotes count, too")
  }

  /** `&&` binds no stronger than `||`; where that matters, says how the chain is read. */
  #adviseOrder(operators: readonly Placed<'and' | 'or'>[], root: FilterNode): void {
    const firstAnd = operators.findIndex(({ value }) => value === 'and')
    const or = firstAnd < 0 ? undefined : operators.slice(firstAnd).find(({ value }) => value === 'or')
    if (!or) return
    this.advice.push({
      column: or.at + 1,
      what: `'&&' binds no stronger than '||': this is read as ${formatFilter(root)}`,
      instead: 'write parentheses around what belongs together',
    })
  }
}

const variableNames = Object.keys(variables) as readonly VariableName[]
const messageKinds = ['is_request', 'is_response'] as const

function isVariable(word: string): word is VariableName {
  return Object.hasOwn(variables, word)
}

function isMessageKind(word: string): word is (typeof messageKinds)[number] {
  return (messageKinds as readonly string[]).includes(word)
}
