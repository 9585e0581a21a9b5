import { CodedError } from '../../base/coded-error.ts'

/** Why a DTLS association failed. */
export type DtlsErrorCode =
  /** We refused what the peer sent: no certificate, a signature that is wrong, no cipher suite in common… */
  | 'DTLS_HANDSHAKE'
  /** The peer refused, and said so in an alert. */
  | 'DTLS_ALERT'
  /** The peer speaks DTLS, but not SRTP with a protection profile of ours (RFC 5764 §4.1). */
  | 'DTLS_NO_SRTP'
  /** A flight was sent time after time and nothing came back. */
  | 'DTLS_TIMEOUT'
  /** The peer said close_notify after the handshake. */
  | 'DTLS_CLOSED'

/** A DTLS association that cannot go on. The message holds no secret. */
export class DtlsError extends CodedError {
  declare readonly code: DtlsErrorCode

  constructor(code: DtlsErrorCode, message: string) {
    super(code, message, { status: 488 })
  }
}
