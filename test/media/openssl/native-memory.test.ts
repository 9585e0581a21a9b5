import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { addressOf } from '../../../src/media/openssl/library.ts'
import { NativeMemory } from '../../../src/media/openssl/native-memory.ts'

const size = 2048
const fresh = (length = size): NativeMemory => new NativeMemory(new Uint8Array(new ArrayBuffer(length)))

/** What a wrong length may look like when it gets here. */
const anyNumber = fc.oneof(
  fc.integer({ min: -10, max: size + 10 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, size, size + 1, 2 ** 31, 2 ** 32, 2 ** 32 + 4, 2 ** 53, NaN, Infinity, -Infinity, 0.5),
)

describe('native memory', () => {
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
