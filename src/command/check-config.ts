import { checkConfig, reportProblems } from '../config/check-config.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { checkFilter } from './check-filter.ts'
import { checkNative, isNative } from './check-native.ts'
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
    // those of a proxy of this program are among what keeps it from starting
    ...(server === 'b2bua'
      ? [(snapshot: ConfigSnapshot) => checkFilter(snapshot, isNative(snapshot)), checkNative]
      : []),
  ])
  const { text, status } = reportProblems(problems, options.json)
  if (text !== '') await printLine(text)
  if (!options.json && problems.length === 0) await printLine(`${options.config}: nothing to complain about`)
  return status
}
