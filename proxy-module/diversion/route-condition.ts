import { type FilterNode, formatOperand, type Operand } from '../filter/syntax.ts'
import { TranslationError } from './translation.ts'

/** What a condition in a routes file cannot hold, not even in quotes: `#` begins a comment, a line ends, controls. */
export const unwritable = /[#\0-\x08\x0a-\x1f\x7f]/

/** What a literal cannot hold that is written anew: parentheses count in quotes, too, and may not be balanced. */
const literalTrap = /[#'()\0-\x08\x0a-\x1f\x7f]/

/**
 * Writes a filter anew so that it can stand in a routes file (reference: proxy-module §4): a text with `#` becomes a regex
 * in which it is `\x23`.
 * @returns one char per byte (latin1)
 * @throws {TranslationError} for a text with such a character of which a variable should be a part
 */
export function writeCondition(node: FilterNode): string {
  switch (node.kind) {
    case 'constant':
      return String(node.value)
    case 'message-kind':
      return node.name
    case 'and':
    case 'or':
      // The right side is everything that remains, so it needs no parentheses
      return `${grouped(node.left)} ${node.kind === 'and' ? '&&' : '||'} ${writeCondition(node.right)}`
    case 'not':
      return `!${grouped(node.body)}`
    case 'regex':
      return regex(node.left, plainPattern(node.pattern.source), (text) => node.pattern.matches(text))
    case 'test':
      return test(node.test, node.operand)
    case 'comparison':
      return comparison(node)
  }
}

function grouped(node: FilterNode): string {
  const text = writeCondition(node)
  return node.kind === 'and' || node.kind === 'or' ? `(${text})` : text
}

function operandText(operand: Operand): string {
  return operand.kind === 'literal' ? `'${operand.text}'` : operand.name
}

function regex(left: Operand, pattern: string, decide: (text: string) => boolean): string {
  return left.kind === 'literal' ? String(decide(left.text)) : `${left.name} regex '${pattern}'`
}

function test(name: 'defined' | 'numeric', operand: Operand): string {
  if (operand.kind === 'variable') return `${name} ${operand.name}`
  return String(name === 'defined' ? operand.text !== '' : /^[0-9]*$/.test(operand.text))
}

function comparison(node: FilterNode & { kind: 'comparison' }): string {
  const { operator, left, right } = node
  const trap = (operand: Operand) => operand.kind === 'literal' && literalTrap.test(operand.text)
  if (!trap(left) && !trap(right)) return `${operandText(left)} ${operator} ${operandText(right)}`
  const negative = operator === '!=' || operator === 'notin'
  const text = positive(operator, left, right)
  return negative ? `!${text}` : text
}

/** A comparison with a text that cannot be written as it is, without its negation. */
function positive(operator: string, left: Operand, right: Operand): string {
  if (left.kind === 'literal' && right.kind === 'literal') return String(decide(operator, left.text, right.text))
  const [variable, literal, literalIsRight] =
    right.kind === 'literal' ? [left, right.text, true] : [right, (left as Operand & { kind: 'literal' }).text, false]
  const name = formatOperand(variable)
  switch (operator) {
    case '==':
    case '!=':
      return `${name} regex '${plainText(literal)}'`
    case 'in':
    case 'notin': {
      if (literalIsRight) return `${name} regex '${elements(literal).map(plainText).join('|')}'`
      if (literal === '' || literal.includes(' ')) return 'false'
      return `${name} regex '([\\s\\S]* )?${plainText(literal)}( [\\s\\S]*)?'`
    }
    default:
      if (literalIsRight) return `${name} regex '[\\s\\S]*${plainText(literal)}[\\s\\S]*'`
      throw new TranslationError(
        (variable as Operand & { kind: 'variable' }).column,
        `a routes file cannot say that ${name} is part of this text: in such a file # begins a comment in quotes, too`,
        "compare with '=='",
      )
  }
}

function decide(operator: string, left: string, right: string): boolean {
  if (operator === 'contains') return left.includes(right)
  if (operator === 'in' || operator === 'notin') return elements(right).includes(left)
  return left === right
}

/** The elements of a list: only spaces separate them. */
export function elements(list: string): string[] {
  return list.split(' ').filter((element) => element !== '')
}

/** A text as a regex that matches it alone, without what a routes file cannot hold. */
function plainText(text: string): string {
  return text.replaceAll(/[#'()\0-\x1f\x7f]|[\^$\\.*+?[\]{}|/]/g, (char) =>
    literalTrap.test(char) || char === '\t' ? hexadecimal(char) : `\\${char}`,
  )
}

/** A regex with the same meaning without what a routes file cannot hold, nor parentheses that group nothing. */
function plainPattern(pattern: string): string {
  let text = ''
  let inBrackets = false
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    const next = pattern[at + 1] ?? ''
    if (char === '\\') {
      const control = next === 'c' ? (pattern[at + 2] ?? '') : ''
      const escaped = control === '' ? next : control
      at += control === '' ? 1 : 2
      text += literalTrap.test(escaped) ? hexadecimal(escaped) : `\\${control === '' ? '' : 'c'}${escaped}`
    } else if (inBrackets && char === '[' && /[:.=]/.test(next)) {
      const end = pattern.indexOf(`${next}]`, at + 2) + 2
      text += pattern.slice(at, end)
      at = end - 1
    } else if (unwritable.test(char) || (inBrackets && literalTrap.test(char))) {
      text += hexadecimal(char)
    } else {
      if (char === '[') inBrackets = true
      else if (char === ']') inBrackets = false
      text += char
    }
  }
  return text
}

function hexadecimal(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}
