import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EventDetector } from '../../../src/media/dtmf/event-detector.ts'
import { type DtmfKey } from '../../../src/media/dtmf/telephone-event.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { inBuffer, rtpPacket, type RtpOptions } from '../../support/media/packets.ts'

/** Bytes of an event (RFC 4733 §2.3). */
function event(code: number, duration: number, end = false): Buffer {
  return Buffer.from([code, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff])
}

interface Bench {
  readonly clock: FakeClock
  readonly keys: readonly DtmfKey[]
  readonly detector: EventDetector
  readonly hear: (payload: Buffer, options: RtpOptions) => void
}

function bench(rate = 8000): Bench {
  const clock = new FakeClock()
  const keys: DtmfKey[] = []
  const detector = new EventDetector(clock, (key) => keys.push(key))
  return {
    ...{ clock, keys, detector },
    hear: (payload, options) => detector.receive(inBuffer(rtpPacket({ payload, ...options })), rate),
  }
}

describe('an event of RFC 4733', () => {
  test('makes one report, with its duration, however often its end is said', () => {
    const { keys, hear, clock } = bench()
    const timestamp = 11200
    for (const [index, duration] of [400, 800, 1200].entries()) hear(event(9, duration), { timestamp, sequence: index })
    assert.deepEqual(keys, [])
    for (const sequence of [4, 5, 6]) hear(event(9, 1280, true), { timestamp, sequence })
    assert.deepEqual(keys, [{ event: 9, duration: 160 }])
    assert.equal(clock.pending, 0)
  })

  test('is known by its last packet alone, and by its first alone', async () => {
    const { keys, hear, clock } = bench()
    hear(event(1, 800, true), { timestamp: 100 })
    assert.deepEqual(keys, [{ event: 1, duration: 100 }])
    hear(event(2, 400), { timestamp: 2000 })
    await clock.advance(299)
    assert.equal(keys.length, 1)
    await clock.advance(1)
    assert.deepEqual(keys[1], { event: 2, duration: 50 })
    assert.equal(clock.pending, 0)
  })

  test('goes on while its packets come, and ends when none comes any more', async () => {
    const { keys, hear, clock } = bench()
    for (let index = 1; index <= 20; index++) {
      hear(event(3, 400 * index), { timestamp: 7, sequence: index })
      await clock.advance(50)
    }
    assert.deepEqual(keys, [])
    await clock.advance(300)
    assert.deepEqual(keys, [{ event: 3, duration: 1000 }])
    hear(event(3, 8400, true), { timestamp: 7, sequence: 21 })
    assert.equal(keys.length, 1)
  })

  test('ends when the next one begins, be it the same key', () => {
    const { keys, hear } = bench()
    hear(event(5, 400), { timestamp: 1000 })
    hear(event(5, 400), { timestamp: 3000 })
    assert.deepEqual(keys, [{ event: 5, duration: 50 }])
    hear(event(5, 800, true), { timestamp: 3000 })
    assert.deepEqual(keys[1], { event: 5, duration: 100 })
  })

  test('a packet that comes late or again makes no report', () => {
    const { keys, hear } = bench()
    hear(event(4, 800, true), { timestamp: 1000 })
    hear(event(5, 800, true), { timestamp: 3000 })
    hear(event(4, 800, true), { timestamp: 1000 })
    hear(event(4, 400), { timestamp: 1000 })
    assert.deepEqual(
      keys.map((key) => key.event),
      [4, 5],
    )
  })

  test('timestamps may wrap, and begin anew with another source', () => {
    const { keys, hear } = bench()
    hear(event(6, 800, true), { timestamp: 0xffffff00 })
    hear(event(7, 800, true), { timestamp: 0x00000700 })
    hear(event(6, 800, true), { timestamp: 0xffffff00 })
    hear(event(8, 800, true), { timestamp: 0x00000100, ssrc: 99 })
    assert.deepEqual(
      keys.map((key) => key.event),
      [6, 7, 8],
    )
  })

  test('is one, though it is sent in segments (RFC 4733 §2.5.1.3)', () => {
    const { keys, hear } = bench(48000)
    hear(event(11, 0xffff), { timestamp: 5 })
    hear(event(11, 2400), { timestamp: 5 + 0xffff })
    hear(event(11, 4801, true), { timestamp: 5 + 0xffff })
    assert.deepEqual(keys, [{ event: 11, duration: Math.round((0xffff + 4801) / 48) }])
  })

  test('is no key: tones of faxes, and packets that are too short', () => {
    const { keys, hear, clock } = bench()
    hear(event(32, 800, true), { timestamp: 5 })
    hear(event(1, 800, true).subarray(0, 3), { timestamp: 6 })
    hear(Buffer.alloc(0), { timestamp: 7 })
    hear(event(1, 800, true), { timestamp: 8, contributors: 2, extension: 3 })
    assert.deepEqual(keys, [{ event: 1, duration: 100 }])
    assert.equal(clock.pending, 0)
  })

  test('is forgotten when the leg is closed', async () => {
    const { keys, hear, clock, detector } = bench()
    hear(event(1, 400), { timestamp: 5 })
    detector.close()
    assert.equal(clock.pending, 0)
    await clock.advance(1000)
    assert.deepEqual(keys, [])
  })

  test('with some packets lost, others repeated or late, still makes one report a key', async () => {
    const key = fc.record({
      code: fc.nat(16),
      // of four packets of its course and three of its end: which arrive, and how often
      arrives: fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }).filter((counts) => counts.some((n) => n > 0)),
      swap: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 8 }), fc.nat(2 ** 32 - 1), async (presses, start) => {
        const { keys, hear, clock } = bench()
        for (const [index, { code, arrives, swap }] of presses.entries()) {
          const timestamp = (start + index * 4000) >>> 0
          const packets = arrives.flatMap((count, at) =>
            Array.from({ length: count }, () => event(code, 400 * Math.min(at + 1, 5), at >= 4)),
          )
          for (const packet of swap ? packets.reverse() : packets) hear(packet, { timestamp })
        }
        await clock.advance(1000)
        assert.deepEqual(
          keys.map((one) => one.event),
          presses.map(({ code }) => code),
        )
        assert.equal(clock.pending, 0)
      }),
      { numRuns: 200 },
    )
  })
})
