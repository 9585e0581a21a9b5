import { readFileSync } from 'node:fs'
import { explainFilter } from '../../proxy-module/filter/explain-filter.ts'
import { parseMessage } from '../sip/message/parse.ts'
import { type SipMessage } from '../sip/message/message.ts'
import { UsageError, type Options } from './options.ts'
import { printLine } from './print.ts'
import { readLines } from './read-lines.ts'

/**
 * `explain-filter [<expression>] --message FILE`: prints `true`, `false` or `error: column: what` for an expression, or for
 * each line of standard input.
 * @returns 0: an expression that is wrong is an answer
 * @throws UsageError; MessageError when FILE holds no SIP message
 */
export async function explainFilterCommand(options: Options): Promise<number> {
  if (options.arguments.length > 1)
    throw new UsageError('explain-filter takes one expression, or none and reads standard input')
  if (options.message === undefined) throw new UsageError('explain-filter needs --message FILE')
  const message = readMessage(options.message)
  const [expression] = options.arguments
  const lines = expression === undefined ? readLines(process.stdin) : [expression]
  for await (const line of lines) await printLine(explainFilter(line, message))
  return 0
}

function readMessage(file: string): SipMessage {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseMessage(bytes)
}
