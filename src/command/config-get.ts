import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { allParameters } from '../config/schema.ts'
import { loadForTool } from './load.ts'
import { UsageError, type Options } from './options.ts'

/**
 * `config-get <section/key>`: prints a value as the servers see it.
 * @returns 0, or 1 when the configuration cannot be read
 * @throws UsageError when no such parameter exists
 */
export function configGetCommand(options: Options): number {
  const [path] = options.arguments
  if (path === undefined || options.arguments.length > 1) throw new UsageError('config-get takes one section/key')
  const snapshot = loadForTool(options)
  if (snapshot === undefined) return 1
  process.stdout.write(`${valueOf(snapshot, path)}\n`)
  return 0
}

function valueOf(snapshot: ConfigSnapshot, path: string): string {
  for (const { section, key } of allParameters()) {
    if (`${section}/${key}` !== path) continue
    return Buffer.from(snapshot.text(section, key) ?? '', 'latin1').toString('utf8')
  }
  throw new UsageError(`Not found: ${path}; --dump-default all shows what there is`)
}
