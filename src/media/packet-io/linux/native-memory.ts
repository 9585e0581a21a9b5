/**
 * Where JavaScript's memory becomes an address. Nothing else of this driver adds to an address, and none leaves here for
 * more bytes than are there.
 */
export class NativeMemory {
  /** Kept, and with it the memory: what nobody refers to is collected, whatever native code has been told. */
  readonly bytes: Uint8Array
  readonly #base: number

  /**
   * @param bytes outside of JavaScript's heap, where nothing moves it: a view of an ArrayBuffer of its own
   * @param addressOf koffi's `address`
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, addressOf: (memory: Uint8Array) => bigint) {
    if (bytes.byteOffset !== 0 || bytes.byteLength !== bytes.buffer.byteLength || bytes.byteLength === 0)
      throw new RangeError('this is not a whole ArrayBuffer')
    this.bytes = bytes
    const base = addressOf(bytes)
    if (base <= 0n || base > BigInt(Number.MAX_SAFE_INTEGER - bytes.byteLength))
      throw new RangeError('an address that no number holds')
    this.#base = Number(base)
  }

  /** Whether `length` bytes can be read or written from `offset` on. Anything but two integers cannot. */
  holds(offset: number, length: number): boolean {
    // 32 bit integers, so that their sum is exact
    return (
      (offset | 0) === offset &&
      (length | 0) === length &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= this.bytes.length
    )
  }

  /**
   * The address of `length` bytes from `offset` on.
   * @throws RangeError when they are not all of this memory
   */
  at(offset: number, length: number): number {
    if (!this.holds(offset, length)) throw new RangeError(`${length} bytes at ${offset} of ${this.bytes.length}`)
    return this.#base + offset
  }
}
