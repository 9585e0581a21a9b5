import { hash } from 'node:crypto'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type MessageAuthenticator } from './cipher-provider.ts'

/** Bytes that SHA-1 takes at once, and of a digest. */
const block = 64
const digestLength = 20
/** Messages up to this length find a view of the scratch memory ready. */
const cachedLength = 2048
/** `key ^ ipad` and the message behind it; shared by all authenticators of the thread: filled and used in one go. */
let scratch = Buffer.alloc(block + cachedLength)
const views: (Buffer | undefined)[] = []

/**
 * HMAC-SHA1 of two one-shot hashes, which node:crypto does several times faster than one HMAC object. The digests come
 * as latin1 strings, the only form that costs no buffer.
 */
export class PortableAuthenticator implements MessageAuthenticator {
  readonly #inner = Buffer.alloc(block, 0x36)
  /** `key ^ opad` with room for the inner digest. */
  readonly #outer = Buffer.alloc(block + digestLength, 0x5c)
  readonly #result = Buffer.alloc(digestLength)

  constructor(key: Buffer) {
    for (const [i, byte] of key.entries()) {
      this.#inner[i]! ^= byte
      this.#outer[i]! ^= byte
    }
  }

  digest(packet: PacketBuffer, length: number): Uint8Array {
    const message = scratchOf(block + length)
    this.#inner.copy(message)
    packet.bytes.copy(message, block, 0, length)
    this.#outer.write(hash('sha1', message, 'latin1'), block, 'latin1')
    this.#result.write(hash('sha1', this.#outer, 'latin1'), 'latin1')
    return this.#result
  }
}

/** A view of `length` bytes of the scratch memory. */
function scratchOf(length: number): Buffer {
  if (length <= block + cachedLength) return (views[length] ??= scratch.subarray(0, length))
  if (scratch.length < length) {
    scratch = Buffer.alloc(length)
    views.length = 0
  }
  return scratch.subarray(0, length)
}
