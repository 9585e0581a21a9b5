/**
 * Base of every error that this project throws on purpose. A subclass is named after what went wrong, carries a stable
 * `code` for logs, metrics and tests, and where it decides the fate of a request, the SIP status that answers it.
 */
export abstract class CodedError extends Error {
  /** Stable, upper-case, e.g. `SDP_MALFORMED`. */
  readonly code: string
  /** SIP status code with which a request that caused this is answered; 500 where nobody can know better. */
  readonly status: number

  constructor(code: string, message: string, options: ErrorOptions & { status?: number } = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.status = options.status ?? 500
  }
}
