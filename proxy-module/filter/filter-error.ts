import { CodedError } from '../../src/base/coded-error.ts'

/** A filter that cannot be used; `what` and `instead` as `check-config` prints them. */
export class FilterError extends CodedError {
  /** Column in the expression, from 1, counted in bytes. */
  readonly column: number
  readonly what: string
  readonly instead: string

  constructor(column: number, what: string, instead: string) {
    super('FILTER_INVALID', `column ${column}: ${what}; ${instead}`)
    this.column = column
    this.what = what
    this.instead = instead
  }
}
