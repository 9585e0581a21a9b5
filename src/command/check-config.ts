import { checkConfig, reportProblems } from '../config/check-config.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { checkStart } from './check-start.ts'
import { sourceOf } from './load.ts'
import { type Options } from './options.ts'

/**
 * `check-config`: prints every problem of the configuration.
 * @returns 1 when one of them is an error, else 0
 */
export function checkConfigCommand(options: Options): number {
  const problems = checkConfig(sourceOf(options), [(snapshot) => readRules(snapshot).problems, checkStart])
  const { text, status } = reportProblems(problems, options.json)
  if (text !== '') process.stdout.write(`${text}\n`)
  if (!options.json && problems.length === 0) process.stdout.write(`${options.config}: nothing to complain about\n`)
  return status
}
