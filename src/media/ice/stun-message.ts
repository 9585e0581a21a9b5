import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { readXorAddress } from './xor-address.ts'
import { type PeerAddress } from '../packet-io/packet-io.ts'

/** Bytes of the header of every STUN message (RFC 8489 §5). */
export const stunHeaderLength = 20
/** What tells STUN from all else, at byte 4. */
export const magicCookie = 0x2112a442
/** The only method that ICE uses. */
export const bindingMethod = 1
/** Both numbers of RFC 8489 §14.7: a CRC that some other protocol puts in its packets must not pass for a fingerprint. */
export const fingerprintMask = 0x5354554e
/** Bytes of MESSAGE-INTEGRITY's value: HMAC-SHA1. */
export const integrityLength = 20

/** What a message is (RFC 8489 §5, figure 3). */
export const StunClass = { request: 0, indication: 1, success: 2, error: 3 } as const
export type StunClass = (typeof StunClass)[keyof typeof StunClass]

/** Attribute types that this server reads or writes (RFC 8489 §18.3, RFC 8445 §16.1). */
export const StunAttribute = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const

/** Types from here upwards may be ignored by who does not know them (RFC 8489 §14). */
const firstOptional = 0x8000
/** So many unknown attributes are named in a refusal; nobody honest sends more. */
const unknownLimit = 16
/** RFC 8489 §14.3: shorter than 509 bytes. */
const longestUsername = 508

const nothing: Uint8Array = new Uint8Array(0)

/**
 * A received STUN message: reads one after the other into the same fields, so that a flood allocates nothing. The fields
 * are those of the last message that {@link read} took, and valid as long as its bytes are.
 */
export class StunMessage {
  messageClass: StunClass = StunClass.request
  method = 0
  /** Where USERNAME's value begins and ends; both 0 when there is none. */
  usernameStart = 0
  usernameEnd = 0
  hasUsername = false
  hasIntegrity = false
  /** PRIORITY; 0 when there is none. */
  priority = 0
  useCandidate = false
  /** The sender claims the controlled role. */
  controlled = false
  /** The sender claims the controlling role. */
  controlling = false
  /** Attributes that must be understood and are not; the first {@link unknownCount} are set. */
  readonly unknown = new Uint16Array(unknownLimit)
  unknownCount = 0
  #bytes = nothing
  #length = 0
  #integrityAt = 0
  #fingerprintAt = 0

