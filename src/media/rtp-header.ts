import { type PacketBuffer } from './packet-buffer.ts'

/** Bytes of the fixed RTP header (RFC 3550 §5.1). */
const fixedHeader = 12
/** Bytes of the RTCP header that SRTCP leaves in clear, sender's SSRC included (RFC 3711 §3.4). */
export const rtcpHeaderLength = 8

/**
 * Where the payload of an RTP packet begins: behind the fixed header, the contributing sources and the header
 * extension, all of which SRTP leaves in clear (RFC 3711 §3.1).
 * @returns the offset in bytes, a multiple of 4, or -1 when the packet is shorter than its header says
 */
export function rtpPayloadOffset(packet: PacketBuffer): number {
  const { bytes, length } = packet
  if (length < fixedHeader) return -1
  const first = bytes[0]!
  let offset = fixedHeader + 4 * (first & 0x0f)
  if ((first & 0x10) !== 0) {
    if (offset + 4 > length) return -1
    offset += 4 + 4 * ((bytes[offset + 2]! << 8) | bytes[offset + 3]!)
  }
  return offset <= length ? offset : -1
}

/** Sequence number of an RTP packet whose header was checked. */
export function rtpSequence(packet: PacketBuffer): number {
  return (packet.bytes[2]! << 8) | packet.bytes[3]!
}

/** Timestamp of an RTP packet whose header was checked, as an unsigned number. */
export function rtpTimestamp(packet: PacketBuffer): number {
  return packet.bytes.readUInt32BE(4)
}

/** The same as a signed integer: see {@link rtpSource}. */
export function signedRtpTimestamp(packet: PacketBuffer): number {
  return int32At(packet.bytes, 4)
}

/**
 * Synchronisation source of an RTP packet whose header was checked: its 32 bits as a signed integer, which unlike an
 * unsigned one costs no memory when it is handed on.
 */
export function rtpSource(packet: PacketBuffer): number {
  return int32At(packet.bytes, 8)
}

/** Synchronisation source of the sender of an RTCP packet of at least 8 bytes, as a signed integer. */
export function rtcpSource(packet: PacketBuffer): number {
  return int32At(packet.bytes, 4)
}

function int32At(bytes: Buffer, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
}

/**
 * Says whether the lengths in a compound RTCP packet add up to the datagram (RFC 3550 §6.1), as they do in clear RTCP.
 * In SRTCP they cannot: only the first header is readable, and index and tag follow the last packet.
 */
export function isWholeRtcp(packet: PacketBuffer): boolean {
  const { bytes, length } = packet
  let offset = 0
  while (offset + 4 <= length) {
    if (bytes[offset]! >> 6 !== 2) return false
    offset += 4 + 4 * ((bytes[offset + 2]! << 8) | bytes[offset + 3]!)
  }
  return offset === length
}
