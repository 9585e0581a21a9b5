import { createHmac } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { crc32 } from 'node:zlib'
import { type PeerAddress } from '../packet-io/packet-io.ts'
import { addressBytes } from './address-bytes.ts'

/** Types of the messages of STUN's only method (RFC 8489 §5): Binding. */
export const StunType = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 } as const

/** Attribute types (RFC 8489 §18.3, RFC 8445 §16.1). */
export const StunAttribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const

export const stunHeaderLength = 20
const magicCookie = 0x2112a442
const fingerprintXor = 0x5354554e
const integrityLength = 20

/** Attributes from 0x8000 on may be ignored; the others must be understood (RFC 8489 §5). */
const comprehensionRequired = (type: number): boolean => type < 0x8000

const understood: ReadonlySet<number> = new Set([
  StunAttribute.username,
  StunAttribute.messageIntegrity,
  StunAttribute.messageIntegritySha256,
  StunAttribute.priority,
  StunAttribute.useCandidate,
  // those of answers, which are no matter in a request
  ...[0x0001, StunAttribute.errorCode, StunAttribute.unknownAttributes, StunAttribute.xorMappedAddress],
  // of the long-term mechanism, which ICE has no use for
  ...[0x0014, 0x0015],
])

/**
 * A received STUN message, read in place: 2 bytes type, 2 length of the attributes, 4 magic cookie, 12 transaction id, then
 * the attributes, each 2 bytes type, 2 length, and the value padded to 4.
 */
export class StunMessage {
  readonly #bytes: Buffer
  readonly type: number
  /** Where each attribute's header begins; behind MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489 §14.5). */
  readonly #attributes: readonly number[]

  private constructor(bytes: Buffer, attributes: readonly number[]) {
    this.#bytes = bytes
    this.type = bytes.readUInt16BE(0)
    this.#attributes = attributes
  }

  /**
   * Reads a message.
   * @param packet lent: the message is valid as long as it is not changed
   * @returns `undefined` when it is none: wrong cookie, lengths that lie, a FINGERPRINT that does not fit
   */
  static parse(packet: Uint8Array, length: number): StunMessage | undefined {
    if (length < stunHeaderLength || length % 4 !== 0) return undefined
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, length)
    if (bytes.readUInt16BE(2) !== length - stunHeaderLength || bytes.readUInt32BE(4) !== magicCookie) return undefined
    const attributes: number[] = []
    let sealed = false
    for (let at = stunHeaderLength; at < length;) {
      if (length - at < 4) return undefined
      const type = bytes.readUInt16BE(at)
      const size = bytes.readUInt16BE(at + 2)
      const end = at + 4 + size
      if (end > length) return undefined
      if (type === StunAttribute.fingerprint) {
        if (size !== 4 || end !== length || bytes.readUInt32BE(at + 4) !== fingerprint(bytes.subarray(0, at)))
          return undefined
      }
      if (!sealed) attributes.push(at)
      sealed ||= type === StunAttribute.messageIntegrity
      at = (end + 3) & ~3
    }
    return new StunMessage(bytes, attributes)
  }

  /** The transaction id, where it lies. */
  get transaction(): Buffer {
    return this.#bytes.subarray(8, stunHeaderLength)
  }

  /** The value of the first attribute of a type, where it lies. */
  attribute(type: number): Buffer | undefined {
    const at = this.#attributes.find((one) => this.#bytes.readUInt16BE(one) === type)
    return at === undefined ? undefined : this.#value(at)
  }

  /** Types of attributes that would have to be understood, and are not. */
  unknown(): readonly number[] {
    const types = this.#attributes.map((at) => this.#bytes.readUInt16BE(at))
    return types.filter((type) => comprehensionRequired(type) && !understood.has(type))
  }

  /** Says whether MESSAGE-INTEGRITY was made with this password (RFC 8489 §14.5, short-term credentials). */
  isAuthentic(password: string): boolean {
    const at = this.#attributes.find((one) => this.#bytes.readUInt16BE(one) === StunAttribute.messageIntegrity)
    if (at === undefined) return false
    const given = this.#value(at)
    return given.length === integrityLength && given.equals(integrity(this.#bytes.subarray(0, at), password))
  }

  #value(at: number): Buffer {
    return this.#bytes.subarray(at + 4, at + 4 + this.#bytes.readUInt16BE(at + 2))
  }
}

/**
 * Writes a message.
 * @param transaction 12 bytes
 * @param password for MESSAGE-INTEGRITY; absent: without
 */
export function writeStun(
  type: number,
  transaction: Uint8Array,
  attributes: readonly (readonly [type: number, value: Uint8Array])[],
  password?: string,
): Buffer {
  const padded = attributes.map(([, value]) => (value.length + 3) & ~3)
  const body = padded.reduce((sum, length) => sum + 4 + length, 0)
  const sealed = stunHeaderLength + body
  const marked = sealed + (password === undefined ? 0 : 4 + integrityLength)
  const message = Buffer.alloc(marked + 8)
  message.writeUInt16BE(type, 0)
  message.writeUInt32BE(magicCookie, 4)
  message.set(transaction, 8)
  let at = stunHeaderLength
  for (const [index, [attribute, value]] of attributes.entries()) {
    message.writeUInt16BE(attribute, at)
    message.writeUInt16BE(value.length, at + 2)
    message.set(value, at + 4)
    at += 4 + padded[index]!
  }
  if (password !== undefined) {
    message.writeUInt16BE(StunAttribute.messageIntegrity, sealed)
    message.writeUInt16BE(integrityLength, sealed + 2)
    message.set(integrity(message.subarray(0, sealed), password), sealed + 4)
  }
  message.writeUInt16BE(message.length - stunHeaderLength, 2)
  message.writeUInt16BE(StunAttribute.fingerprint, marked)
  message.writeUInt16BE(4, marked + 2)
  message.writeUInt32BE(fingerprint(message.subarray(0, marked)), marked + 4)
  return message
}

/** XOR-MAPPED-ADDRESS (RFC 8489 §14.2): a byte 0, the family, the port and the address, both masked. */
export function xorMappedAddress({ address, port }: PeerAddress, transaction: Uint8Array): Buffer {
  const bytes = addressBytes(address)
  const value = Buffer.alloc(4 + bytes.length)
  value[1] = isIPv4(address) ? 1 : 2
  value.writeUInt16BE(port ^ (magicCookie >>> 16), 2)
  const mask = Buffer.alloc(16)
  mask.writeUInt32BE(magicCookie, 0)
  mask.set(transaction, 4)
  for (const [index, byte] of bytes.entries()) value[4 + index] = byte ^ mask[index]!
  return value
}

/** HMAC-SHA1 over what is before MESSAGE-INTEGRITY, with the header's length as if the message ended behind it. */
function integrity(before: Buffer, password: string): Buffer {
  const header = Buffer.from(before.subarray(0, stunHeaderLength))
  header.writeUInt16BE(before.length - stunHeaderLength + 4 + integrityLength, 2)
  return createHmac('sha1', password).update(header).update(before.subarray(stunHeaderLength)).digest()
}

/** CRC-32 over what is before FINGERPRINT, masked (RFC 8489 §14.7). */
function fingerprint(before: Buffer): number {
  return (crc32(before) ^ fingerprintXor) >>> 0
}
