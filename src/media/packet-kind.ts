import { type PacketBuffer } from './packet-buffer.ts'

/** What shares a media port (RFC 7983 §7). RTP and RTCP are told apart by {@link isRtcp}. */
export const PacketKind = { unknown: 0, stun: 1, zrtp: 2, dtls: 3, media: 4 } as const
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind]

/** Tells by the first byte what a datagram is. `media` is RTP or RTCP of version 2. */
export function packetKind(packet: PacketBuffer): PacketKind {
  if (packet.length === 0) return PacketKind.unknown
  const first = packet.bytes[0]!
  if (first >= 128) return first <= 191 ? PacketKind.media : PacketKind.unknown
  if (first <= 3) return PacketKind.stun
  if (first < 16) return PacketKind.unknown
  if (first <= 19) return PacketKind.zrtp
  return first <= 63 ? PacketKind.dtls : PacketKind.unknown
}

/**
 * Tells RTCP from RTP on a port that takes both, by the second byte (RFC 5761 §4).
 * @param mux RTCP is multiplexed by agreement: all of 192 to 223. Without, only the types of RFC 3550 (200 to 204) are
 *   taken for RTCP, because payload types from 64 upwards with the marker bit are still allowed then.
 */
export function isRtcp(packet: PacketBuffer, mux: boolean): boolean {
  if (packet.length < 2) return false
  const type = packet.bytes[1]!
  return mux ? type >= 192 && type <= 223 : type >= 200 && type <= 204
}
