import { randomBytes } from 'node:crypto'
import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../../../src/base/encryption.ts'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'

/** What an RTP packet in a test may differ in. */
export interface RtpOptions {
  readonly sequence?: number
  readonly ssrc?: number
  /** Default: 160 for each sequence number. */
  readonly timestamp?: number
  readonly payloadType?: number
  readonly marker?: boolean
  readonly payload?: Buffer
  /** Contributing sources, up to 15. */
  readonly contributors?: number
  /** 32-bit words of header extension; absent: no extension. */
  readonly extension?: number
}

/** A plain RTP packet. */
export function rtpPacket(options: RtpOptions = {}): Buffer {
  const { sequence = 1, ssrc = 0x12345678, payload = Buffer.from('a payload'), contributors = 0, extension } = options
  const header = Buffer.alloc(12 + 4 * contributors, 0x33)
  header[0] = 0x80 | contributors | (extension === undefined ? 0 : 0x10)
  header[1] = (options.payloadType ?? 0) | (options.marker === true ? 0x80 : 0)
  header.writeUInt16BE(sequence, 2)
  header.writeUInt32BE(options.timestamp ?? sequence * 160, 4)
  header.writeUInt32BE(ssrc, 8)
  const head = Buffer.alloc(4)
  head.writeUInt16BE(extension ?? 0, 2)
  const extensionBytes = extension === undefined ? [] : [head, Buffer.alloc(4 * extension, 0x44)]
  return Buffer.concat([header, ...extensionBytes, payload])
}

/** A receiver report without blocks and an SDES packet behind it, as phones send. */
export function rtcpPacket(ssrc = 0x12345678, cname = 'phone@host1'): Buffer {
  const report = Buffer.from('80c9000100000000', 'hex')
  report.writeUInt32BE(ssrc, 4)
  const item = Buffer.concat([Buffer.from([1, cname.length]), Buffer.from(cname)])
  const chunk = Buffer.alloc(4 + ((item.length + 4) & ~3))
  chunk.writeUInt32BE(ssrc)
  item.copy(chunk, 4)
  const head = Buffer.from('81ca0000', 'hex')
  head.writeUInt16BE(chunk.length / 4, 2)
  return Buffer.concat([report, head, chunk])
}

/** A random master key of a suite. */
export function masterKey(suite: CryptoSuite, mki?: Buffer): SrtpMasterKey {
  const { keyLength, saltLength } = cryptoSuites[suite]
  const key = { suite, key: randomBytes(keyLength), salt: randomBytes(saltLength) }
  return mki === undefined ? key : { ...key, mki }
}

/** A packet in the memory that the contexts work on. */
export function inBuffer(datagram: Buffer): PacketBuffer {
  const packet = new PacketBuffer(4096)
  packet.load(datagram)
  return packet
}

/** The bytes of a packet. */
export function bytesOf(packet: PacketBuffer): Buffer {
  return Buffer.from(packet.bytes.subarray(0, packet.length))
}

/** Every suite, for tests that hold for all. */
export const suites = Object.keys(cryptoSuites) as CryptoSuite[]
