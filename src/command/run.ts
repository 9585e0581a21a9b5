import { CodedError } from '../base/coded-error.ts'
import { dumpDefault, listSections } from '../config/dump-default.ts'
import { checkConfigCommand } from './check-config.ts'
import { configGetCommand } from './config-get.ts'
import { explainCommand } from './explain.ts'
import { explainFilterCommand } from './explain-filter.ts'
import { helpText, parseOptions, servers, UsageError, type Options, type Server } from './options.ts'
import { forwardRoutesCommand, kamailioRouteCommand } from './print-routes.ts'
import { endWithReader } from './print.ts'
import { version } from './version.ts'

/** A server that this program does not have: a bad configuration to Flexisip (reference: cli-and-services §1, §4). */
class BadServerError extends CodedError {
  constructor(server: string) {
    super('SERVER', `--server ${server} is not known; write ${servers.join(', ')}`)
  }
}

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
    return await runTool(options, serverOf(options))
  } catch (error) {
    if (error instanceof CodedError) {
      process.stderr.write(`${error.message}${error instanceof UsageError ? '\nTry --help.' : ''}\n`)
      return error instanceof BadServerError ? 255 : 1
    }
    throw error
  }
}

/** @throws BadServerError */
function serverOf({ server = 'b2bua' }: Options): Server {
  const known = servers.find((one) => one === server)
  if (known === undefined) throw new BadServerError(server)
  return known
}

async function runTool(options: Options, server: Server): Promise<number> {
  if (options.tool !== undefined) endWithReader()
  switch (options.tool) {
    case 'check-config':
      return checkConfigCommand(options, server)
    case 'config-get':
      return configGetCommand(options)
    case 'explain':
      return explainCommand(options)
    case 'explain-filter':
      return explainFilterCommand(options)
    case 'forward-routes':
      return forwardRoutesCommand(options)
    case 'kamailio-route':
      return kamailioRouteCommand(options)
    case undefined: {
      // the stack takes longer to load than a tool to answer
      const { serve } = await import('./serve.ts')
      return serve(options, server)
    }
  }
}

function print(text: string): number {
  endWithReader()
  process.stdout.write(text)
  return 0
}
