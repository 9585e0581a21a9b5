import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { addressOf } from '../../src/media/openssl/library.ts'
import { NativeMemory, NumberedMemory } from '../../src/media/native-memory.ts'

const size = 2048
const fresh = (length = size): NativeMemory => new NativeMemory(new Uint8Array(new ArrayBuffer(length)))

/** What a wrong length may look like when it gets here. */
const anyNumber = fc.oneof(
  fc.integer({ min: -10, max: size + 10 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, size, size + 1, 2 ** 31, 2 ** 32, 2 ** 32 + 4, 2 ** 53, NaN, Infinity, -Infinity, 0.5),
)

describe('memory with bigints for addresses', () => {
  test('an address leaves for exactly the ranges that are in the memory', () => {
    const memory = fresh()
    const base = addressOf(memory.bytes)
    const structure = new Uint32Array(4)
    fc.assert(
      fc.property(anyNumber, anyNumber, (offset, length) => {
        const inside = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0
        const fits = inside && offset + length <= size
        assert.equal(memory.holds(offset, length), fits)
        if (!fits) {
          assert.throws(() => memory.at(offset, length), RangeError)
          assert.throws(() => memory.putAddress(offset, length, structure, 1), RangeError)
          assert.deepEqual([...structure], [0, 0, 0, 0])
          return
        }
        const expected = base + BigInt(offset)
        assert.equal(memory.at(offset, length), expected)
        assert.equal(memory.at(offset, length), expected, 'again')
        memory.putAddress(offset, length, structure, 1)
        assert.equal(new BigUint64Array(structure.slice(1, 3).buffer)[0], expected)
        structure.fill(0)
      }),
      { numRuns: 2000 },
    )
  })

  test('the same range has one bigint, so that no call makes a new one', () => {
    const memory = fresh()
    const base = addressOf(memory.bytes)
    for (let offset = 0; offset < size; offset++) assert.equal(memory.at(offset, 1), base + BigInt(offset))
  })

  test('memory that was handed to another thread has no addresses any more', () => {
    const memory = fresh()
    memory.at(0, 4)
    structuredClone(null, { transfer: [memory.bytes.buffer] })
    assert.throws(() => memory.at(0, 4), RangeError)
  })

  test('part of an ArrayBuffer, or nothing, is refused', () => {
    const whole = new ArrayBuffer(64)
    assert.throws(() => new NativeMemory(new Uint8Array(whole, 8)), RangeError)
    assert.throws(() => new NativeMemory(new Uint8Array(whole, 0, 32)), RangeError)
    assert.throws(() => fresh(0), RangeError)
  })
})

describe('memory with numbers for addresses', () => {
  const base = 0x7f0000001000n
  const memory = new NumberedMemory(new Uint8Array(new ArrayBuffer(1500)), () => base)

  test('gives addresses of what it holds', () => {
    assert.equal(memory.at(0, 1500), Number(base))
    assert.equal(memory.at(1499, 1), Number(base) + 1499)
    assert.equal(memory.at(1500, 0), Number(base) + 1500)
  })

  test('gives none of anything else', () => {
    const wrong: readonly (readonly [number, number])[] = [
      [0, 1501],
      [1, 1500],
      [1500, 1],
      [-1, 1],
      [0, -1],
      [1501, 0],
      [0.5, 1],
      [0, 1.5],
      [NaN, 1],
      [0, NaN],
      [0, Infinity],
      [2 ** 31 - 1, 2 ** 31 - 1],
      [2 ** 32, 1],
      [0, 2 ** 32 + 1],
      [-(2 ** 31), 2 ** 31 - 1],
    ]
    for (const [offset, length] of wrong) {
      assert.throws(() => memory.at(offset, length), RangeError, `${offset}, ${length}`)
      assert.equal(memory.holds(offset, length), false)
    }
  })

  test('whatever is asked for: an address is of bytes that are there', () => {
    const number = fc.oneof(fc.integer(), fc.double(), fc.integer({ min: -2, max: 1502 }), fc.maxSafeInteger())
    fc.assert(
      fc.property(number, number, (offset, length) => {
        const inside =
          Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0 && offset + length <= 1500
        assert.equal(memory.holds(offset, length), inside)
        if (inside) assert.equal(memory.at(offset, length), Number(base) + offset)
        else assert.throws(() => memory.at(offset, length), RangeError)
      }),
      { numRuns: 5000 },
    )
  })

  test('takes whole buffers only, and addresses that a number holds', () => {
    const whole = new Uint8Array(new ArrayBuffer(16))
    const at = (address: bigint) => () => new NumberedMemory(whole, () => address)
    assert.throws(() => new NumberedMemory(whole.subarray(1), () => base), RangeError)
    assert.throws(() => new NumberedMemory(whole.subarray(0, 15), () => base), RangeError)
    assert.throws(() => new NumberedMemory(new Uint8Array(new ArrayBuffer(0)), () => base), RangeError)
    assert.throws(at(0n), RangeError)
    assert.throws(at(-1n), RangeError)
    assert.throws(at(2n ** 53n - 16n), RangeError)
  })
})
