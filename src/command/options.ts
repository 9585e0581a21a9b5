import { parseArgs } from 'node:util'
import { CodedError } from '../base/coded-error.ts'

/** A command line that cannot be understood; exit status 1 (reference: cli-and-services §4). */
export class UsageError extends CodedError {
  constructor(message: string) {
    super('USAGE', message)
  }
}

/** Where Flexisip's packages keep their configuration. */
const defaultConfig = '/etc/flexisip/flexisip.conf'

/** The operator's tools beside the servers. */
export const tools = [
  'check-config',
  'explain',
  'explain-filter',
  'config-get',
  'forward-routes',
  'kamailio-route',
] as const
export type Tool = (typeof tools)[number]

/** What `--server` can name. */
export const servers = ['b2bua', 'proxy', 'all'] as const
export type Server = (typeof servers)[number]

/** A command line, understood. */
export interface Options {
  /** A tool with its arguments, or the servers when absent. */
  readonly tool: Tool | undefined
  readonly arguments: readonly string[]
  readonly server: string | undefined
  readonly config: string
  readonly companion: string | undefined
  /** `section/key=value`, in order; the last one of a key wins. */
  readonly overrides: readonly string[]
  readonly debug: boolean
  readonly pidfile: string | undefined
  readonly syslog: boolean
  readonly console: boolean
  readonly dumpDefault: string | undefined
  readonly listSections: boolean
  readonly version: boolean
  readonly help: boolean
  readonly json: boolean
  readonly fromMode: string | undefined
  /** File with the SIP message of `explain-filter`. */
  readonly message: string | undefined
}

/** What `--help` prints. */
export const helpText = `Usage: flexisip-b2bua [--server b2bua|proxy|all] [options]
       flexisip-b2bua check-config [--json] [options]
       flexisip-b2bua explain [<sip-uri>] [--from-mode zrtp|dtls-srtp|sdes|none] [--json] [options]
       flexisip-b2bua explain-filter [<expression>] --message FILE
       flexisip-b2bua config-get <section/key> [options]
       flexisip-b2bua forward-routes|kamailio-route [options]

Servers and tools read the flexisip.conf of the proxy beside them.

  --server b2bua|proxy|all      what to run (default: b2bua); proxy: module::B2bua before a proxy, or a proxy of its own
  -c, --config FILE             default: ${defaultConfig}
      --companion FILE          settings that a Flexisip does not know; default: flexisip-b2bua.conf beside the config
  -s, --set SECTION/KEY=VALUE   instead of what the file says; may be repeated
  -d, --debug                   debug logs on the console
  -p, --pidfile FILE            write the process id there
      --syslog                  log to syslog as well
      --disable-stdout          no log on the console
      --dump-default all|SECTION   print the defaults as a configuration file
      --list-sections           print the names of the sections
      --version, -h, --help

  explain says which rule decides for a recipient; without a URI it reads "uri[<TAB>from-mode]" lines from standard input.
  explain-filter says what a filter of module::B2bua makes of the SIP message in FILE; without one it reads one a line.
  forward-routes prints what module::B2bua does as routes for module::Forward, kamailio-route as a route block for Kamailio.
`

/**
 * Reads the command line, spelled as Flexisip's (reference: cli-and-services §1).
 * @throws UsageError
 */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  const [tool, ...rest] = positionals
  if (tool !== undefined && !isTool(tool)) {
    throw new UsageError(`unknown command '${tool}'; it is one of ${tools.join(', ')}, or none to run a server`)
  }
  return {
    tool,
    arguments: rest,
    server: values.server,
    config: values.config ?? defaultConfig,
    companion: values.companion,
    overrides: values.set ?? [],
    debug: values.debug ?? false,
    pidfile: values.pidfile,
    syslog: values.syslog ?? false,
    console: !(values['disable-stdout'] ?? false),
    dumpDefault: values['dump-all-default'] === true ? 'all' : values['dump-default'],
    listSections: values['list-sections'] ?? false,
    version: values.version ?? false,
    help: values.help ?? false,
    json: values.json ?? false,
    fromMode: values['from-mode'],
    message: values.message,
  }
}

function isTool(text: string): text is Tool {
  return (tools as readonly string[]).includes(text)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        server: { type: 'string' },
        config: { type: 'string', short: 'c' },
        companion: { type: 'string' },
        set: { type: 'string', short: 's', multiple: true },
        debug: { type: 'boolean', short: 'd' },
        pidfile: { type: 'string', short: 'p' },
        syslog: { type: 'boolean' },
        'disable-stdout': { type: 'boolean' },
        'dump-default': { type: 'string' },
        'dump-all-default': { type: 'boolean' },
        'list-sections': { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        'from-mode': { type: 'string' },
        message: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(/\. To specify|\n/)[0]! : String(error))
  }
}
