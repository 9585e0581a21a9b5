import { MediaError } from '../media-error.ts'
import { nodeFunctions, type Address } from './library.ts'
import { NativeMemory } from '../native-memory.ts'

/** OpenSSL's functions of sha.h; addresses are those of `NativeMemory.at`, for at least as many bytes as the call is told. */
interface Library {
  SHA256_Init(state: Address): number
  SHA256_Update(state: Address, data: Address, length: number): number
  SHA256_Final(digest: Address, state: Address): number
}

const declarations: Readonly<Record<keyof Library, string>> = {
  SHA256_Init: 'int SHA256_Init(void *c)',
  SHA256_Update: 'int SHA256_Update(void *c, void *data, size_t len)',
  SHA256_Final: 'int SHA256_Final(void *md, void *c)',
}

const block = 64
const digestLength = 32
/** Longest message; longer ones are for `node:crypto`. */
const longest = 2048
/** In the memory: SHA256_CTX, of 112 bytes; the outer block and the inner digest behind it; the inner block and the message. */
const outerAt = 128
const innerAt = outerAt + block + digestLength
const length = innerAt + block + longest

/**
 * HMAC-SHA256 for exchanges that make dozens of them over few bytes: a third of what an object of `node:crypto` costs, and
 * nothing for the garbage collector but the digest. One for each thread.
 */
export class OpenSslHmac {
  readonly #library: Library
  readonly #memory = new NativeMemory(new Uint8Array(length))
  readonly #bytes = Buffer.from(this.#memory.bytes.buffer)
  readonly #state = this.#memory.at(0, outerAt)
  readonly #outer = this.#memory.at(outerAt, block + digestLength)
  readonly #inner = this.#memory.at(innerAt, block + longest)
  readonly #digest = this.#memory.at(outerAt + block, digestLength)

  private constructor(library: Library) {
    this.#library = library
  }

  /** @returns undefined where OpenSSL cannot be called */
  static open(): OpenSslHmac | undefined {
    try {
      return new OpenSslHmac(nodeFunctions<Library>(declarations))
    } catch (error) {
      if (error instanceof MediaError) return undefined
      throw error
    }
  }

  /** Whether key and message have room. */
  takes(key: Uint8Array, message: Uint8Array): boolean {
    return key.length <= block && message.length <= longest
  }

  /** @throws RangeError for what {@link takes} does not take */
  hmac(key: Uint8Array, message: Uint8Array): Buffer {
    if (!this.takes(key, message)) throw new RangeError(`a key of ${key.length} bytes, a message of ${message.length}`)
    const bytes = this.#bytes
    for (let i = 0; i < block; i++) {
      const byte = i < key.length ? key[i]! : 0
      bytes[innerAt + i] = byte ^ 0x36
      bytes[outerAt + i] = byte ^ 0x5c
    }
    bytes.set(message, innerAt + block)
    this.#hash(this.#inner, block + message.length)
    this.#hash(this.#outer, block + digestLength)
    const digest = Buffer.from(bytes.subarray(outerAt + block, innerAt))
    bytes.fill(0, 0, innerAt + block + message.length) // keys stay nowhere
    return digest
  }

  #hash(data: Address, count: number): void {
    this.#library.SHA256_Init(this.#state)
    this.#library.SHA256_Update(this.#state, data, count)
    this.#library.SHA256_Final(this.#digest, this.#state)
  }
}
