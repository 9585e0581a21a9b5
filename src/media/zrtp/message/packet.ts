import { crc32c } from './crc32c.ts'

/** 0x1000, sequence number (2), "ZRTP", SSRC (4); behind the message a CRC (4) (RFC 6189 §5). */
const headerLength = 12
const crcLength = 4
const magicCookie = 0x5a525450
const preamble = 0x505a
/** Preamble (2), length in words (2), type (8). */
export const messageHeaderLength = 12

/** A packet of ZRTP. */
export interface ZrtpPacket {
  readonly sequence: number
  readonly ssrc: number
  /** The message's type, e.g. `Hello`, without the blanks behind it. */
  readonly type: string
  /** The whole message, from its preamble on; a copy. */
  readonly message: Buffer
}

/** Reads a packet; `undefined` for what is none, or damaged: such are dropped (RFC 6189 §5). */
export function parsePacket(packet: Uint8Array): ZrtpPacket | undefined {
  const bytes = Buffer.from(packet)
  const end = bytes.length - crcLength
  if (end < headerLength + messageHeaderLength || bytes[0] !== 0x10 || bytes.readUInt32BE(4) !== magicCookie) {
    return undefined
  }
  if (bytes.readUInt16BE(headerLength) !== preamble) return undefined
  if (4 * bytes.readUInt16BE(headerLength + 2) !== end - headerLength) return undefined
  if (bytes.readUInt32BE(end) !== crc32c(bytes.subarray(0, end))) return undefined
  return {
    sequence: bytes.readUInt16BE(2),
    ssrc: bytes.readUInt32BE(8),
    type: bytes.toString('latin1', headerLength + 4, headerLength + 12).trimEnd(),
    message: bytes.subarray(headerLength, end),
  }
}

/** Writes a packet around a message. */
export function writePacket(message: Buffer, sequence: number, ssrc: number): Buffer {
  const packet = Buffer.alloc(headerLength + message.length + crcLength)
  packet[0] = 0x10
  packet.writeUInt16BE(sequence, 2)
  packet.writeUInt32BE(magicCookie, 4)
  packet.writeUInt32BE(ssrc, 8)
  message.copy(packet, headerLength)
  const end = headerLength + message.length
  packet.writeUInt32BE(crc32c(packet.subarray(0, end)), end)
  return packet
}

/** Writes a message: preamble, length, type, and what it is made of. */
export function writeMessage(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(messageHeaderLength)
  header.writeUInt16BE(preamble, 0)
  header.writeUInt16BE((messageHeaderLength + body.length) / 4, 2)
  header.write(type.padEnd(8), 4, 'latin1')
  return Buffer.concat([header, body])
}
