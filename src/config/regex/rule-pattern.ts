import { PatternError } from './pattern-error.ts'

export { PatternError }

/** What running a pattern came to. `exhausted` is no match: the pattern was stopped at its limit of work. */
export type PatternVerdict = 'match' | 'no-match' | 'exhausted'

/** A compiled regular expression of a rule or a filter. */
export interface RulePattern {
  /** The pattern as written. */
  readonly source: string
  /** Says whether the whole of `text` (one char per byte, latin1) matches; a pattern that was stopped did not match. */
  matches(text: string): boolean
  /** As {@link matches}, and tells a pattern that was stopped from one that did not match. */
  verdict(text: string): PatternVerdict
}

/**
 * Compiles a regular expression as libstdc++'s `std::regex(pattern)` reads it: ECMAScript with POSIX bracket classes,
 * case-sensitive, locale "C" (reference: trenscrypter, "Flavour").
 * @param pattern one char per byte
 * @throws {PatternError} naming the column, what is wrong and what to write instead
 */
export function compileRule(pattern: string): RulePattern {
  throw new PatternError(1, `"${pattern}" cannot be compiled yet`, 'wait')
}
