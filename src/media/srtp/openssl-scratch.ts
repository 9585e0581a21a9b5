import { cipherLibrary, type CipherLibrary } from '../openssl/cipher-library.ts'
import { type Address } from '../openssl/library.ts'
import { NativeMemory } from '../native-memory.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { counterBlocks } from './counter-blocks.ts'

/** Where in the memory things stand, in bytes. */
const ivOffset = 0
const keyOffset = 16
const wordOffset = 48
const nameOffset = 56
const hashOffset = 64
const blockOffset = 192
const tagOffset = 256
const size = 384

/** OSSL_PARAM_OCTET_STRING of core.h */
const octetString = 5

/**
 * Memory that all ciphers of a thread share with OpenSSL: filled and used in one go. C's structures are written here as
 * they are on little-endian machines with 64 bits.
 */
export class OpenSslScratch {
  readonly library: CipherLibrary
  readonly #memory = new NativeMemory(new Uint8Array(new ArrayBuffer(size)))
  #packet: PacketBuffer | undefined
  readonly #words = new Uint32Array(this.#memory.bytes.buffer)
  /** A nonce of AES-GCM. */
  readonly iv = new DataView(this.#memory.bytes.buffer, ivOffset, 16)
  readonly ivAddress = this.#memory.at(ivOffset, 16)
  /** A key of up to 32 bytes, for as long as it is being set. */
  readonly key = this.#memory.bytes.subarray(keyOffset, keyOffset + 32)
  readonly keyAddress = this.#memory.at(keyOffset, 32)
  /** Where block ciphers find their blocks. */
  readonly counterBlocks = new NativeMemory(counterBlocks)
  /** A word that is authenticated behind a packet. */
  readonly word = new DataView(this.#memory.bytes.buffer, wordOffset, 4)
  readonly wordAddress = this.#memory.at(wordOffset, 4)
  /** `SHA_CTX { unsigned int h0, h1, h2, h3, h4, Nl, Nh, data[16], num }`: only the first five are not 0. */
  readonly hash = new Int32Array(this.#memory.bytes.buffer, hashOffset, 24)
  readonly hashAddress = this.#memory.at(hashOffset, 96)
  /** A block of SHA-1. */
  readonly block = new DataView(this.#memory.bytes.buffer, blockOffset, 64)
  readonly blockAddress = this.#memory.at(blockOffset, 64)
  /** `OSSL_PARAM { const char *key; unsigned int data_type; void *data; size_t data_size, return_size }` and an end of zeros. */
  readonly tagParameters = this.#memory.at(tagOffset, 80)

  /** @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` */
  constructor() {
    this.library = cipherLibrary()
    const memory = this.#memory
    memory.bytes.set(Buffer.from('tag\0', 'latin1'), nameOffset)
    memory.putAddress(nameOffset, 4, this.#words, tagOffset / 4)
    this.#words[tagOffset / 4 + 2] = octetString
  }

  /**
   * Has {@link tagParameters} speak of `length` bytes of a packet.
   * @throws RangeError when they are not all in its memory
   */
  pointTag(packet: NativeMemory, offset: number, length: number): Address {
    packet.putAddress(offset, length, this.#words, tagOffset / 4 + 4)
    this.#words[tagOffset / 4 + 6] = length
    return this.tagParameters
  }

  /**
   * A packet's memory as native code is told of it. The packet stays referred to until the next one: a compiler may find
   * that nobody needs it any more while its address is still in use.
   */
  memoryOf(packet: PacketBuffer): NativeMemory {
    if (packet !== this.#packet) {
      this.#packet = packet
      packet.native ??= new NativeMemory(packet.bytes)
    }
    return packet.native!
  }
}

let scratch: OpenSslScratch | undefined

/**
 * The memory of this thread. It is never given up, so that no native code is left without it.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function openSslScratch(): OpenSslScratch {
  return (scratch ??= new OpenSslScratch())
}
