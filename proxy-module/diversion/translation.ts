import { CodedError } from '../../src/base/coded-error.ts'
import { type Filter } from '../filter/filter.ts'
import { type FilterNode, operandsOf } from '../filter/syntax.ts'

/** What the diversion of `module::B2bua` is made of, for a translation into the configuration of another proxy. */
export interface DiversionSource {
  readonly filter: Filter
  /** `module::B2bua/b2bua-server`. */
  readonly server: string
  /** The User-Agent header of the server's own requests, without placeholder. */
  readonly userAgent: string
  /** Whether that header changes with the server's version. */
  readonly userAgentVaries: boolean
}

/** A diversion that the other language cannot say; `what` and `instead` as `check-config` prints them. */
export class TranslationError extends CodedError {
  /** Column in the filter, from 1, counted in bytes; absent when it is no matter of the filter. */
  readonly column: number | undefined
  readonly what: string
  readonly instead: string

  constructor(column: number | undefined, what: string, instead: string) {
    super('FILTER_UNTRANSLATABLE', `${column === undefined ? '' : `column ${column}: `}${what}; ${instead}`)
    this.column = column
    this.what = what
    this.instead = instead
  }
}

/**
 * The URI of the server, when it can stand between `<` and `>` in a Route header and in a configuration file: a `#` would
 * begin a comment, a `?` header fields, and neither a quote nor a backslash belongs into a URI (RFC 3261 §25.1).
 * @throws {TranslationError}
 */
export function checkedServer(server: string): string {
  if (/^sips?:[!$&'()*+,\-./0-9:;=@A-Z[\]_a-z~%]+$/i.test(server)) return server
  throw new TranslationError(
    undefined,
    'module::B2bua/b2bua-server cannot stand in a Route header',
    "write e.g. 'sip:127.0.0.1:6067;transport=tcp'",
  )
}

/** Writes text as comment lines; nothing in it can end a line, and so the comment. */
export function comment(...lines: readonly string[]): string {
  return lines.map((line) => `# ${line.replaceAll(/[\0-\x1f\x7f]/g, ' ')}`.trimEnd() + '\n').join('')
}

/** The warning that a translation begins with when the server's User-Agent changes with its version. */
export function userAgentWarning({ userAgent, userAgentVaries }: DiversionSource): string {
  if (!userAgentVaries) return ''
  return comment(
    `WARNING: b2bua-server/user-agent contains {version}, which is ${userAgent} with this version of the server only.`,
    "After an upgrade the server's own INVITEs would be sent back to it, without end. Write a fixed one, e.g.",
    'user-agent=Flexisip-B2BUA/1.0, restart the server and print this file again.',
  )
}

/** The variables of a filter whose name begins with one of `prefixes`, each once. */
export function variablesOf(root: FilterNode, prefixes: readonly string[]): readonly string[] {
  const names = operandsOf(root).flatMap((operand) => (operand.kind === 'variable' ? [operand.name as string] : []))
  return [...new Set(names)].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
}
