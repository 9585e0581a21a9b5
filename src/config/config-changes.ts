import { type ConfigSnapshot } from './config-snapshot.ts'
import { type Position, utf8 } from './problem.ts'
import { allParameters, type KeyOf, type ParameterPath, type SectionName } from './schema.ts'

/** A parameter whose text differs between two snapshots. */
export interface ConfigChange {
  readonly section: SectionName
  readonly key: string
  /** The text before, or the default, decoded as UTF-8 for the log. */
  readonly before: string
  /** The text now, or the default, decoded as UTF-8 for the log. */
  readonly after: string
  /** Where the new text is written; undefined when the default came back. */
  readonly at: Position | undefined
}

/** Lists the parameters that differ, in the schema's order. */
export function findChanges(before: ConfigSnapshot, after: ConfigSnapshot): ConfigChange[] {
  const changes: ConfigChange[] = []
  for (const { section, key } of allParameters()) {
    const [old, now] = [before.text(section, key)!, after.text(section, key)!]
    if (old === now) continue
    changes.push({
      section,
      key,
      before: utf8(old),
      after: utf8(now),
      at: after.at(section, key as KeyOf<SectionName>),
    })
  }
  return changes
}

/** Those of the changes that take effect only when the server is started again. */
export function needRestart(changes: readonly ConfigChange[]): ParameterPath[] {
  return [...allParameters()]
    .filter(({ section, key, parameter }) => {
      return (
        parameter.reload === 'restart' && changes.some((change) => change.section === section && change.key === key)
      )
    })
    .map(({ section, key }) => `${section}/${key}` as ParameterPath)
}
