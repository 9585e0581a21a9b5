import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type EndpointDescription, type MediaDirection } from '../../src/base/endpoint-description.ts'
import { SilenceWatch } from '../../src/media/silence-watch.ts'

const endpoint = (direction: MediaDirection): EndpointDescription => ({
  rtcpMux: false,
  direction,
  protection: { mode: 'none' },
})

describe('the silence watch', () => {
  test('reports a leg that sends nothing for the limit after it was described', () => {
    const watch = new SilenceWatch(30)
    assert.equal(watch.check('a', 0, 1_000_000), undefined, 'not described yet')
    watch.described(0, 'a', endpoint('sendrecv'), 1_000_000)
    assert.equal(watch.check('a', 0, 1_029_999), undefined)
    assert.deepEqual(watch.check('a', 0, 1_030_000), { leg: 'a', seconds: 30, onHold: false })
    assert.equal(watch.check('b', 0, 1_030_000), undefined)
  })

  test('counts from the last packet, and reports again after each further limit', () => {
    const watch = new SilenceWatch(30)
    watch.described(0, 'a', endpoint('sendrecv'), 0)
    assert.equal(watch.check('a', 5, 20_000), undefined)
    assert.equal(watch.check('a', 5, 49_000), undefined)
    assert.deepEqual(watch.check('a', 5, 50_000)?.seconds, 30)
    assert.equal(watch.check('a', 5, 79_000), undefined)
    assert.deepEqual(watch.check('a', 5, 80_000)?.seconds, 30)
  })

  test('counts anew when the leg is described again', () => {
    const watch = new SilenceWatch(30)
    watch.described(0, 'a', endpoint('sendrecv'), 0)
    watch.described(0, 'a', endpoint('sendrecv'), 20_000)
    assert.equal(watch.check('a', 0, 49_000), undefined)
    assert.notEqual(watch.check('a', 0, 50_000), undefined)
  })

  for (const direction of ['sendonly', 'recvonly', 'inactive'] as const) {
    test(`gives a leg on ${direction} 3600 s, and the usual limit after the resume`, () => {
      const watch = new SilenceWatch(30)
      watch.described(0, 'b', endpoint(direction), 0)
      assert.equal(watch.check('b', 0, 3_599_000), undefined)
      assert.deepEqual(watch.check('b', 0, 3_600_000), { leg: 'b', seconds: 3600, onHold: true })
      watch.described(0, 'b', endpoint('sendrecv'), 3_700_000)
      assert.deepEqual(watch.check('b', 0, 3_730_000), { leg: 'b', seconds: 30, onHold: false })
    })
  }

  test('one stream that talks is enough, and one that was refused does not count', () => {
    const watch = new SilenceWatch(30)
    watch.described(0, 'a', endpoint('inactive'), 0)
    watch.described(1, 'a', endpoint('sendrecv'), 0)
    assert.notEqual(watch.check('a', 0, 30_000), undefined)
    watch.described(1, 'a', undefined, 30_000)
    assert.equal(watch.check('a', 0, 100_000), undefined)
  })

  test('is off with a limit of 0', () => {
    const watch = new SilenceWatch(0)
    watch.described(0, 'a', endpoint('sendrecv'), 0)
    assert.equal(watch.check('a', 0, 1e9), undefined)
  })
})
