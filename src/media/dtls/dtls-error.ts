import { CodedError } from '../../base/coded-error.ts'

/** Why a DTLS handshake failed. */
export type DtlsErrorCode = 'DTLS_HANDSHAKE' | 'DTLS_NO_SRTP' | 'DTLS_TIMEOUT' | 'DTLS_CLOSED'

/** A DTLS association that cannot go on. The message holds no secret. */
export class DtlsError extends CodedError {
  declare readonly code: DtlsErrorCode

  constructor(code: DtlsErrorCode, message: string) {
    super(code, message, { status: 488 })
  }
}
