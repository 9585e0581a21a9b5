import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { utf8 } from '../config/problem.ts'
import { allParameters } from '../config/schema.ts'
import { loadForTool } from './load.ts'
import { UsageError, type Options } from './options.ts'
import { printLine } from './print.ts'

/**
 * `config-get <section/key>`: prints a value as the servers see it.
 * @returns 0, or 1 when the configuration cannot be read
 * @throws UsageError when no such parameter exists
 */
export async function configGetCommand(options: Options): Promise<number> {
  const [path] = options.arguments
  if (path === undefined || options.arguments.length > 1) throw new UsageError('config-get takes one section/key')
  const snapshot = loadForTool(options)
  if (snapshot === undefined) return 1
  await printLine(valueOf(snapshot, path))
  return 0
}

function valueOf(snapshot: ConfigSnapshot, path: string): string {
  for (const { section, key, parameter } of allParameters()) {
    if (`${section}/${key}` !== path && `${section}/${parameter.alias}` !== path) continue
    return utf8(snapshot.text(section, key) ?? '')
  }
  throw new UsageError(`Not found: ${path}; --dump-default all shows what there is`)
}
