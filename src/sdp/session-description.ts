import { type SessionDescription as RawDescription } from 'sdp-transform'
import { type CryptoLine } from './crypto-attribute.ts'
import { type MediaProfile } from './media-profile.ts'

/** A direction attribute (RFC 8866 §6.7), as the party that wrote it means it. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Where RTCP is wanted, when an `a=rtcp` says so (RFC 3605). */
export interface RtcpAttribute {
  readonly port: number
  /** Absent: the address of the m-line. */
  readonly address?: string
}

/** One m-line with the lines below it. */
export interface MediaDescription {
  /** Place among the m-lines, from 0. */
  readonly index: number
  /** `audio`, `video`, … as written. */
  readonly kind: string
  /** 0: refused, or ended. */
  readonly port: number
  /** The profile as written, e.g. `RTP/SAVPF`. */
  readonly protocol: string
  /** The profile's meaning; absent when it is not one of RTP. */
  readonly profile?: MediaProfile
  /** Payload types, or whatever the profile has in their place. */
  readonly formats: readonly string[]
  /**
   * This server could relay it: a profile of RTP, a port, and nobody has refused it. What `LegDescriptions` returns
   * from an offer has `false` where the leg refuses the m-line.
   */
  readonly relayable: boolean
  /** Address of the c= line that applies, as written: an IP literal or a name; absent only beside port 0. */
  readonly address?: string
  /**
   * Direction that is meant: `a=sendonly` and kin of the m-line, else of the session, else `sendrecv`; the receiving
   * half is taken out where the address is the unspecified one, which is how RFC 2543 held a call (RFC 3264 §8.4).
   */
  readonly direction: Direction
  readonly rtcp?: RtcpAttribute
  /** `a=rtcp-mux` (RFC 5761). */
  readonly rtcpMux: boolean
  /** Every `a=crypto`, usable or not, in order. */
  readonly crypto: readonly CryptoLine[]
  /** `a=fingerprint`, here or at session level. */
  readonly fingerprint: boolean
  /** `a=setup`, here or at session level. */
  readonly setup?: string
  /** `a=zrtp-hash`, here or at session level. */
  readonly zrtpHash: boolean
  /** `a=ice-ufrag`, here or at session level, or a candidate. */
  readonly ice: boolean
  /** The attribute lines as they came, without `a=`. */
  readonly attributes: readonly string[]
  /** The b= lines as they came, without `b=`. */
  readonly bandwidths: readonly string[]
  /** The i= line. */
  readonly title?: string
}

/** A session description that was received (RFC 8866). */
export interface SessionDescription {
  readonly media: readonly MediaDescription[]
  /** The attribute lines of the session, as they came, without `a=`. */
  readonly attributes: readonly string[]
  /** The b= lines of the session, as they came, without `b=`. */
  readonly bandwidths: readonly string[]
  /** The same as `sdp-transform` decodes it. */
  readonly raw: RawDescription
}

/**
 * Reads a session description.
 * @param body the body of a SIP message; its bytes survive unchanged in every line that is passed on
 * @throws SdpError `SDP_MALFORMED` (400) with the number of the line, `SDP_TOO_LARGE` (413)
 */
export declare function parseSdp(body: Buffer): SessionDescription
