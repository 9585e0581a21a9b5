import { type SipMessage } from '../../src/sip/message/message.ts'
import { evaluate } from './evaluate.ts'
import { parseFilter } from './parse-filter.ts'
import { type FilterAdvice, type FilterNode, formatFilter } from './syntax.ts'

export { FilterError } from './filter-error.ts'

/** A filter that is ready for use. */
export interface Filter {
  readonly source: string
  /** The syntax tree, for what translates the filter into another language. */
  readonly root: FilterNode
  /** The filter with the parentheses that say how it is read. */
  readonly reading: string
  /** What is legal but hardly meant. */
  readonly advice: readonly FilterAdvice[]
  matches(message: SipMessage): boolean
}

/**
 * Compiles a SIP boolean expression (reference: filter-language).
 * @param source one char per byte (latin1)
 * @throws {FilterError} naming the column, what is wrong and what to write instead
 */
export function compileFilter(source: string): Filter {
  const { root, advice } = parseFilter(source)
  return { source, root, reading: formatFilter(root), advice, matches: (message) => evaluate(root, message) }
}
