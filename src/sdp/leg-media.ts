import { type IceDescription, type RemoteEndpoint } from '../base/endpoint-description.ts'
import { type DtlsState } from './dtls-setup.ts'
import { type MediaProfile } from './media-profile.ts'
import { type SdesKeys } from './sdes-keys.ts'
import { isUnspecified, type Direction, type MediaDescription } from './session-description.ts'

/** One m-line as it stands on one leg. Values are never changed; each exchange makes new ones. */
export interface LegMedia {
  readonly kind: string
  /** As this leg's descriptions write it. */
  readonly protocol: string
  readonly profile?: MediaProfile
  readonly formats: readonly string[]
  /** Neither side has refused it, so far. */
  readonly live: boolean
  /** What this server's own description states; before there is one, what the peer's allows. */
  readonly direction: Direction
  readonly remote?: RemoteEndpoint
  readonly sdes: SdesKeys
  /** Present on a leg of DTLS-SRTP. */
  readonly dtls?: DtlsState
  /** RTCP shares the RTP port: as offered, and then as agreed (RFC 5761). */
  readonly mux: boolean
  /** Present while ICE is offered, and when it is agreed. */
  readonly ice?: IceDescription
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
