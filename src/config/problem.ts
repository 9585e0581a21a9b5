/** A place in a configuration file. Lines and columns count from 1; a column counts bytes, as a compiler's does. */
export interface Position {
  /** Path as it was given, or `--set` for what stood on the command line (the line is then the number of the option). */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What is wrong with a value, and what to write instead. */
export interface Fault {
  /** What is wrong, as a clause without a full stop, e.g. `'dtsl-srtp' is not an encryption mode`. */
  readonly what: string
  /** What the operator should write, as an imperative clause, e.g. `write 'dtls-srtp'`. */
  readonly instead: string
}

/** Something that is wrong with the configuration, and where. */
export interface Problem extends Position, Fault {
  /** An error keeps the server from starting, or a reload from being taken. */
  readonly severity: 'error' | 'warning'
  /** Stable, upper-case, e.g. `CONFIG_UNKNOWN_KEY`. */
  readonly code: string
}

/** Whether one of the problems is an error. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error')
}

/** Writes a problem as compilers do: `file:line:column: error|warning: what; what to write instead`. */
export function formatProblem({ file, line, column, severity, what, instead }: Problem): string {
  return `${file}:${line}:${column}: ${severity}: ${what}; ${instead}`
}

/** Orders problems by file, line and column, and leaves out those that say the same of the same place twice. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems
    .filter((problem) => {
      const line = formatProblem(problem)
      return !seen.has(line) && seen.add(line)
    })
    .sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Longest part of a configuration text that a message repeats. */
const longestQuote = 120

/**
 * Quotes a configuration text (latin1, one character a byte) for a message: decoded as UTF-8, controls escaped so that no
 * line can be forged, and cut when it is long.
 */
export function quote(text: string): string {
  const shown = escapeControls(utf8(text))
  return shown.length > longestQuote ? `'${shown.slice(0, longestQuote)}…'` : `'${shown}'`
}

/** Decodes a configuration text (latin1, one character a byte) as the UTF-8 that an editor shows. */
export function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

function escapeControls(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (one) =>
    one === '\t' ? '\\t' : one === '\r' ? '\\r' : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
