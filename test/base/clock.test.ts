import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'

test('a delay longer than setTimeout keeps is kept all the same: max-call-duration may be a month', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let fired = 0
    const month = 30 * 24 * 3600 * 1000
    systemClock.after(month, () => fired++)
    const cancelled = systemClock.after(month, () => (fired += 100))
    mock.timers.tick(2 ** 31 - 1)
    assert.equal(fired, 0)
    cancelled.cancel()
    mock.timers.tick(month - 2 ** 31 + 1)
    assert.equal(fired, 1)
  } finally {
    mock.timers.reset()
  }
})
