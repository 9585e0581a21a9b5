import { CodedError } from '../../base/coded-error.ts'

/** Why a request got no final response; stable, for logs and metrics. */
export type TransactionErrorCode =
  /** Timer B or F fired (RFC 3261 §17.1.1.2, §17.1.2.2). */
  | 'TRANSACTION_TIMEOUT'
  /** No target could be reached, or the connection closed before the response came. */
  | 'TRANSACTION_TRANSPORT'
  /** Cancelled before it was sent, or no final response came within 64*T1 of its CANCEL (RFC 3261 §9.1). */
  | 'TRANSACTION_CANCELLED'
  /** Another INVITE is in progress in the dialog (RFC 3261 §14.1): nothing was sent. */
  | 'TRANSACTION_PENDING'
  /** The dialog is over: nothing was sent. */
  | 'TRANSACTION_NO_DIALOG'

/** The status that stands for each code, as if a response had said so (RFC 3261 §8.1.3.1). */
const statuses: Readonly<Record<TransactionErrorCode, number>> = {
  TRANSACTION_TIMEOUT: 408,
  TRANSACTION_TRANSPORT: 503,
  TRANSACTION_CANCELLED: 487,
  TRANSACTION_PENDING: 491,
  TRANSACTION_NO_DIALOG: 481,
}

/**
 * A client transaction's end without a final response. `status` is what the request's user should take it for: 408 for a
 * timeout, 503 for a transport failure, 487 cancelled, 491 glare, 481 no dialog.
 */
export class TransactionError extends CodedError {
  declare readonly code: TransactionErrorCode

  constructor(code: TransactionErrorCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { ...options, status: statuses[code] })
  }
}
