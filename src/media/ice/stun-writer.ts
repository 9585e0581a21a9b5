import { createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type PeerAddress } from '../packet-io/packet-io.ts'
import {
  bindingMethod,
  fingerprintMask,
  integrityLength,
  magicCookie,
  put16,
  put32,
  StunAttribute,
  type StunClass,
  stunHeaderLength,
} from './stun-message.ts'
import { writeXorAddress } from './xor-address.ts'

/** Error codes that this server answers with, and the phrase of each (RFC 8489 §14.8, RFC 8445 §7.3.1.1). */
const reasons = { 400: 'Bad Request', 401: 'Unauthorized', 420: 'Unknown', 487: 'Role Conflict' } as const
export type StunErrorCode = keyof typeof reasons

const reasonBytes: Readonly<Record<StunErrorCode, Buffer>> = {
  400: Buffer.from(reasons[400]),
  401: Buffer.from(reasons[401]),
  420: Buffer.from(reasons[420]),
  487: Buffer.from(reasons[487]),
}

/** Writes Binding messages, one after the other into the same memory. Attributes are written in the order of the calls. */
export class StunWriter {
  readonly #bytes: Buffer
  #length = stunHeaderLength

  /** @param capacity bytes of the longest message that will be written; more is an error of the caller */
  constructor(capacity = 256) {
    this.#bytes = Buffer.alloc(capacity)
  }

  /** What was written, in the writer's memory: valid until {@link begin} is called again. */
  get message(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /**
   * Begins a Binding message.
   * @param header of another message, whose transaction identifier (bytes 8 to 19) this one bears too
   */
  begin(messageClass: StunClass, header: Uint8Array): this {
    put16(this.#bytes, 0, ((messageClass & 2) << 7) | ((messageClass & 1) << 4) | bindingMethod)
    put32(this.#bytes, 4, magicCookie)
    for (let i = 8; i < stunHeaderLength; i++) this.#bytes[i] = header[i]!
    this.#length = stunHeaderLength
    this.#setLength(stunHeaderLength)
    return this
  }

  /** Adds an attribute; what it is padded with is zero (RFC 8489 §14). */
  attribute(type: number, value: Uint8Array): this {
    this.#bytes.set(value, this.#length + 4)
    return this.#close(type, value.length)
  }

  /** Adds an attribute of four bytes: PRIORITY. */
  number(type: number, value: number): this {
    put32(this.#bytes, this.#length + 4, value)
    return this.#close(type, 4)
  }

  /** Adds XOR-MAPPED-ADDRESS. */
  mappedAddress(source: PeerAddress): this {
    const length = writeXorAddress(this.#bytes, this.#length + 4, source)
    return length === 0 ? this : this.#close(StunAttribute.xorMappedAddress, length)
  }

  /** Adds ERROR-CODE. */
  error(code: StunErrorCode): this {
    const at = this.#length + 4
    put16(this.#bytes, at, 0)
    this.#bytes[at + 2] = Math.floor(code / 100)
    this.#bytes[at + 3] = code % 100
    this.#bytes.set(reasonBytes[code], at + 4)
    return this.#close(StunAttribute.errorCode, 4 + reasonBytes[code].length)
  }

  /** Adds UNKNOWN-ATTRIBUTES with the first `count` types. */
  unknownAttributes(types: Uint16Array, count: number): this {
    for (let i = 0; i < count; i++) put16(this.#bytes, this.#length + 4 + 2 * i, types[i]!)
    return this.#close(StunAttribute.unknownAttributes, 2 * count)
  }

  /**
   * Adds MESSAGE-INTEGRITY over all that was written (RFC 8489 §14.5).
   * @param key of short-term credentials: the password as UTF-8
   */
  integrity(key: Buffer): this {
    this.#setLength(this.#length + 4 + integrityLength)
    const digest = createHmac('sha1', key).update(this.message).digest()
    return this.attribute(StunAttribute.messageIntegrity, digest)
  }

  /** Adds FINGERPRINT over all that was written (RFC 8489 §14.7); nothing may follow. */
  fingerprint(): this {
    this.#setLength(this.#length + 8)
    return this.number(StunAttribute.fingerprint, crc32(this.message) ^ fingerprintMask)
  }

  #close(type: number, length: number): this {
    put16(this.#bytes, this.#length, type)
    put16(this.#bytes, this.#length + 2, length)
    const end = this.#length + 4 + length
    this.#length = (end + 3) & ~3
    this.#bytes.fill(0, end, this.#length)
    this.#setLength(this.#length)
    return this
  }

  #setLength(end: number): void {
    put16(this.#bytes, 2, end - stunHeaderLength)
  }
}
