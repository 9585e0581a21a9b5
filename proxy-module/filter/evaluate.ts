import { type SipMessage } from '../../src/sip/message/message.ts'
import { variables } from './message-values.ts'
import { type FilterNode, type Operand } from './syntax.ts'

/** Evaluates a filter over a message; `&&` and `||` look at their right side only where it matters. */
export function evaluate(root: FilterNode, message: SipMessage): boolean {
  let node = root
  // The right side is a loop, not a recursion: chains may be thousands long
  while (node.kind === 'and' || node.kind === 'or') {
    if (evaluate(node.left, message) !== (node.kind === 'and')) return node.kind === 'or'
    node = node.right
  }
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'message-kind':
      return (message.kind === 'request') === (node.name === 'is_request')
    case 'not':
      return !evaluate(node.body, message)
    case 'regex':
      return node.pattern.matches(value(node.left, message))
    case 'test': {
      const text = value(node.operand, message)
      return node.test === 'defined' ? text !== '' : /^[0-9]*$/.test(text)
    }
    case 'comparison': {
      const left = value(node.left, message)
      const right = value(node.right, message)
      switch (node.operator) {
        case '==':
          return left === right
        case '!=':
          return left !== right
        case 'contains':
          return left.includes(right)
        case 'in':
          return isElement(left, right)
        case 'notin':
          return !isElement(left, right)
      }
    }
  }
}

function value(operand: Operand, message: SipMessage): string {
  return operand.kind === 'literal' ? operand.text : variables[operand.name](message)
}

/** Only spaces separate the elements of a list, and none is empty. */
function isElement(text: string, list: string): boolean {
  return text !== '' && !text.includes(' ') && ` ${list} `.includes(` ${text} `)
}
