import { matchBacktracking } from './backtracking-matcher.ts'
import { matchLinear } from './linear-matcher.ts'
import { parsePattern } from './parse-pattern.ts'
import { compileProgram, type Program } from './program.ts'
import { ReverseAutomaton } from './reverse-automaton.ts'

export { PatternError } from './pattern-error.ts'

/** What running a pattern came to. `exhausted` is no match: the pattern was stopped at its limit of work. */
export type PatternVerdict = 'match' | 'no-match' | 'exhausted'

/** A compiled regular expression of a rule or a filter. */
export interface RulePattern {
  /** The pattern as written. */
  readonly source: string
  /** The automaton that runs it; absent when back-references keep it from being regular. */
  readonly automaton?: ReverseAutomaton
  /** Says whether the whole of `text` (one char per byte, latin1) matches; a pattern that was stopped did not match. */
  matches(text: string): boolean
  /** As {@link matches}, and tells a pattern that was stopped from one that did not match. */
  verdict(text: string): PatternVerdict
}

/**
 * Compiles a regular expression as libstdc++'s `std::regex(pattern)` reads it: ECMAScript with POSIX bracket classes,
 * case-sensitive, locale "C", on bytes (reference: trenscrypter, "Flavour"). A pattern runs in time linear in the text;
 * only one with back-references tries path by path. No match takes more than a few milliseconds, whatever the text.
 * @param pattern one char per byte (latin1)
 * @param options.captures whether groups capture; false is `std::regex::nosubs`, the flavour of filters
 * @throws {PatternError} naming the column, what is wrong and what to write instead
 */
export function compileRule(pattern: string, { captures = true }: { captures?: boolean } = {}): RulePattern {
  const syntax = parsePattern(pattern, captures)
  const program = compileProgram(syntax)
  return syntax.refersBack ? new BacktrackingPattern(pattern, program) : new LinearPattern(pattern, program)
}

class LinearPattern implements RulePattern {
  readonly source: string
  readonly automaton: ReverseAutomaton

  constructor(source: string, program: Program) {
    this.source = source
    this.automaton = new ReverseAutomaton(program)
  }

  matches(text: string): boolean {
    return this.verdict(text) === 'match'
  }

  verdict(text: string): PatternVerdict {
    return matchLinear(this.automaton, text)
  }
}

class BacktrackingPattern implements RulePattern {
  readonly source: string
  readonly #program: Program

  constructor(source: string, program: Program) {
    this.source = source
    this.#program = program
  }

  matches(text: string): boolean {
    return this.verdict(text) === 'match'
  }

  verdict(text: string): PatternVerdict {
    return matchBacktracking(this.#program, text)
  }
}
