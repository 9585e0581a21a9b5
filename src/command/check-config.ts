import { checkConfig, reportProblems } from '../config/check-config.ts'
import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Problem } from '../config/problem.ts'
import { parseTransportUri } from '../sip/transport/listen-spec.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { sourceOf } from './load.ts'
import { type Options } from './options.ts'

/**
 * `check-config`: prints every problem of the configuration.
 * @returns 1 when one of them is an error, else 0
 */
export function checkConfigCommand(options: Options): number {
  const problems = checkConfig(sourceOf(options), [(snapshot) => readRules(snapshot).problems, checkTransport])
  const { text, status } = reportProblems(problems, options.json)
  if (text !== '') process.stdout.write(`${text}\n`)
  if (!options.json && problems.length === 0) process.stdout.write(`${options.config}: nothing to complain about\n`)
  return status
}

/** What the stack says of `transport`, which the configuration layer only knows by its shape. */
export function checkTransport(snapshot: ConfigSnapshot): Problem[] {
  try {
    parseTransportUri(snapshot.get('b2bua-server', 'transport'))
    return []
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const at = snapshot.at('b2bua-server', 'transport') ?? { file: snapshot.files[0] ?? '', line: 1, column: 1 }
    const instead = 'write e.g. transport=sip:127.0.0.1:6067;transport=tcp'
    return [{ ...at, severity: 'error', code: error.code, what: error.message, instead }]
  }
}
