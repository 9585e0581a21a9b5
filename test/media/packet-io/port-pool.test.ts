import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PortPool, restTime, shortestRest } from '../../../src/media/packet-io/port-pool.ts'
import { HandClock } from '../../support/hand-clock.ts'

/** Takes until nothing is left. */
function takeAll(pool: PortPool, range: { min: number; max: number }): number[] {
  const ports: number[] = []
  for (let port = pool.take(range); port !== undefined; port = pool.take(range)) ports.push(port)
  return ports.sort((a, b) => a - b)
}

describe('the port pool', () => {
  test('hands out every even port whose RTCP port is in the range too, each once', () => {
    assert.deepEqual(takeAll(new PortPool(new HandClock()), { min: 21000, max: 21007 }), [21000, 21002, 21004, 21006])
    assert.deepEqual(takeAll(new PortPool(new HandClock()), { min: 21001, max: 21006 }), [21002, 21004])
    assert.deepEqual(takeAll(new PortPool(new HandClock()), { min: 21001, max: 21002 }), [])
  })

  test('opens a fixed port a hundred numbers upwards', () => {
    const ports = takeAll(new PortPool(new HandClock()), { min: 7078, max: 7078 })
    assert.deepEqual([ports.length, ports[0], ports.at(-1)], [50, 7078, 7176])
    assert.deepEqual(takeAll(new PortPool(new HandClock()), { min: 65532, max: 65532 }), [65532, 65534])
  })

  test('chooses itself for 0, from the numbers of ephemeral ports', () => {
    const port = new PortPool(new HandClock()).take({ min: 0, max: 0 })!
    assert.ok(port >= 32768 && port < 60999 && port % 2 === 0)
  })

  test('lets a used pair rest for 30 s, unless there is no other: then the one that rested longest goes after 4 s', () => {
    const clock = new HandClock()
    const pool = new PortPool(clock)
    const range = { min: 21000, max: 21199 }
    const ports = takeAll(pool, range)
    for (const port of ports.toReversed()) {
      pool.rest(port)
      clock.advance(10)
    }
    assert.equal(pool.take(range), undefined)
    clock.advance(shortestRest - 10 * ports.length)
    assert.equal(pool.take(range), ports.at(-1))
    assert.equal(pool.take(range), undefined)
    clock.advance(restTime)
    assert.equal(takeAll(pool, range).length, ports.length - 1)
  })

  test('does not take a pair again while others have rested longer', () => {
    const clock = new HandClock()
    const pool = new PortPool(clock)
    const range = { min: 21000, max: 21003 }
    const ports = takeAll(pool, range)
    pool.rest(ports[0]!)
    assert.equal(pool.resting(), 1)
    assert.equal(pool.take(range), undefined)
    clock.advance(shortestRest - 1)
    assert.equal(pool.take(range), undefined)
    clock.advance(1)
    assert.equal(pool.take(range), ports[0])
    assert.equal(pool.resting(), 0)
  })

  test('does not hand out a pair twice where ranges overlap', () => {
    const pool = new PortPool(new HandClock())
    const audio = takeAll(pool, { min: 21000, max: 21009 })
    assert.deepEqual(takeAll(pool, { min: 21006, max: 21013 }), [21010, 21012])
    assert.equal(audio.length, 5)
  })

  test('prefers pairs that were not used lately', () => {
    const clock = new HandClock()
    const pool = new PortPool(clock)
    const range = { min: 21000, max: 21019 }
    const first = pool.take(range)!
    pool.rest(first)
    clock.advance(restTime)
    const next = Array.from({ length: 9 }, () => pool.take(range))
    assert.equal(next.includes(first), false)
  })
})
