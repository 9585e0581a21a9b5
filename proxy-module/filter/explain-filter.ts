import { type SipMessage } from '../../src/sip/message/message.ts'
import { compileFilter, FilterError } from './filter.ts'

/**
 * Answers one filter: `true` or `false` for `message`, or `error: column: what; what to write instead`.
 * @param expression decoded as UTF-8, without line end
 */
export function explainFilter(expression: string, message: SipMessage): string {
  try {
    // On the wire and in the configuration each byte is a char
    const source = Buffer.from(expression.replace(/\r$/, ''), 'utf8').toString('latin1')
    return String(compileFilter(source).matches(message))
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    return `error: ${error.column}: ${error.what}; ${error.instead}`
  }
}
