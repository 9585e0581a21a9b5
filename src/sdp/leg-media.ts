import {
  type EventFormat,
  type IceDescription,
  type PayloadClock,
  type Protection,
  type RemoteEndpoint,
  type TelephoneEvents,
} from '../base/endpoint-description.ts'
import { dtlsProtection, type DtlsState } from './dtls-setup.ts'
import { attributeValue, type Attribute } from './attributes.ts'
import { type MediaProfile } from './media-profile.ts'
import { noSdesKeys, type SdesKeys } from './sdes-keys.ts'
import { SdpError } from './sdp-error.ts'
import { zrtpProtection, type ZrtpParty, type ZrtpState } from './zrtp-lines.ts'
import { isUnspecified, type Direction, type MediaDescription, type SessionDescription } from './session-description.ts'

/** One m-line as it stands on one leg. Values are never changed; each exchange makes new ones. */
export interface LegMedia {
  readonly kind: string
  /** As this leg's descriptions write it. */
  readonly protocol: string
  readonly profile?: MediaProfile
  readonly formats: readonly string[]
  /** `a=mid` on this leg (RFC 5888): of who named the m-line first. */
  readonly mid?: string
  /** Neither side has refused it, so far. */
  readonly live: boolean
  /** What this server's own description states; before there is one, what the peer's allows. */
  readonly direction: Direction
  readonly remote?: RemoteEndpoint
  readonly sdes: SdesKeys
  /** Present on a leg of DTLS-SRTP; of an m-line that has ended, what it was. */
  readonly dtls?: DtlsState
  /** Present on a leg of ZRTP; of an m-line that has ended, what it was. */
  readonly zrtp?: ZrtpState
  /** RTCP shares the RTP port: as offered, and then as agreed (RFC 5761). */
  readonly mux: boolean
  /** Present while ICE is offered, and when it is agreed. */
  readonly ice?: IceDescription
  /** The payload types of telephone-event in the offer. */
  readonly offeredEvents?: readonly EventFormat[]
  /** They are this server's addition to what the other leg's phone offers. */
  readonly addedEvents?: boolean
  /** What the two sides have agreed on of them. */
  readonly events?: TelephoneEvents
  /** Of the payload types that the two sides may use, where it is not 8,000 Hz. */
  readonly clocks?: readonly PayloadClock[]
  /** Value of `a=acfg` for the answer, when the peer's offer was taken in one of its potential configurations. */
  readonly acfg?: string
}

/** Where the writer of `media` receives it. */
export function remoteEndpoint({ address, port, rtcp }: MediaDescription): RemoteEndpoint {
  // Browsers write a=rtcp:9 IN IP4 0.0.0.0 for "by ICE only" (RFC 9429 §5.2.1): that says no more than no a=rtcp
  const stated = rtcp === undefined || rtcp.port === 0 || isUnspecified(rtcp.address ?? '1') ? undefined : rtcp.port
  return { address: address!, rtpPort: port, rtcpPort: stated ?? Math.min(port + 1, 65535) }
}

const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly'
const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly'

/**
 * The direction of an answer: what is wanted, as far as the offer lets it be (RFC 3264 §6.1). A phone that answers
 * `sendonly` with `sendrecv` would otherwise make this server's own answer one that no offerer has to take.
 */
export function answeredDirection(offered: Direction, wanted: Direction): Direction {
  const send = sends(wanted) && receives(offered)
  const receive = receives(wanted) && sends(offered)
  if (send) return receive ? 'sendrecv' : 'sendonly'
  return receive ? 'recvonly' : 'inactive'
}

/** An m-line that stays where it is with port 0. */
export function refused(
  { kind, profile, formats, direction, attributes }: MediaDescription,
  protocol: string,
): LegMedia {
  const mid = midOf(attributes)
  return {
    kind,
    protocol,
    ...(profile !== undefined && { profile }),
    formats,
    ...(mid !== undefined && { mid }),
    live: false,
    direction,
    mux: false,
    sdes: noSdesKeys,
  }
}

/** An m-line that has ended: nothing of it is kept but its name, and the exchange of keys to which phones return. */
export function dead(one: LegMedia): LegMedia {
  const { kind, protocol, profile, formats, mid, direction } = one
  const media = { kind, protocol, formats, live: false, direction, mux: false, sdes: noSdesKeys }
  return {
    ...media,
    ...(profile !== undefined && { profile }),
    ...(mid !== undefined && { mid }),
    ...formerKeys(one),
  }
}

/** What an m-line without a port keeps of its keys. */
export function formerKeys({ dtls, zrtp }: LegMedia): Pick<LegMedia, 'dtls' | 'zrtp'> {
  return { ...(dtls !== undefined && { dtls }), ...(zrtp !== undefined && { zrtp }) }
}

/** The value of `a=mid`; an empty one names nothing. */
export function midOf(attributes: readonly Attribute[]): string | undefined {
  return attributeValue(attributes, 'mid') || undefined
}

/**
 * What media must know of the keys.
 * @param party of the leg
 */
export function protectionOf({ sdes, dtls, zrtp }: LegMedia, party: ZrtpParty): Protection {
  if (dtls !== undefined) return dtlsProtection(dtls)
  if (zrtp !== undefined) return zrtpProtection(zrtp, party)
  const send = sdes.agreed?.send ?? sdes.own.values().next().value
  if (send === undefined) return { mode: 'none' }
  return { mode: 'sdes', send, ...(sdes.agreed !== undefined && { receive: sdes.agreed.receive }) }
}

/** The description with what the leg refuses marked as such. */
export function withRefused(description: SessionDescription, media: readonly LegMedia[]): SessionDescription {
  if (description.media.every((one, index) => one.relayable === media[index]!.live)) return description
  const marked = description.media.map((one, index) => ({ ...one, relayable: media[index]!.live }))
  return { ...description, media: marked }
}

/** How an error names an m-line. */
export const nameOf = ({ index, kind }: MediaDescription): string => `m-line ${index + 1} (${kind})`

/** The complaint about a profile. */
export function unusableProfile(media: MediaDescription, where: string): SdpError {
  return new SdpError('SDP_PROFILE_UNUSABLE', `${nameOf(media)}: ${media.protocol} ${where}`)
}

/** Runs `negotiate`, and names the m-line in what it throws. */
export function within<T>(media: MediaDescription, negotiate: () => T): T {
  try {
    return negotiate()
  } catch (error) {
    if (error instanceof SdpError) throw new SdpError(error.code, `${nameOf(media)}: ${error.message}`)
    throw error
  }
}
