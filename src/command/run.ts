import { CodedError } from '../base/coded-error.ts'
import { dumpDefault, listSections } from '../config/dump-default.ts'
import { checkConfigCommand } from './check-config.ts'
import { configGetCommand } from './config-get.ts'
import { explainCommand } from './explain.ts'
import { helpText, parseOptions, UsageError, type Options } from './options.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

/**
 * Does what the command line says.
 * @returns the exit status of the process
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options.help) return print(helpText)
    if (options.version) return print(`flexisip-b2bua ${version}\n`)
    if (options.listSections) return print(`${listSections().join('\n')}\n`)
    if (options.dumpDefault !== undefined) return print(dumpDefault(options.dumpDefault))
    return await runTool(options)
  } catch (error) {
    if (error instanceof CodedError) {
      process.stderr.write(`${error.message}${error instanceof UsageError ? '\nTry --help.' : ''}\n`)
      return 1
    }
    throw error
  }
}

function runTool(options: Options): Promise<number> {
  switch (options.tool) {
    case 'check-config':
      return Promise.resolve(checkConfigCommand(options))
    case 'config-get':
      return Promise.resolve(configGetCommand(options))
    case 'explain':
      return explainCommand(options)
    case undefined:
      if ((options.server ?? 'b2bua') !== 'b2bua') {
        throw new UsageError(`--server ${options.server} is not in this version; it is b2bua`)
      }
      return serve(options)
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}
