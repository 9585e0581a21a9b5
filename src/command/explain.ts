import { isEncryptionMode, type EncryptionMode } from '../base/encryption.ts'
import { formatProblem } from '../config/problem.ts'
import { explain } from '../trenscrypter/explain.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { loadForTool } from './load.ts'
import { UsageError, type Options } from './options.ts'
import { printLine } from './print.ts'
import { readLines } from './read-lines.ts'

/**
 * `explain [<sip-uri>]`: says which rule decides for a recipient, or for each line of standard input. Rules that the server
 * would skip are reported on standard error.
 * @returns 0, or 1 when the configuration cannot be read
 * @throws UsageError
 */
export async function explainCommand(options: Options): Promise<number> {
  const fromMode = modeOf(options.fromMode)
  if (options.arguments.length > 1) throw new UsageError('explain takes one URI, or none and reads standard input')
  const snapshot = loadForTool(options)
  if (snapshot === undefined) return 1
  const { rules, problems } = readRules(snapshot)
  for (const problem of problems) {
    if (problem.severity === 'error') process.stderr.write(`${formatProblem(problem)}\n`)
  }
  const [uri] = options.arguments
  const lines = uri === undefined ? readLines(process.stdin) : [uri]
  for await (const line of explain(rules, lines, { fromMode, json: options.json })) await printLine(line)
  return 0
}

function modeOf(text = 'none'): EncryptionMode {
  if (isEncryptionMode(text)) return text
  throw new UsageError(`--from-mode is zrtp, dtls-srtp, sdes or none, not '${text}'`)
}
