import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ReplayVerdict, ReplayWindow } from '../../../src/media/srtp/replay-window.ts'

describe('the replay window', () => {
  test('takes each index once, in any order within its size', () => {
    const window = new ReplayWindow(4)
    for (const index of [100, 99, 101, 40, 100 - 95 + 1]) {
      assert.equal(window.check(index), ReplayVerdict.fresh, String(index))
      window.accept(index)
      assert.equal(window.check(index), ReplayVerdict.replayed, String(index))
    }
  })

  test('calls what is farther behind than its size too old', () => {
    const window = new ReplayWindow(4)
    window.accept(1000)
    assert.equal(window.check(1000 - window.size + 1), ReplayVerdict.fresh)
    assert.equal(window.check(1000 - window.size), ReplayVerdict.tooOld)
  })

  test('forgets nothing and invents nothing: the same verdicts as a set of all indexes', () => {
    const moves = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -150, max: 40 }) },
        { weight: 1, arbitrary: fc.integer({ min: 100, max: 100_000 }) },
      ),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 40_000_000 }), moves, (start, steps) => {
        const window = new ReplayWindow(4)
        const seen = new Set<number>()
        let highest = -1
        for (const step of steps) {
          const index = Math.max(0, (highest < 0 ? start : highest) + step)
          const tooOld = highest - index >= window.size
          const expected = tooOld
            ? ReplayVerdict.tooOld
            : seen.has(index)
              ? ReplayVerdict.replayed
              : ReplayVerdict.fresh
          assert.equal(window.check(index), expected)
          if (expected !== ReplayVerdict.fresh) continue
          window.accept(index)
          seen.add(index)
          highest = Math.max(highest, index)
        }
      }),
    )
  })
})
