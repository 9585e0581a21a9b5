import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Fault, type Problem } from '../config/problem.ts'
import { type KeyOf, type SectionName } from '../config/schema.ts'

/** What the stack says of a value, which the configuration layer only knows by its shape. */
export function faultOf(error: unknown, example: string): Fault {
  if (!(error instanceof CodedError)) throw error
  return { what: error.message, instead: `write e.g. ${example}` }
}

/** The problem of a value that keeps a server from being started. */
export function problemAt<S extends SectionName>(
  snapshot: ConfigSnapshot,
  section: S,
  key: KeyOf<S>,
  { what, instead }: Fault,
): Problem {
  const at = snapshot.at(section, key) ?? { file: snapshot.files[0] ?? '', line: 1, column: 1 }
  return { ...at, what, instead, severity: 'error', code: 'START' }
}
