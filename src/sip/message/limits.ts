/** What a message may take, in bytes and fields; checked before anything of it is read. */
export interface MessageLimits {
  /** Bytes of start line and header fields, the blank line included. */
  readonly headBytes: number
  /** Bytes of the body. */
  readonly bodyBytes: number
  /** Header fields. */
  readonly headers: number
}

/** 64 KiB of head, 64 KiB of body, 256 header fields. */
export const defaultLimits: MessageLimits = { headBytes: 65536, bodyBytes: 65536, headers: 256 }
