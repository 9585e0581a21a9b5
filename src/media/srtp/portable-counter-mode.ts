import { createCipheriv, type Cipheriv } from 'node:crypto'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type CounterModeCipher } from './cipher-provider.ts'

/** Packets whose keystream is made at once: a native call costs more than the cipher, so it is made seldom. */
const packetsAhead = 16
/** Bound of what is made at once, in bytes: 16 packets of full video frames' size. */
const scratchLength = 32768
/** Counter blocks on their way into the cipher, shared by all ciphers of the thread: filled and used in one go. */
const scratch = Buffer.alloc(scratchLength)
const scratchView = new DataView(scratch.buffer, scratch.byteOffset, scratchLength)

/**
 * AES counter mode on node:crypto. A CTR cipher object cannot take a new counter, so one persistent AES-ECB object
 * encrypts counter blocks made here, which is the same thing; and because the next packets' counters are known, it
 * makes their keystream ahead.
 */
export class PortableCounterMode implements CounterModeCipher {
  readonly #cipher: Cipheriv
  readonly #salt: DataView
  /** Keystream of the packets `#base` to `#base + #count - 1` of `#ssrc`, `#slot` bytes each. */
  #stream = new Int32Array(0)
  #ssrc = -1
  #base = 0
  #count = 0
  #slot = 0

  constructor(key: Buffer, salt: Buffer) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
    this.#salt = new DataView(new ArrayBuffer(16))
    for (const [i, byte] of salt.entries()) this.#salt.setUint8(i, byte)
  }

  apply(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number): void {
    if (length === 0) return
    const ahead = ssrc === this.#ssrc ? index - this.#base : -1
    if (ahead < 0 || ahead >= this.#count || length > this.#slot) {
      const needed = (length + 15) & ~15
      if (ssrc === this.#ssrc && ahead < 0) {
        // late: the keystream made ahead stays good for the packets that follow
        xor(packet, offset, length, this.#make(ssrc, index, 1, needed), 0)
        return
      }
      const sequential = ahead === this.#count || (ahead >= 0 && ahead < this.#count)
      const slot = sequential ? Math.max(needed, this.#slot) : needed
      this.#count = sequential ? Math.max(1, Math.min(packetsAhead, Math.floor(scratchLength / slot))) : 1
      this.#stream = this.#make(ssrc, index, this.#count, slot)
      this.#ssrc = ssrc
      this.#base = index
      this.#slot = slot
    }
    xor(packet, offset, length, this.#stream, ((index - this.#base) * this.#slot) >> 2)
  }

  close(): void {
    this.#cipher.destroy()
    this.#stream = new Int32Array(0)
    this.#count = 0
  }

  /** Keystream of `count` packets from `index`, `slot` bytes each: E(k_e, k_s * 2^16 XOR SSRC * 2^64 XOR i * 2^16). */
  #make(ssrc: number, index: number, count: number, slot: number): Int32Array<ArrayBuffer> {
    const salt = this.#salt
    const total = count * slot
    const whole = total <= scratchLength ? scratch : Buffer.alloc(total)
    const view = whole === scratch ? scratchView : new DataView(whole.buffer, whole.byteOffset, total)
    const word0 = salt.getUint32(0)
    const word1 = salt.getUint32(4) ^ ssrc
    let at = 0
    for (let i = index; i < index + count; i++) {
      const word2 = salt.getUint32(8) ^ Math.floor(i / 65536)
      const word3 = (salt.getUint16(12) ^ (i & 0xffff)) << 16
      for (let block = 0; block < slot >> 4; block++, at += 16) {
        view.setUint32(at, word0)
        view.setUint32(at + 4, word1)
        view.setUint32(at + 8, word2)
        view.setUint32(at + 12, word3 | block)
      }
    }
    const made = this.#cipher.update(whole.subarray(0, total))
    // node:crypto may hand out a slice of a pool at any offset
    return made.byteOffset % 4 === 0
      ? new Int32Array(made.buffer, made.byteOffset, total >> 2)
      : new Int32Array(Uint8Array.from(made).buffer)
  }
}

/** XORs `length` bytes of keystream, from word `from`, over the packet. */
function xor(packet: PacketBuffer, offset: number, length: number, stream: Int32Array, from: number): void {
  const { words, bytes } = packet
  const first = offset >> 2
  const whole = length >> 2
  for (let i = 0; i < whole; i++) words[first + i]! ^= stream[from + i]!
  const rest = length & 3
  if (rest === 0) return
  // the last word is put together byte by byte: what follows the payload must stay as it is
  const tail = new Uint8Array(stream.buffer, stream.byteOffset + 4 * (from + whole), rest)
  for (let i = 0; i < rest; i++) bytes[offset + 4 * whole + i]! ^= tail[i]!
}
