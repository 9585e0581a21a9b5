import { isByteRange } from './byte-range.ts'
import { addressOf, type Address } from './openssl/library.ts'

/** Addresses at offsets below this are made once and kept: hardly a packet has its payload further behind its start. */
const keptOffsets = 512

/*
 * Where JavaScript's memory becomes an address. Nothing else adds to an address, and none leaves here for more bytes than are
 * there. There are two forms of an address: what C takes as `void *` koffi wants as a bigint, what it takes as `uintptr_t` is
 * quickest as a number.
 */

/** Memory outside of JavaScript's heap, where nothing moves it. */
abstract class OutsideMemory {
  /** Kept, and with it the memory: what nobody refers to is collected, whatever native code has been told. */
  readonly bytes: Uint8Array<ArrayBuffer>

  /** @param bytes a view of an ArrayBuffer of its own */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    if (bytes.byteOffset !== 0 || bytes.length !== bytes.buffer.byteLength || bytes.length === 0) {
      throw new RangeError('this is not a whole ArrayBuffer')
    }
    this.bytes = bytes
  }

  /** Whether `length` bytes from `offset` on are all of this memory; see {@link isByteRange}. */
  holds(offset: number, length: number): boolean {
    return isByteRange(offset, length, this.bytes.length) // which is 0 for memory that was handed to another thread
  }

  /** @throws RangeError when they are not */
  protected check(offset: number, length: number): void {
    if (!this.holds(offset, length)) throw new RangeError(`${length} bytes at ${offset} of ${this.bytes.length}`)
  }
}

/** Memory whose addresses are numbers. */
export class NumberedMemory extends OutsideMemory {
  readonly #base: number

  /**
   * @param addressOf koffi's `address`
   * @throws RangeError also when no number holds the addresses
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, addressOf: (memory: Uint8Array) => bigint) {
    super(bytes)
    const base = addressOf(bytes)
    if (base <= 0n || base > BigInt(Number.MAX_SAFE_INTEGER - bytes.length))
      throw new RangeError('an address that no number holds')
    this.#base = Number(base)
  }

  /**
   * The address of `length` bytes from `offset` on.
   * @throws RangeError when they are not all of this memory
   */
  at(offset: number, length: number): number {
    this.check(offset, length)
    return this.#base + offset
  }
}

/** Memory whose addresses are bigints, each made once, so that handing it to native code allocates nothing. */
export class NativeMemory extends OutsideMemory {
  readonly #base: bigint
  /** The base's two halves, for addresses that stand in a C structure. */
  readonly #low: number
  readonly #high: number
  /** By a quarter of their offset. */
  readonly #kept: (bigint | undefined)[]

  /** @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when koffi does not load */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super(bytes)
    this.#base = addressOf(bytes)
    this.#low = Number(this.#base & 0xffffffffn)
    this.#high = Number(this.#base >> 32n)
    this.#kept = new Array<bigint | undefined>(keptOffsets / 4).fill(undefined)
    this.#kept[0] = this.#base
  }

  /**
   * The address of `length` bytes from `offset` on.
   * @throws RangeError when they are not all of this memory
   */
  at(offset: number, length: number): Address {
    this.check(offset, length)
    if (offset >= keptOffsets || offset % 4 !== 0) return this.#base + BigInt(offset)
    return (this.#kept[offset >> 2] ??= this.#base + BigInt(offset))
  }

  /**
   * Writes the address of `length` bytes from `offset` on into a C structure of a little-endian machine with 64 bits.
   * @param structure as words of 32 bits; @param word where in it the address stands
   * @throws RangeError when they are not all of this memory
   */
  putAddress(offset: number, length: number, structure: Uint32Array, word: number): void {
    this.check(offset, length)
    const low = this.#low + offset
    structure[word] = low
    structure[word + 1] = low > 0xffffffff ? this.#high + 1 : this.#high
  }
}
