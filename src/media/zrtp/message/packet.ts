import { crc32c } from './crc32c.ts'

/** 0x10 or 0x11 for a fragment, 0, sequence number (2), "ZRTP", SSRC (4); at the end a CRC (4) (RFC 6189 §5). */
const headerLength = 12
const crcLength = 4
const magicCookie = 0x5a525450
const preamble = 0x505a
/** Preamble (2), length in words (2), type (8). */
export const messageHeaderLength = 12
/** Behind the header of a fragment: message identifier, length of the whole message, offset, length of this fragment. */
const fragmentHeaderLength = 8

/** Bytes of a packet around a message. */
export const packetOverhead = headerLength + crcLength
/** Bytes of a packet around a fragment of a message. */
export const fragmentOverhead = packetOverhead + fragmentHeaderLength

/** A packet of ZRTP. */
export interface ZrtpPacket {
  readonly sequence: number
  readonly ssrc: number
  /** The message's type, e.g. `Hello`, without the blanks behind it. */
  readonly type: string
  /** The whole message, from its preamble on; a copy. */
  readonly message: Buffer
}

/** A part of a message that is too long for one packet, as bzrtp cuts it (draft-zrtp-pq). */
export interface ZrtpFragment {
  readonly sequence: number
  readonly ssrc: number
  /** The same for all fragments of a message, also when they are sent again. */
  readonly messageId: number
  /** Of the whole message, in words of 4 bytes. */
  readonly totalWords: number
  /** Where in it the part stands, in words. */
  readonly offsetWords: number
  /** A copy; whole words, at least one. */
  readonly part: Buffer
}

/** Reads a packet; `undefined` for what is none, or damaged, or a fragment: such are dropped (RFC 6189 §5). */
export function parsePacket(packet: Uint8Array): ZrtpPacket | undefined {
  if (packet[0] !== 0x10) return undefined
  const bytes = checkedCopy(packet)
  if (bytes === undefined) return undefined
  const message = bytes.subarray(headerLength, bytes.length - crcLength)
  return packetOf(message, bytes.readUInt16BE(2), bytes.readUInt32BE(8))
}

/** The packet that a message came in; `undefined` when it is no whole message. */
export function packetOf(message: Buffer, sequence: number, ssrc: number): ZrtpPacket | undefined {
  if (message.length < messageHeaderLength || message.readUInt16BE(0) !== preamble) return undefined
  if (4 * message.readUInt16BE(2) !== message.length) return undefined
  return { sequence, ssrc, type: message.toString('latin1', 4, 12).trimEnd(), message }
}

/** Reads a fragment; `undefined` for what is none, or damaged, or does not lie within its message. */
export function parseFragment(packet: Uint8Array): ZrtpFragment | undefined {
  if (packet[0] !== 0x11) return undefined
  const bytes = checkedCopy(packet)
  if (bytes === undefined || bytes.length < fragmentOverhead) return undefined
  const [messageId, totalWords] = [bytes.readUInt16BE(headerLength), bytes.readUInt16BE(headerLength + 2)]
  const [offsetWords, words] = [bytes.readUInt16BE(headerLength + 4), bytes.readUInt16BE(headerLength + 6)]
  const part = bytes.subarray(headerLength + fragmentHeaderLength, bytes.length - crcLength)
  if (words === 0 || part.length !== 4 * words || offsetWords + words > totalWords) return undefined
  return { sequence: bytes.readUInt16BE(2), ssrc: bytes.readUInt32BE(8), messageId, totalWords, offsetWords, part }
}

/** Writes a packet around a message. */
export function writePacket(message: Buffer, sequence: number, ssrc: number): Buffer {
  return write(0x10, sequence, ssrc, message)
}

/** Writes a packet around a part of a message. */
export function writeFragment({ sequence, ssrc, part, ...place }: ZrtpFragment): Buffer {
  const header = Buffer.alloc(fragmentHeaderLength)
  header.writeUInt16BE(place.messageId, 0)
  header.writeUInt16BE(place.totalWords, 2)
  header.writeUInt16BE(place.offsetWords, 4)
  header.writeUInt16BE(part.length / 4, 6)
  return write(0x11, sequence, ssrc, header, part)
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

function checkedCopy(packet: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(packet)
  const end = bytes.length - crcLength
  if (end < headerLength + messageHeaderLength || bytes.readUInt32BE(4) !== magicCookie) return undefined
  return bytes.readUInt32BE(end) === crc32c(bytes.subarray(0, end)) ? bytes : undefined
}

function write(kind: number, sequence: number, ssrc: number, ...parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(headerLength)
  header[0] = kind
  header.writeUInt16BE(sequence, 2)
  header.writeUInt32BE(magicCookie, 4)
  header.writeUInt32BE(ssrc, 8)
  const packet = Buffer.concat([header, ...parts, Buffer.alloc(crcLength)])
  const end = packet.length - crcLength
  packet.writeUInt32BE(crc32c(packet.subarray(0, end)), end)
  return packet
}