  /** The bytes that were read, of which the first `length` are the message. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /**
   * Reads a message.
   * @param bytes lent as long as the fields are used
   * @param length of the datagram
   * @returns false when this is no well-formed STUN message, which RFC 8489 §6.3 wants dropped silently: every length must
   *   be true, FINGERPRINT last. What follows MESSAGE-INTEGRITY is ignored, because nobody vouches for it (§14.5).
   */
  read(bytes: Uint8Array, length: number): boolean {
    this.#clear(bytes, length)
    if (length < stunHeaderLength || length > bytes.length || bytes[0]! > 3) return false
    if (get32(bytes, 4) !== magicCookie || get16(bytes, 2) !== length - stunHeaderLength || length % 4 !== 0)
      return false
    const type = get16(bytes, 0)
    this.messageClass = (((type >> 7) & 2) | ((type >> 4) & 1)) as StunClass
    this.method = ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf)
    for (let at = stunHeaderLength; at < length;) {
      // header and message are multiples of 4, so four bytes are there
      const size = get16(bytes, at + 2)
      const next = at + 4 + ((size + 3) & ~3)
      if (next > length || this.#fingerprintAt > 0) return false
      if (!this.#take(get16(bytes, at), at, size)) return false
      at = next
    }
    return true
  }

  /** Whether FINGERPRINT fits the message; true when there is none. */
  fingerprintFits(): boolean {
    const at = this.#fingerprintAt
    if (at === 0) return true
    return (crc32(this.#bytes.subarray(0, at)) ^ fingerprintMask) >>> 0 === get32(this.#bytes, at + 4)
  }

  /** Whether the message has a FINGERPRINT. */
  get hasFingerprint(): boolean {
    return this.#fingerprintAt > 0
  }

  /**
   * Whether MESSAGE-INTEGRITY is there and was made with this key.
   * @param key of short-term credentials: the password as UTF-8
   */
  integrityFits(key: Buffer): boolean {
    const at = this.#integrityAt
    if (at === 0) return false
    const bytes = this.#bytes
    // The HMAC was made when MESSAGE-INTEGRITY was the last attribute (RFC 8489 §14.5): the header said so.
    const [high, low] = [bytes[2]!, bytes[3]!]
    put16(bytes, 2, at + 4 + integrityLength - stunHeaderLength)
    const digest = createHmac('sha1', key).update(bytes.subarray(0, at)).digest()
    bytes[2] = high
    bytes[3] = low
    return timingSafeEqual(digest, bytes.subarray(at + 4, at + 4 + integrityLength))
  }

  /** Whether USERNAME is this one or, unless `whole`, begins with it. */
  usernameIs(expected: Uint8Array, whole: boolean): boolean {
    const length = this.usernameEnd - this.usernameStart
    if (whole ? length !== expected.length : length < expected.length) return false
    for (let i = 0; i < expected.length; i++) {
      if (this.#bytes[this.usernameStart + i] !== expected[i]) return false
    }
    return true
  }

  /** The value of the first attribute of a type, as a view. Of a message that was read. */
  value(type: number): Uint8Array | undefined {
    const bytes = this.#bytes
    for (let at = stunHeaderLength; at < this.#length;) {
      const size = get16(bytes, at + 2)
      if (get16(bytes, at) === type) return bytes.subarray(at + 4, at + 4 + size)
      at += 4 + ((size + 3) & ~3)
    }
    return undefined
  }

  /** XOR-MAPPED-ADDRESS, if it is there and whole. */
  mappedAddress(): PeerAddress | undefined {
    const value = this.value(StunAttribute.xorMappedAddress)
    return value === undefined ? undefined : readXorAddress(value, this.#bytes)
  }

  /** The number in ERROR-CODE (RFC 8489 §14.8), if it is there. */
  errorCode(): number | undefined {
    const value = this.value(StunAttribute.errorCode)
    return value === undefined || value.length < 4 ? undefined : (value[2]! & 7) * 100 + value[3]!
  }

  #clear(bytes: Uint8Array, length: number): void {
    this.#bytes = bytes
    this.#length = length
    this.usernameStart = this.usernameEnd = 0
    this.priority = 0
    this.unknownCount = 0
    this.#integrityAt = this.#fingerprintAt = 0
    this.hasUsername = this.hasIntegrity = this.useCandidate = this.controlled = this.controlling = false
  }

  /** Notes an attribute; of several of one type the first counts (RFC 8489 §14). Returns false for an impossible length. */
  #take(type: number, at: number, size: number): boolean {
    if (type === StunAttribute.fingerprint) {
      this.#fingerprintAt = at
      return size === 4
    }
    if (this.hasIntegrity) return true
    switch (type) {
      case StunAttribute.username:
        if (!this.hasUsername) {
          this.hasUsername = true
          this.usernameStart = at + 4
          this.usernameEnd = at + 4 + size
        }
        return size <= longestUsername
      case StunAttribute.messageIntegrity:
        this.hasIntegrity = true
        this.#integrityAt = at
        return size === integrityLength
      case StunAttribute.priority:
        if (size === 4 && this.priority === 0) this.priority = get32(this.#bytes, at + 4)
        return size === 4
      case StunAttribute.useCandidate:
        this.useCandidate = true
        return size === 0
      case StunAttribute.iceControlled:
        this.controlled = true
        return size === 8
      case StunAttribute.iceControlling:
        this.controlling = true
        return size === 8
      case StunAttribute.mappedAddress:
      case StunAttribute.errorCode:
      case StunAttribute.unknownAttributes:
      case StunAttribute.realm:
      case StunAttribute.nonce:
      case StunAttribute.xorMappedAddress:
        return true
      default:
        if (type < firstOptional && this.unknownCount < unknownLimit) this.unknown[this.unknownCount++] = type
        return true
    }
  }
}

/** Two bytes in network order. */
export function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Four bytes in network order, unsigned. */
export function get32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

/** Writes two bytes in network order. */
export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

/** Writes four bytes in network order. */
export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16)
  put16(bytes, at + 2, value)
}
