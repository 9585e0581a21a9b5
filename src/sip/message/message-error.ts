import { CodedError } from '../../base/coded-error.ts'
import { type SipRequest } from './message.ts'

/** What a `MessageError` knows beside its code. */
export interface MessageErrorOptions extends ErrorOptions {
  /** 400 when absent. */
  readonly status?: number
  readonly request?: SipRequest | undefined
  readonly fatal?: boolean
}

/**
 * Bytes that are no message which this stack accepts. `status` is what answers them where `request` is there. Codes:
 *
 * | code | what is wrong | status |
 * |---|---|---|
 * | `SIP_EMPTY` | nothing but line ends | dropped |
 * | `SIP_START_LINE` | neither a request line nor a status line | 400 |
 * | `SIP_VERSION` | not SIP/2.0 | 505 |
 * | `SIP_HEADER_LINE` | a line without a colon or without a name that is a token | 400 |
 * | `SIP_CONTROL_CHARACTER` | a CR inside a line, or a NUL that is no quoted-pair | 400 |
 * | `SIP_HEAD_UNFINISHED` | a datagram without the blank line | 400 |
 * | `SIP_HEAD_TOO_LARGE` | the head exceeds its limit | dropped |
 * | `SIP_TOO_MANY_HEADERS` | more fields than the limit | 513 |
 * | `SIP_BODY_TOO_LARGE` | the body exceeds its limit | 413 |
 * | `SIP_BODY_SHORT` | a datagram ends before its Content-Length | 400 |
 * | `SIP_CONTENT_LENGTH` | no number, several that differ, or none on a stream | 400 |
 * | `SIP_HEADER_MISSING` | no Via, From, To, Call-ID or CSeq | 400 |
 * | `SIP_HEADER_DOUBLED` | From, To, Call-ID or CSeq more than once | 400 |
 * | `SIP_HEADER` | one of these, or the Request-URI, cannot be read (`cause` says why) | 400 |
 * | `SIP_CSEQ_METHOD` | CSeq names another method than the request line | 400 |
 */
export class MessageError extends CodedError {
  /**
   * As much of the request as is needed to answer it with `createResponse`. Absent for responses, for ACK, which is never
   * answered, and where there is no Via to answer to: then the message is dropped.
   */
  readonly request: SipRequest | undefined
  /** On a stream: nobody can tell where the next message begins, so the connection is of no further use. */
  readonly fatal: boolean

  constructor(code: string, message: string, options: MessageErrorOptions = {}) {
    super(code, message, {
      status: options.status ?? 400,
      ...(options.cause !== undefined && { cause: options.cause }),
    })
    this.request = options.request
    this.fatal = options.fatal ?? false
  }
}
