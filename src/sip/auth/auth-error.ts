import { CodedError } from '../../base/coded-error.ts'

/**
 * A challenge or credentials that cannot be read or met. Codes: `AUTH_MALFORMED` (status 400, the sender's mistake),
 * `AUTH_PARAMETER` (status 500, a value that no header can carry). The message never quotes the field: it may hold digests.
 */
export class AuthError extends CodedError {}

/** The error of a value that another side wrote wrongly. */
export function malformedAuth(what: string): AuthError {
  return new AuthError('AUTH_MALFORMED', `Malformed authentication header: ${what}.`, { status: 400 })
}
