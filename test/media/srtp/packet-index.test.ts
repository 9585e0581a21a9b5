import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { guessPacketIndex } from '../../../src/media/srtp/packet-index.ts'

describe('the packet index', () => {
  test('of a new source has roll-over counter 0', () => {
    assert.equal(guessPacketIndex(-1, 65535), 65535)
  })

  test('goes on over a wrap, and back over it for a late packet', () => {
    assert.equal(guessPacketIndex(65535, 0), 65536)
    assert.equal(guessPacketIndex(65536 + 2, 65534), 65534)
    assert.equal(guessPacketIndex(3 * 65536 + 65000, 10), 4 * 65536 + 10)
  })

  test('is never below zero: before the first wrap there is no earlier cycle', () => {
    assert.equal(guessPacketIndex(5, 65530), 65530)
  })

  test('is guessed right for every packet within half a cycle of the highest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40_000, max: 2 ** 47 }),
        fc.integer({ min: -32767, max: 32767 }),
        (highest, distance) => {
          const index = highest + distance
          assert.equal(guessPacketIndex(highest, index % 65536), index)
        },
      ),
    )
  })
})
