import { CodedError } from '../../base/coded-error.ts'

/** The stack was used in a way that the state of a call forbids; stable codes, for logs. */
export type UsageErrorCode =
  /** A final response was given to the INVITE before. */
  'INVITE_SETTLED'

/** A fault of the caller of this layer, not of a peer. */
export class UsageError extends CodedError {
  declare readonly code: UsageErrorCode

  constructor(code: UsageErrorCode, message: string) {
    super(code, message, { status: 500 })
  }
}
