import { type PacketBuffer } from '../packet-buffer.ts'
import { rtpPayloadOffset } from '../rtp-header.ts'

/** A key of a telephone that was pressed, or is to be. */
export interface DtmfKey {
  /** Event code of RFC 4733 §3.2: 0 to 9 the digits, 10 `*`, 11 `#`, 12 to 15 A to D, 16 the hook flash. */
  readonly event: number
  /** Milliseconds. */
  readonly duration: number
}

/** The last event code that is a key. Those behind it are tones of faxes, modems and exchanges. */
export const lastKey = 16

/** Bytes of one event (RFC 4733 §2.3). */
export const eventLength = 4

/** The longest duration that one event can state, in units of its timestamp. */
export const longestDuration = 0xffff

/**
 * Where the event of an RTP packet of a telephone-event payload type begins.
 * @returns the offset in bytes, or -1 when there is none
 */
export function eventOffset(packet: PacketBuffer): number {
  const offset = rtpPayloadOffset(packet)
  return offset >= 0 && offset + eventLength <= packet.length ? offset : -1
}

/** What an event packet consists of. */
export interface EventPacket {
  readonly payloadType: number
  /** The first of its event. */
  readonly marker: boolean
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly event: number
  /** The key was let go. */
  readonly end: boolean
  /** In units of the timestamp. */
  readonly duration: number
}

/** Power of the tone that the event stands for, in -dBm0 (RFC 4733 §2.3.4): that of most phones. */
const volume = 10

/** An RTP packet with one event. */
export function eventPacket(parts: EventPacket): Buffer {
  const bytes = Buffer.alloc(12 + eventLength)
  bytes[0] = 0x80
  bytes[1] = (parts.marker ? 0x80 : 0) | parts.payloadType
  bytes.writeUInt16BE(parts.sequence, 2)
  bytes.writeUInt32BE(parts.timestamp, 4)
  bytes.writeUInt32BE(parts.ssrc >>> 0, 8)
  bytes[12] = parts.event
  bytes[13] = (parts.end ? 0x80 : 0) | volume
  bytes.writeUInt16BE(Math.min(parts.duration, longestDuration), 14)
  return bytes
}
