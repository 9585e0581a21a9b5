import { type PacketBuffer } from '../packet-buffer.ts'
import { type MessageAuthenticator } from './cipher-provider.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

/** Bytes that SHA-1 takes at once. */
const block = 64
/** SHA-1 between two blocks: five words, as signed integers, which lie in an object themselves, unlike those of an array. */
interface State {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
}

/** Where SHA-1 begins (FIPS 180-4 §5.3.3). */
const initial: State = {
  a: 0x67452301,
  b: 0xefcdab89 | 0,
  c: 0x98badcfe | 0,
  d: 0x10325476,
  e: 0xc3d2e1f0 | 0,
}
/** Of all authenticators of the thread. */
const result = new Uint8Array(20)
const resultView = new DataView(result.buffer)

/**
 * HMAC-SHA1 of two calls: what the key makes of SHA-1's state is kept, inner and outer, and the message is hashed with its
 * padding behind it in the packet's own memory. OpenSSL's HMAC objects take half as long again for a voice packet. There
 * is nothing to give back.
 */
export class OpenSslAuthenticator implements MessageAuthenticator {
  readonly #scratch: OpenSslScratch
  readonly #inner: State
  readonly #outer: State

  constructor(scratch: OpenSslScratch, key: Buffer) {
    this.#scratch = scratch
    this.#inner = keyed(scratch, key, 0x36)
    this.#outer = keyed(scratch, key, 0x5c)
  }

  /** @throws RangeError when the packet's memory has not all of the message and room for SHA-1's padding */
  digest(packet: PacketBuffer, length: number): Uint8Array {
    const { library, hash, hashAddress, block: outer, blockAddress } = this.#scratch
    const memory = this.#scratch.memoryOf(packet)
    if (!memory.holds(0, length)) throw new RangeError(`${length} bytes of ${packet.bytes.length}`)
    const padded = (length + 9 + block - 1) & -block
    const message = memory.at(0, padded)
    pad(packet, length, padded)
    setState(hash, this.#inner)
    library.SHA1_Update(hashAddress, message, padded)
    putState(hash, outer)
    outer.setUint32(20, 0x80000000)
    for (let i = 24; i < 60; i += 4) outer.setUint32(i, 0)
    outer.setUint32(60, (block + 20) * 8)
    setState(hash, this.#outer)
    library.SHA1_Transform(hashAddress, blockAddress)
    putState(hash, resultView)
    return result
  }
}

/** SHA-1's state behind one block of the key XOR `filler`. */
function keyed(
  { library, hash, hashAddress, block: first, blockAddress }: OpenSslScratch,
  key: Buffer,
  filler: number,
): State {
  for (let i = 0; i < block; i++) first.setUint8(i, (key[i] ?? 0) ^ filler)
  setState(hash, initial)
  library.SHA1_Transform(hashAddress, blockAddress)
  for (let i = 0; i < block; i++) first.setUint8(i, 0)
  return { a: hash[0]!, b: hash[1]!, c: hash[2]!, d: hash[3]!, e: hash[4]! }
}

/** Puts SHA-1's padding behind the message (FIPS 180-4 §5.1.1): a bit, zeros, and the length in bits, key's block included. */
function pad({ bytes, words }: PacketBuffer, length: number, padded: number): void {
  bytes[length] = 0x80
  let at = length + 1
  for (; (at & 3) !== 0; at++) bytes[at] = 0
  for (let word = at >> 2; word < padded >> 2; word++) words[word] = 0
  const bits = (block + length) * 8
  bytes[padded - 4] = bits >>> 24
  bytes[padded - 3] = bits >>> 16
  bytes[padded - 2] = bits >>> 8
  bytes[padded - 1] = bits
}

function setState(hash: Int32Array, { a, b, c, d, e }: State): void {
  hash[0] = a
  hash[1] = b
  hash[2] = c
  hash[3] = d
  hash[4] = e
}

/** Writes the state as a digest. */
function putState(hash: Int32Array, target: DataView): void {
  target.setInt32(0, hash[0]!)
  target.setInt32(4, hash[1]!)
  target.setInt32(8, hash[2]!)
  target.setInt32(12, hash[3]!)
  target.setInt32(16, hash[4]!)
}
