import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineLimit } from '../../src/operation/line-limit.ts'
import { HandClock } from '../support/hand-clock.ts'

test('of a kind of line that peers cause ten a second are written, and the next says how many were not', () => {
  const clock = new HandClock()
  const limit = new LineLimit(clock)
  const written: unknown[] = []
  for (let i = 0; i < 500; i++) limit.pass('malformed message', (more) => written.push(more))
  limit.pass('another kind', (more) => written.push(more))
  assert.equal(written.length, 11)
  clock.advance(1000)
  limit.pass('malformed message', (more) => written.push(more))
  assert.deepEqual(written.at(-1), { 'left-out': 490 })
})
