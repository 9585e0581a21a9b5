import { CodedError } from '../base/coded-error.ts'

/** Every error of media, with the SIP status that answers the request which needed it. */
const statuses = {
  /** All port pairs of the range are in use or resting. */
  MEDIA_PORTS_EXHAUSTED: 503,
  /** `localAddress` cannot be bound. */
  MEDIA_ADDRESS_UNUSABLE: 500,
  /** No worker runs. */
  MEDIA_UNAVAILABLE: 503,
  MEDIA_WORKER_DIED: 500,
  MEDIA_SESSION_CLOSED: 500,
  MEDIA_STREAM_UNKNOWN: 500,
  /** A master key or salt whose length does not fit its suite. */
  MEDIA_KEY_UNUSABLE: 488,
  /** koffi or OpenSSL's functions are missing: no DTLS-SRTP. */
  MEDIA_OPENSSL_UNAVAILABLE: 488,
  /** The packet loop on Linux's own calls cannot run here; that on Node's sockets can. */
  MEDIA_LINUX_UNAVAILABLE: 500,
  /** The certificate of DTLS-SRTP cannot be read, or its key is another one's. */
  MEDIA_CERTIFICATE_UNUSABLE: 500,
  /** The file of ZRTP's retained secrets cannot be read or written. */
  MEDIA_SECRETS_NOT_KEPT: 500,
} as const

/** Code of a {@link MediaError}. */
export type MediaErrorCode = keyof typeof statuses

/** Media could not be had, or was lost. Never names a key. */
export class MediaError extends CodedError {
  declare readonly code: MediaErrorCode

  constructor(code: MediaErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: statuses[code] })
  }
}
