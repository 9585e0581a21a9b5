import { checkConfig, reportProblems } from '../config/check-config.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { checkFilter } from './check-filter.ts'
import { checkNative } from './check-native.ts'
import { checkStart } from './check-start.ts'
import { sourceOf } from './load.ts'
import { type Options, type Server } from './options.ts'
import { printLine } from './print.ts'

/**
 * `check-config`: prints every problem of the configuration.
 * @returns 1 when one of them is an error, else 0
 */
export async function checkConfigCommand(options: Options, server: Server): Promise<number> {
  const problems = checkConfig(sourceOf(options), [
    (snapshot) => readRules(snapshot).problems,
    (snapshot) => checkStart(snapshot, server),
    checkFilter,
    ...(server === 'b2bua' ? [checkNative] : []),
  ])
  const { text, status } = reportProblems(problems, options.json)
  if (text !== '') await printLine(text)
  if (!options.json && problems.length === 0) await printLine(`${options.config}: nothing to complain about`)
  return status
}
