import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Pacing } from '../../../src/media/packet-io/pacing.ts'

/** A second of turns, one a millisecond. */
function run(pacing: Pacing, packetsPerSecond: number, from: number): void {
  for (let i = 1; i <= 1000; i++) pacing.count(packetsPerSecond / 1000, from + i)
}

describe('the pause in which packets gather', () => {
  test('is for workers with much to do, and goes when they have not', () => {
    const pacing = new Pacing(0.7)
    assert.equal(pacing.pause, 0)
    run(pacing, 1000, 0)
    assert.equal(pacing.pause, 0)
    run(pacing, 20_000, 1000)
    assert.equal(pacing.pause, 0.7)
    run(pacing, 1000, 2000)
    assert.equal(pacing.pause, 0)
  })

  test('is not made longer by a single burst', () => {
    const pacing = new Pacing(1)
    pacing.count(100, 50_000)
    pacing.count(1, 50_101)
    assert.equal(pacing.pause, 0)
  })

  test('of 0 is never made', () => {
    const pacing = new Pacing(0)
    run(pacing, 100_000, 0)
    assert.equal(pacing.pause, 0)
  })
})
