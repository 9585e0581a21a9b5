import { utf8 } from '../../src/config/problem.ts'
import { type RulePattern } from '../../src/config/regex/rule-pattern.ts'
import { type VariableName } from './message-values.ts'

/** A value: written in single quotes, or taken from the message. */
export type Operand =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: VariableName; /** From 1. */ readonly column: number }

/** What compares two values. `nin` is `notin`. */
export type ComparisonOperator = '==' | '!=' | 'contains' | 'in' | 'notin'

/** The syntax tree of a filter. */
export type FilterNode =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'message-kind'; readonly name: 'is_request' | 'is_response' }
  | { readonly kind: 'and' | 'or'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'not'; readonly body: FilterNode }
  | {
      readonly kind: 'comparison'
      readonly operator: ComparisonOperator
      readonly left: Operand
      readonly right: Operand
    }
  | {
      readonly kind: 'regex'
      readonly left: Operand
      readonly pattern: RulePattern
      /** Where the pattern's quote stands, from 1. */
      readonly column: number
    }
  | { readonly kind: 'test'; readonly test: 'defined' | 'numeric'; readonly operand: Operand }

/** Something legal that is hardly meant; `column` from 1. */
export interface FilterAdvice {
  readonly column: number
  readonly what: string
  readonly instead: string
}

/** Writes a tree, for people, with the parentheses that say how it is read. */
export function formatFilter(node: FilterNode): string {
  switch (node.kind) {
    case 'constant':
      return String(node.value)
    case 'message-kind':
      return node.name
    case 'and':
    case 'or':
      return `${inParentheses(node.left)} ${node.kind === 'and' ? '&&' : '||'} ${inParentheses(node.right)}`
    case 'not':
      return `!(${formatFilter(node.body)})`
    case 'comparison':
      return `${formatOperand(node.left)} ${node.operator} ${formatOperand(node.right)}`
    case 'regex':
      return `${formatOperand(node.left)} regex '${utf8(node.pattern.source)}'`
    case 'test':
      return `${node.test} ${formatOperand(node.operand)}`
  }
}

function inParentheses(node: FilterNode): string {
  return node.kind === 'and' || node.kind === 'or' ? `(${formatFilter(node)})` : formatFilter(node)
}

/** Writes an operand as it stands in a filter. */
export function formatOperand(operand: Operand): string {
  return operand.kind === 'literal' ? `'${utf8(operand.text)}'` : operand.name
}

/** The operands of a filter, from left to right. */
export function operandsOf(node: FilterNode): readonly Operand[] {
  switch (node.kind) {
    case 'constant':
    case 'message-kind':
      return []
    case 'and':
    case 'or':
    case 'comparison':
      return node.kind === 'comparison' ? [node.left, node.right] : [node.left, node.right].flatMap(operandsOf)
    case 'not':
      return operandsOf(node.body)
    case 'regex':
      return [node.left]
    case 'test':
      return [node.operand]
  }
}
