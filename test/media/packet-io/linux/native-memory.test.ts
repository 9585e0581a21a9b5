import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NativeMemory } from '../../../../src/media/packet-io/linux/native-memory.ts'

const base = 0x7f0000001000n
const memory = new NativeMemory(new Uint8Array(new ArrayBuffer(1500)), () => base)

describe('native memory', () => {
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
    const at = (address: bigint) => () => new NativeMemory(whole, () => address)
    assert.throws(() => new NativeMemory(whole.subarray(1), () => base), RangeError)
    assert.throws(() => new NativeMemory(whole.subarray(0, 15), () => base), RangeError)
    assert.throws(() => new NativeMemory(new Uint8Array(new ArrayBuffer(0)), () => base), RangeError)
    assert.throws(at(0n), RangeError)
    assert.throws(at(-1n), RangeError)
    assert.throws(at(2n ** 53n - 16n), RangeError)
  })
})
