import { createRequest } from '../../src/sip/message/message.ts'
import { evaluate } from './evaluate.ts'
import { type VariableName } from './message-values.ts'
import { type FilterNode, formatFilter, operandsOf } from './syntax.ts'

/** More conditions than these are not tried in all combinations. */
const mostConditions = 12

/**
 * Whether a filter can be true for an INVITE and false for the CANCEL of it (reference: proxy-module §2). The CANCEL has the
 * URIs, Call-ID and User-Agent of the INVITE, but another method, and neither Contact nor body (RFC 3261 §9.1).
 * @returns false too when there are too many conditions to tell
 */
export function missesCancel(root: FilterNode): boolean {
  const free = new Set<string>()
  collect(root, free)
  if (free.size > mostConditions) return false
  const conditions = [...free]
  for (let choice = 0; choice < 2 ** conditions.length; choice++) {
    const chosen = new Set(conditions.filter((_, index) => (choice & (1 << index)) !== 0))
    if (holds(root, 'INVITE', chosen) && !holds(root, 'CANCEL', chosen)) return true
  }
  return false
}

const requests = { INVITE: createRequest('INVITE', 'sip:a@b'), CANCEL: createRequest('CANCEL', 'sip:a@b') } as const

/** What both requests say by themselves, without the rest of the message. */
const known: ReadonlySet<VariableName> = new Set([
  'direction',
  'request.method',
  'request.method-name',
  'status.code',
  'status.phrase',
])

/** Collects the conditions that may be true or false of an INVITE. */
function collect(node: FilterNode, conditions: Set<string>): void {
  switch (node.kind) {
    case 'and':
    case 'or':
      collect(node.left, conditions)
      collect(node.right, conditions)
      break
    case 'not':
      collect(node.body, conditions)
      break
    default:
      if (!isKnown(node, 'INVITE')) conditions.add(formatFilter(node))
  }
}

/** Evaluates a filter where those conditions are true that were chosen. */
function holds(node: FilterNode, method: 'INVITE' | 'CANCEL', chosen: ReadonlySet<string>): boolean {
  switch (node.kind) {
    case 'and':
      return holds(node.left, method, chosen) && holds(node.right, method, chosen)
    case 'or':
      return holds(node.left, method, chosen) || holds(node.right, method, chosen)
    case 'not':
      return !holds(node.body, method, chosen)
    default:
      return isKnown(node, method) ? evaluate(node, requests[method]) : chosen.has(formatFilter(node))
  }
}

/** Whether the value of a condition is known for each INVITE, or each CANCEL. */
function isKnown(condition: FilterNode, method: 'INVITE' | 'CANCEL'): boolean {
  return operandsOf(condition).every((operand) => {
    if (operand.kind === 'literal' || known.has(operand.name)) return true
    return method === 'CANCEL' && (operand.name === 'content-type' || operand.name.startsWith('contact.'))
  })
}
