import { type PacketBuffer } from '../packet-buffer.ts'
import { type BlockCipher, type CipherProvider, type CounterCipher } from './cipher-provider.ts'
import { counterBlocks } from './counter-blocks.ts'

/** Most packets whose keystream is made at once. */
const mostAhead = 16
const none = new Int32Array(0)
/** The first 0, 1, 2 and 3 bytes of a word, whatever the machine's order of bytes. */
const firstBytes = new Int32Array(Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255, 0).buffer)
const blocks = new DataView(counterBlocks.buffer)
const blockWords = new Int32Array(counterBlocks.buffer)

/**
 * AES in counter mode under one session key and salt (RFC 3711 §4.1.1), of a block cipher that encrypts counter blocks
 * made here. Because the next packets' counters are known, their keystream is made ahead: with hundreds of calls what a
 * cipher has in memory is far from the processor when a packet comes, and so it is needed for few of them. Long packets
 * are left to the provider's own counter mode, where it has one.
 */
export class CounterMode {
  // what most packets need comes first, and so close together
  /** Keystream of the packets `#base` to `#base + #count - 1` of `#ssrc`, `#slot` bytes each. */
  #stream = none
  #ssrc = 0
  #base = 0
  #count = 0
  #slot = 0
  readonly #cipher: BlockCipher
  /** Made for the first long packet. */
  #long: CounterCipher | undefined
  readonly #makeLong: () => CounterCipher | undefined
  /** The salt's 14 bytes, the last two in the upper half. */
  readonly #salt0: number
  readonly #salt1: number
  readonly #salt2: number
  readonly #salt3: number

  /** @param key 16, 24 or 32 bytes; @param salt 14 bytes */
  constructor(provider: CipherProvider, key: Buffer, salt: Buffer) {
    this.#cipher = provider.blockCipher(key)
    this.#makeLong = () => provider.counterCipher(key)
    this.#salt0 = salt.readInt32BE(0)
    this.#salt1 = salt.readInt32BE(4)
    this.#salt2 = salt.readInt32BE(8)
    this.#salt3 = salt.readInt16BE(12) << 16
  }

  /**
   * XORs the keystream of one packet over part of it; the same call encrypts and decrypts. Byte 0 of the keystream
   * meets byte `offset`.
   * @param offset a multiple of 4
   * @param length bytes, at most 2^20 (the block counter has 16 bits)
   * @param index 48-bit packet index for RTP, 31-bit SRTCP index for RTCP
   * @throws RangeError when the bytes are not all in the packet's memory
   */
  apply(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number): void {
    if (length === 0) return
    if (!packet.holds(offset, length)) throw new RangeError(`${length} bytes at ${offset} of ${packet.bytes.length}`)
    const known = ssrc === this.#ssrc
    const ahead = known ? index - this.#base : -1
    if (ahead >= 0 && ahead < this.#count && length <= this.#slot) {
      xor(packet, offset, length, this.#stream, (ahead * this.#slot) >> 2)
      return
    }
    const next = ahead >= 0 && ahead <= this.#count
    const slot = Math.max((length + 15) & -16, next ? this.#slot : 0)
    const count = Math.min(mostAhead, Math.floor(this.#cipher.aheadLength / slot))
    if (next && count > 1) {
      this.#makeAhead(ssrc, index, count, slot)
      xor(packet, offset, length, this.#stream, 0)
      return
    }
    this.#applyAlone(packet, offset, length, ssrc, index)
    // one that is late leaves what was made ahead to those that follow
    if (!known || ahead >= 0) this.#expect(ssrc, index + 1)
  }

  /** Gives back what it has outside of JavaScript; it is of no use any more. */
  close(): void {
    this.#cipher.close()
    this.#long?.close()
    this.#stream = none
    this.#count = 0
  }

  #applyAlone(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number): void {
    const long = length > this.#cipher.aheadLength / 2 ? (this.#long ??= this.#makeLong()) : undefined
    if (long !== undefined) {
      this.#fill(0, ssrc, index, 0, 1)
      long.apply(packet, offset, length)
      return
    }
    for (let done = 0; done < length; done += counterBlocks.length) {
      const part = Math.min(length - done, counterBlocks.length)
      this.#fill(0, ssrc, index, done >> 4, (part + 15) >> 4)
      this.#cipher.encrypt((part + 15) & -16)
      xor(packet, offset + done, part, blockWords, 0)
    }
  }

  /** If this is the next packet, those behind it will be the next too. */
  #expect(ssrc: number, index: number): void {
    this.#ssrc = ssrc
    this.#base = index
    this.#count = 0
    this.#slot = 0
  }

  #makeAhead(ssrc: number, index: number, count: number, slot: number): void {
    for (let i = 0; i < count; i++) this.#fill(i * slot, ssrc, index + i, 0, slot >> 4)
    this.#cipher.encrypt(count * slot)
    const words = (count * slot) >> 2
    if (this.#stream.length < words) this.#stream = new Int32Array(words)
    const stream = this.#stream
    for (let i = 0; i < words; i++) stream[i] = blockWords[i]!
    this.#ssrc = ssrc
    this.#base = index
    this.#count = count
    this.#slot = slot
  }

  /** Counter blocks from the byte `at` on, the first of them number `first`: k_s * 2^16 XOR SSRC * 2^64 XOR i * 2^16. */
  #fill(at: number, ssrc: number, index: number, first: number, count: number): void {
    const word1 = this.#salt1 ^ ssrc
    const word2 = this.#salt2 ^ Math.floor(index / 65536)
    const word3 = this.#salt3 ^ ((index & 0xffff) << 16)
    for (let block = first; block < first + count; block++, at += 16) {
      blocks.setInt32(at, this.#salt0)
      blocks.setInt32(at + 4, word1)
      blocks.setInt32(at + 8, word2)
      blocks.setInt32(at + 12, word3 | block)
    }
  }
}

/** XORs `length` bytes of keystream, from word `from`, over the packet. */
function xor({ words }: PacketBuffer, offset: number, length: number, stream: Int32Array, from: number): void {
  const first = offset >> 2
  const whole = length >> 2
  for (let i = 0; i < whole; i++) words[first + i]! ^= stream[from + i]!
  // of the last word what follows the payload must stay as it is
  if ((length & 3) !== 0) words[first + whole]! ^= stream[from + whole]! & firstBytes[length & 3]!
}
