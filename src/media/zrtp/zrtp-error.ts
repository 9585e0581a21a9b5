import { CodedError } from '../../base/coded-error.ts'

/** The errors of ZRTP with their number on the wire (RFC 6189 §5.9). */
export const zrtpErrors = {
  ZRTP_MALFORMED: 0x10,
  ZRTP_CRITICAL: 0x20,
  ZRTP_VERSION: 0x30,
  ZRTP_HELLO_MISMATCH: 0x40,
  ZRTP_HASH_UNSUPPORTED: 0x51,
  ZRTP_CIPHER_UNSUPPORTED: 0x52,
  ZRTP_KEY_AGREEMENT_UNSUPPORTED: 0x53,
  ZRTP_AUTH_TAG_UNSUPPORTED: 0x54,
  ZRTP_SAS_UNSUPPORTED: 0x55,
  ZRTP_NO_SHARED_SECRET: 0x56,
  ZRTP_PUBLIC_VALUE: 0x61,
  ZRTP_HVI_MISMATCH: 0x62,
  ZRTP_UNTRUSTED_RELAY: 0x63,
  ZRTP_CONFIRM_MAC: 0x70,
  ZRTP_NONCE_REUSED: 0x80,
  ZRTP_EQUAL_ZIDS: 0x90,
  ZRTP_SSRC_COLLISION: 0x91,
  ZRTP_UNAVAILABLE: 0xa0,
  ZRTP_TIMEOUT: 0xb0,
  /** Not on the wire: nobody there speaks ZRTP. */
  ZRTP_UNANSWERED: 0xb0,
  ZRTP_GO_CLEAR: 0x100,
} as const

/** Code of a {@link ZrtpError}. */
export type ZrtpErrorCode = keyof typeof zrtpErrors

/** An exchange that cannot go on. The message holds no secret. */
export class ZrtpError extends CodedError {
  declare readonly code: ZrtpErrorCode
  /** On the wire. */
  readonly number: number

  constructor(code: ZrtpErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: 488 })
    this.number = zrtpErrors[code]
  }
}
