import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CallAdmission, mostSources, type AdmissionLimits } from '../../src/b2bua/call-admission.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { talk } from '../support/b2bua/party.ts'
import { HandClock } from '../support/hand-clock.ts'

const unlimited: AdmissionLimits = { callRate: 0, callRatePerSource: 0, loopDelay: 0 }

function admission() {
  const clock = new HandClock()
  const one = new CallAdmission(clock)
  /** How many of `count` calls are taken on. */
  const taken = (
    count: number,
    limits: Partial<AdmissionLimits>,
    source: (call: number) => string = () => '192.0.2.1',
  ): number =>
    Array.from({ length: count }, (_, call) => one.refusalOf(source(call), { ...unlimited, ...limits })).filter(
      (refusal) => refusal === undefined,
    ).length
  return { clock, one, taken }
}

describe('admission', () => {
  test('takes everything on where there is no limit', () => {
    assert.equal(admission().taken(10_000, {}), 10_000)
  })

  test('of all calls: those of one second may come at once, then the rate holds', () => {
    const { clock, taken } = admission()
    const limits = { callRate: 20 }
    assert.equal(taken(100, limits), 20)
    clock.advance(100)
    assert.equal(taken(100, limits), 2)
    clock.advance(60_000)
    assert.equal(taken(100, limits), 20)
  })

  test('a limit that is lowered holds at once, and one that is raised fills up', () => {
    const { clock, taken } = admission()
    assert.equal(taken(1, { callRate: 1000 }), 1)
    assert.equal(taken(100, { callRate: 5 }), 5)
    clock.advance(1000)
    assert.equal(taken(100, { callRate: 50 }), 50)
  })

  test('of each source: who calls too often takes nothing away from others', () => {
    const { taken } = admission()
    const limits = { callRatePerSource: 3, callRate: 10 }
    assert.equal(taken(100, limits), 3)
    assert.equal(
      taken(4, limits, () => '192.0.2.2'),
      3,
    )
  })

  test('an IPv6 network of 64 bits is one source', () => {
    for (const [source, passed] of [
      [(call: number) => `2001:db8:0:7::${call.toString(16)}`, 3],
      [(call: number) => `2001:db8::7:${call.toString(16)}:0:0:1`, 3],
      [(call: number) => `2001:db8:${(call + 1).toString(16)}::1`, 100],
      [(call: number) => `fe80::${call.toString(16)}%eth0`, 3],
    ] as const)
      assert.equal(admission().taken(100, { callRatePerSource: 3 }, source), passed, source(1))
  })

  test('forged sources fill no memory', () => {
    const { taken } = admission()
    const forged = (call: number): string => `10.${call >> 16}.${(call >> 8) & 255}.${call & 255}`
    assert.equal(taken(3 * mostSources, { callRatePerSource: 1 }, forged), 3 * mostSources)
    // those that came last are still known
    assert.equal(
      taken(10, { callRatePerSource: 1 }, (call) => forged(3 * mostSources - 1 - call)),
      0,
    )
  })

  test('refuses while the event loop is late, as long as there are calls to be served', () => {
    const { clock, one, taken } = admission()
    const limits = { loopDelay: 250 }
    one.watch()
    one.watch()
    clock.advance(1000)
    assert.equal(taken(1, limits), 1)
    clock.stall(400)
    assert.equal(taken(1, limits), 1, 'after one pause, which is over')
    clock.stall(400)
    assert.equal(taken(1, limits), 0)
    assert.equal(taken(1, {}), 1, 'unless it may be as late as it likes')
    clock.advance(100)
    assert.equal(taken(1, limits), 1)
    clock.stall(400)
    clock.stall(400)
    one.unwatch()
    assert.equal(taken(1, limits), 1)
    assert.equal(clock.pending, 0)
  })

  test('says when to come again, not the same to all', () => {
    const { one } = admission()
    const told = Array.from(
      { length: 100 },
      () => one.refusalOf('192.0.2.1', { ...unlimited, callRate: 0.5 })?.retryAfter,
    )
    assert.ok(told.every((seconds) => seconds! >= 1 && seconds! <= 10))
    assert.ok(new Set(told).size > 1)
  })
})

test('a call beyond the rate is told 503 and when to try again; what belongs to a call is not counted', () =>
  onSite({ settings: { admission: { ...unlimited, callRatePerSource: 1 } } }, async (site) => {
    const { a, b } = await talk(site)
    const { response } = await site.a
      .call('sip:bob@sip.example.org', site.uri, { body: clearAudio(40002) })
      .failed.next('503')
    assert.equal(response?.status, 503)
    assert.match(response.headers.get('Retry-After')!, /^([1-9]|10)$/)
    assert.match(response.headers.get('Reason')!, /cause=42/)
    assert.equal(site.transactions.counts().server, 1, 'of the call; nothing waits for an ACK')
    a.session.bye()
    await b.heard.bye.next('BYE')
    await site.ended.next('end')
  }))
