import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { allocateCounters, Cell, counterCells, readCounters, SourceCell } from '../../src/media/leg-counters.ts'
import { type LegCounters, type SourceCounters } from '../../src/media/session-counters.ts'
import { SourceStatistics } from '../../src/media/source-statistics.ts'
import { inBuffer, rtpPacket, type RtpOptions } from '../support/media/packets.ts'

/** The statistics of a leg, and what they say. */
class Leg {
  readonly #cells = counterCells(allocateCounters(), 'b')
  readonly statistics = new SourceStatistics(this.#cells)
  get counters(): LegCounters {
    return readCounters(this.#cells)
  }

  /** What is said of the source that was heard last. */
  get latest(): SourceCounters {
    return this.counters.sources.at(-1)!
  }

  /** @param later milliseconds after the packet before */
  receive(options: RtpOptions, later = 20): void {
    const packet = inBuffer(rtpPacket(options))
    this.#cells[Cell.lastReceivedAt]! += later
    this.statistics.count(packet, packet.length)
  }

  receiveAll(sequences: readonly number[], ssrc = 7): this {
    for (const sequence of sequences) this.receive({ sequence: sequence & 0xffff, ssrc })
    return this
  }
}

const told = ({ packets, lost, late, duplicates }: SourceCounters): number[] => [packets, lost, late, duplicates]

describe('lost, late and repeated packets', () => {
  for (const [name, sequences, expected] of [
    ['none of it', [5, 6, 7, 8], [4, 0, 0, 0]],
    ['a gap', [5, 9], [2, 3, 0, 0]],
    ['a gap that is filled late', [5, 7, 6, 8], [4, 0, 1, 0]],
    ['repeated at once, and later', [5, 5, 6, 7, 6], [5, 0, 0, 2]],
    ['late and repeated', [5, 8, 6, 6], [4, 1, 1, 1]],
    ['before the first', [10, 8, 11], [3, 1, 1, 0]],
    ['over the end of the numbers', [65534, 65535, 0, 1], [4, 0, 0, 0]],
    ['a gap over the end', [65534, 2], [2, 3, 0, 0]],
    ['late over the end', [65534, 0, 65535], [3, 0, 1, 0]],
    ['a beginning anew', [100, 101, 40_000, 40_001, 40_002], [5, 0, 0, 0]],
    ['one with a number from nowhere', [100, 101, 40_000, 102], [4, 0, 0, 0]],
    ['a beginning anew, backwards', [40_000, 40_001, 100, 101, 103], [5, 1, 0, 0]],
    ['the longest gap', [0, 2999], [2, 2998, 0, 0]],
  ] as const) {
    test(name, () => {
      const leg = new Leg().receiveAll(sequences)
      assert.deepEqual(told(leg.latest), expected)
      const { lost, late, duplicates } = leg.counters
      assert.deepEqual([lost, late, duplicates], expected.slice(1))
    })
  }

  test('whatever the network does within its bounds: lost is what is missing between the lowest and the highest', () => {
    const order = fc.record({
      first: fc.integer({ min: 0, max: 65535 }),
      // each packet: how often it comes, and how much later than its turn
      fates: fc.array(fc.record({ copies: fc.nat(2), delay: fc.nat(30) }), { minLength: 1, maxLength: 300 }),
    })
    fc.assert(
      fc.property(order, ({ first, fates }) => {
        const arrivals = fates
          .flatMap(({ copies, delay }, number) =>
            Array.from({ length: copies }, (_, copy) => ({ number, at: number + delay * (copy + 1) })),
          )
          .sort((x, y) => x.at - y.at)
          .map(({ number }) => number)
        if (arrivals.length === 0) return
        const leg = new Leg().receiveAll(arrivals.map((number) => first + number))
        const different = new Set(arrivals)
        const late = [...different].filter((number) => {
          const at = arrivals.indexOf(number)
          return arrivals.slice(0, at).some((earlier) => earlier > number)
        })
        const lost = Math.max(...different) - Math.min(...different) + 1 - different.size
        const duplicates = arrivals.length - different.size
        assert.deepEqual(told(leg.latest), [arrivals.length, lost, late.length, duplicates])
      }),
    )
  })
})

describe('jitter', () => {
  test('is none where packets come as their timestamps say', () => {
    const leg = new Leg()
    for (let sequence = 0; sequence < 100; sequence++) leg.receive({ sequence })
    assert.equal(leg.latest.jitter, 0)
  })

  test('is a sixteenth of each deviation, in milliseconds of the payload’s clock', () => {
    const leg = new Leg()
    leg.statistics.describe([{ payloadType: 96, clockRate: 48_000 }])
    const opus = { payloadType: 96, marker: true }
    leg.receive({ ...opus, sequence: 1, timestamp: 2 ** 32 - 960 })
    leg.receive({ ...opus, sequence: 2, timestamp: 0 }, 36)
    assert.equal(leg.latest.jitter, 1)
    leg.receive({ ...opus, sequence: 3, timestamp: 960 }, 4)
    assert.equal(leg.latest.jitter, 1 + 15 / 16)
    leg.statistics.describe()
    leg.receive({ ...opus, sequence: 4, timestamp: 1920 }, 20)
    leg.receive({ ...opus, sequence: 5, timestamp: 2080 }, 20)
    assert.equal(leg.latest.jitter, (31 / 16) * (15 / 16), 'another clock begins anew')
  })

  test('counts a video frame, and a key, once; late packets not at all; nor a pause that the timestamps do not know', () => {
    const leg = new Leg()
    for (let frame = 0; frame < 10; frame++) {
      for (let part = 0; part < 3; part++)
        leg.receive({ sequence: 3 * frame + part, timestamp: frame * 320 }, part === 0 ? 20 : 10)
    }
    leg.receive({ sequence: 25, timestamp: 0 }, 500)
    assert.equal(leg.latest.jitter, 0)
    leg.receive({ sequence: 30, timestamp: 3200 }, 5_541)
    assert.equal(leg.latest.jitter, 0)
  })
})

describe('sources', () => {
  test('have figures each, at most four at a time: those not heard for the longest time go, the leg’s sums stay', () => {
    const leg = new Leg()
    for (let ssrc = 0; ssrc < 6; ssrc++) leg.receiveAll([1, 3, 3 + ssrc + 1], ssrc === 5 ? 0xffffffff : ssrc)
    leg.receiveAll([9], 3)
    const { sources, lost } = leg.counters
    assert.deepEqual(
      sources.map(({ ssrc, packets, lost }) => [ssrc, packets, lost]),
      [
        [2, 3, 3],
        [4, 3, 5],
        [0xffffffff, 3, 6],
        [3, 4, 1 + 3 + 1],
      ],
    )
    assert.equal(lost, 1 + 2 + 3 + (1 + 3 + 1) + 5 + 6)
    leg.receiveAll([1, 2], 0)
    assert.deepEqual(told(leg.latest), [2, 0, 0, 0], 'one that was forgotten begins anew')
  })

  test('refused packets count for a source that is known, and make none', () => {
    const leg = new Leg()
    const forged = inBuffer(rtpPacket({ ssrc: 0 }))
    leg.statistics.refuse(forged, SourceCell.authenticationFailures)
    assert.deepEqual(leg.counters.sources, [])
    leg.receiveAll([1, 2], 0)
    leg.statistics.refuse(forged, SourceCell.authenticationFailures)
    leg.statistics.refuse(forged, SourceCell.replays)
    const { packets, bytes, authenticationFailures, replays, lastReceivedAt } = leg.latest
    assert.deepEqual([packets, bytes, authenticationFailures, replays, lastReceivedAt], [2, 2 * 21, 1, 1, 40])
  })
})
