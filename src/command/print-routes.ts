import { once } from 'node:events'
import { forwardRoutes, noForwardRoutes } from '../../proxy-module/diversion/forward-routes.ts'
import { kamailioRoute, noKamailioRoute } from '../../proxy-module/diversion/kamailio-route.ts'
import { type DiversionSource, TranslationError } from '../../proxy-module/diversion/translation.ts'
import { compileFilter, FilterError } from '../../proxy-module/filter/filter.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { formatProblem } from '../config/problem.ts'
import { loadForTool } from './load.ts'
import { UsageError, type Options } from './options.ts'
import { version } from './version.ts'

/**
 * `forward-routes`: prints what `module::B2bua` does as a routes file for Flexisip's `module::Forward`.
 * @returns 0, or 1 when the configuration cannot be read or the filter cannot be written so
 * @throws UsageError
 */
export function forwardRoutesCommand(options: Options): Promise<number> {
  return printRoutes(options, forwardRoutes, noForwardRoutes)
}

/**
 * `kamailio-route`: prints what `module::B2bua` does as a route block for Kamailio.
 * @returns 0, or 1 when the configuration cannot be read or Kamailio has nothing for what the filter says
 * @throws UsageError
 */
export function kamailioRouteCommand(options: Options): Promise<number> {
  return printRoutes(options, kamailioRoute, noKamailioRoute)
}

async function printRoutes(
  options: Options,
  translate: (diversion: DiversionSource) => string,
  nothing: () => string,
): Promise<number> {
  if (options.arguments.length > 0) throw new UsageError(`${options.tool!} takes no arguments`)
  const snapshot = loadForTool(options)
  if (snapshot === undefined) return 1
  try {
    const text = snapshot.get('module::B2bua', 'enabled') ? translate(diversionOf(snapshot)) : nothing()
    // The bytes of the configuration as they are
    if (!process.stdout.write(Buffer.from(text, 'latin1'))) await once(process.stdout, 'drain')
    return 0
  } catch (error) {
    if (!(error instanceof FilterError || error instanceof TranslationError)) throw error
    process.stderr.write(`${explain(error, snapshot)}\n`)
    return 1
  }
}

function diversionOf(snapshot: ConfigSnapshot): DiversionSource {
  const userAgent = snapshot.get('b2bua-server', 'user-agent')
  return {
    filter: compileFilter(snapshot.text('module::B2bua', 'filter') ?? ''),
    server: snapshot.get('module::B2bua', 'b2bua-server'),
    userAgent: userAgent.replace('{version}', version),
    userAgentVaries: userAgent.includes('{version}'),
  }
}

/** Says what is wrong at its place in the configuration: a column is one of the filter. */
function explain(error: FilterError | TranslationError, snapshot: ConfigSnapshot): string {
  const { column, code, what, instead } = error
  const at = column === undefined ? undefined : snapshot.at('module::B2bua', 'filter')
  if (column === undefined || at === undefined) return error.message
  return formatProblem({ ...at, column: at.column + column - 1, severity: 'error', code, what, instead })
}
