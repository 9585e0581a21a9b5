import { type Fault } from '../problem.ts'
import { type ValueType } from '../value-type.ts'

/**
 * When a changed value takes effect: `live` at once, `next call` for calls that begin later, `restart` at the next start
 * of the server.
 */
export type ReloadBehaviour = 'live' | 'next call' | 'restart'

/** One parameter of a section. */
export interface Parameter<V> {
  readonly type: ValueType<V>
  /** The value that holds when the file has none, as one would write it. */
  readonly default: string
  /** What the parameter does, in sentences; line breaks separate paragraphs. */
  readonly help: string
  readonly reload: ReloadBehaviour
  /** What the type alone does not say; the value is of the type. */
  check?(value: V): Fault | undefined
  /** A spelling of the public documentation that is read too, and that a real Flexisip refuses. */
  readonly alias?: string
  /** Accepted by Flexisip with a warning, and without a meaning here. */
  readonly deprecated?: boolean
  /**
   * The value names a file whose change is a change of the configuration. `needed`: nothing goes without it. `watched`: it
   * may be another program's, in a configuration that is shared with it, and no affair of this server whether it is there.
   */
  readonly namesFile?: 'needed' | 'watched'
}

/** The parameters of a section by key. */
export type Section = Readonly<Record<string, Parameter<unknown>>>

/** Makes the type of a parameter's value known to the compiler. */
export function parameter<V>(fields: Parameter<V>): Parameter<V> {
  return Object.freeze(fields)
}
