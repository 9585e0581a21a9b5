import { type SessionDescription } from './session-description.ts'

/** The only codec of a kind that calls may use; absent: all that the phones agree on. */
export interface CodecRestriction {
  /** `audio-codec`: `name/rate`, e.g. `PCMU/8000`. Case does not matter. */
  readonly audio?: string
  /** `video-codec`: name, e.g. `VP8`. Case does not matter. */
  readonly video?: string
}

/**
 * The description with only the allowed codecs left in its live m-lines.
 * @throws SdpError `SDP_NO_COMMON_CODEC` (488) when a live m-line has none of them
 */
export declare function restrictCodecs(
  description: SessionDescription,
  restriction: CodecRestriction,
): SessionDescription
