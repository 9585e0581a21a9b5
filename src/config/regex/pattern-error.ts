import { CodedError } from '../../base/coded-error.ts'

/**
 * A regular expression that cannot be used. `what` says what is wrong and `instead` what to write, in the form in which
 * `check-config` prints problems.
 */
export class PatternError extends CodedError {
  /** Column in the pattern, from 1, counted in bytes. */
  readonly column: number
  readonly what: string
  readonly instead: string

  constructor(column: number, what: string, instead: string) {
    super('PATTERN_INVALID', `column ${column}: ${what}; ${instead}`)
    this.column = column
    this.what = what
    this.instead = instead
  }
}
