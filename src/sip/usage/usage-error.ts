import { CodedError } from '../../base/coded-error.ts'

/** What can go wrong with an INVITE beyond its transaction; stable, for logs. */
export type UsageErrorCode =
  /** A final response was given to the INVITE before. */
  | 'INVITE_SETTLED'
  /** The ACK of a refusal never came (RFC 3261 §17.2.1, timer H). */
  | 'INVITE_NO_ACK'
  /** The PRACK of a provisional response never came (RFC 3262 §3). */
  | 'INVITE_NO_PRACK'

/** An INVITE cannot do what is asked of it, or did not end as it should. */
export class UsageError extends CodedError {
  declare readonly code: UsageErrorCode

  constructor(code: UsageErrorCode, message: string) {
    super(code, message, { status: 500 })
  }
}
