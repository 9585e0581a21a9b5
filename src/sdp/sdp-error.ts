import { CodedError } from '../base/coded-error.ts'

/** Every error of the SDP layer, with the SIP status that answers a request which caused it. */
const statuses = {
  /** A line that RFC 8866 does not allow; the message names it by number. */
  SDP_MALFORMED: 400,
  /** More lines, longer lines or more m-lines than anybody needs. */
  SDP_TOO_LARGE: 413,
  /** Nothing in the offer can be accepted on this leg. */
  SDP_NO_USABLE_MEDIA: 488,
  /** The answer's m-lines do not match the offer's in number or kind (RFC 3264 §6). */
  SDP_MEDIA_LINES_DIFFER: 488,
  /** A profile that was not offered, or a re-offer of a live m-line in a profile that the leg's mode cannot use. */
  SDP_PROFILE_UNUSABLE: 488,
  /** `audio-codec` or `video-codec` leaves nothing of what was offered. */
  SDP_NO_COMMON_CODEC: 488,
  /** The leg's encryption mode is not one that this layer negotiates. */
  SDP_MODE_UNAVAILABLE: 488,
  /** An answer without an offer: the caller of this layer is at fault. */
  SDP_OUT_OF_ORDER: 500,
  /** No `a=crypto` where the leg must be encrypted by SDES. */
  SDES_MISSING: 488,
  /** `a=crypto` lines, none of which can be used; the message says why of the first. */
  SDES_UNUSABLE: 488,
  /** The answer's tag is none of the offer's (RFC 4568 §5.1.3). */
  SDES_TAG_NOT_OFFERED: 488,
  /** The answer's suite is not the one that its tag was offered with. */
  SDES_SUITE_NOT_OFFERED: 488,
  /** A key of the wrong length for its suite, or not base64. */
  SDES_KEY_UNUSABLE: 488,
  /** A session parameter that would have to be understood (RFC 4568 §6.3). */
  SDES_PARAMETER_UNSUPPORTED: 488,
  /** A re-offer that takes the encryption away from a stream that had it. */
  SDES_DOWNGRADE: 488,
  /** No `a=fingerprint` that can be read where the leg must be encrypted by DTLS-SRTP. */
  DTLS_FINGERPRINT_MISSING: 488,
  /** An `a=setup` that leaves nobody to begin the handshake (RFC 4145 §4). */
  DTLS_SETUP_UNUSABLE: 488,
  /** A re-offer that takes DTLS-SRTP away from a stream that had it. */
  DTLS_DOWNGRADE: 488,
  /** An answer with `a=crypto` to an offer without: none means none. */
  SDES_NOT_OFFERED: 488,
} as const

/** Code of an {@link SdpError}. */
export type SdpErrorCode = keyof typeof statuses

/** Every code, in the order of the table. */
export const sdpErrorCodes = Object.keys(statuses) as readonly SdpErrorCode[]

/** A session description that cannot be read or agreed to. The message names the line, never a key. */
export class SdpError extends CodedError {
  declare readonly code: SdpErrorCode

  constructor(code: SdpErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: statuses[code] })
  }
}
