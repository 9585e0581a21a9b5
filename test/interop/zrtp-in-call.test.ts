import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Linphone } from './peers/linphone.ts'
import { agreedKeys, assertSameSas } from './server/agreed-keys.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, audioDirection, captured, end, requestsTo, ring, seen } from './server/talk.ts'

const ports = { alice: 5071, bob: 5075 }

suite('ZRTP from call to call, and within one', { timeout: 120_000 }, () => {
  let site: Site
  let phones: Readonly<Record<'alice' | 'bob', Linphone>>

  before(async () => {
    site = await Site.open('zrtp-in-call', { encryptionRules: ['zrtp .*'] })
    const [alice, bob] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, encryption: 'zrtp' }),
      site.linphone('bob', { sipPort: ports.bob, rtpPort: 17_020, toneHz: 2300, encryption: 'zrtp' }),
    ])
    phones = { alice, bob }
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  // linphone keeps what it retains by whom it calls: each test counts on those before it
  test('the first call of two phones: no secrets are retained yet', async () => {
    assert.deepEqual(await cacheOfCall(), ['new', 'new'])
  })

  test('the second call of the same two: the secrets of the first match on both legs', async () => {
    assert.deepEqual(await cacheOfCall(), ['matched', 'matched'])
  })

  test('after a restart the secrets match still', async () => {
    assert.equal(await site.restartB2bua(), 0)
    assert.deepEqual(await cacheOfCall(), ['matched', 'matched'])
  })

  for (const [holder, other] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const)
    test(`hold and resume by the ${holder === 'alice' ? 'caller' : 'callee'}: both are heard again, by the same keys`, async () => {
      const { alice, bob } = phones
      const logged = site.b2bua.output.length
      const before = { alice: 0, bob: 0 }
      let resumed = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, 'sip:bob@example.org')
        bob.answer()
        await Promise.all([alice.established(), bob.established()])
        await sleep(1200)
        phones[holder].hold()
        await phones[holder].held()
        await sleep(1000)
        before.alice = alice.heard(bob.toneHz).seconds
        before.bob = bob.heard(alice.toneHz).seconds
        phones[holder].resume()
        await phones[holder].established()
        resumed = Date.now() / 1000
        await sleep(1800)
        await end(alice, alice, bob)
      })
      const offers = requestsTo(seen(file, alice, bob).sip, ports[other], 'INVITE')
      const directions = offers.map(({ body }) => audioDirection(body))
      assert.deepEqual(directions, [...(holder === 'alice' ? ['sendrecv'] : []), 'sendonly', 'sendrecv'])
      for (const [phone, tone, from] of [
        [alice, bob.toneHz, before.alice],
        [bob, alice.toneHz, before.bob],
      ] as const) {
        const heard = phone.heard(tone, from)
        assert.ok(
          heard.longestMs >= 1000,
          `${phone.name} after the resume, from ${from} s on: ${JSON.stringify(heard)}`,
        )
      }
      const { callerMedia, calleeMedia } = seen(file, alice, bob, resumed)
      assertWire(callerMedia, 'encrypted')
      assertWire(calleeMedia, 'encrypted')
      const log = site.b2bua.output.slice(logged)
      assertSameSas(log, 'a', alice)
      assertSameSas(log, 'b', bob)
      assert.equal(agreedKeys(log).length, 2, 'one exchange for each leg')
    })

  test('a server that keeps its secrets in memory has none after a restart: phones tell their users, and the call runs', async () => {
    assert.equal(await site.restartB2bua(['--set', 'b2bua/zrtp-cache=memory']), 0)
    assert.deepEqual(await cacheOfCall(), ['new', 'new'])
    for (const phone of [phones.alice, phones.bob]) await phone.logged(/Zrtp Event dispatched : cache mismatch/)
  })

  test('a phone that found a mismatch keeps its old secret until its user has compared the string', async () => {
    const { alice, bob } = phones
    const compared = cacheOfCall(async () => {
      await Promise.all([alice.verifyAuthToken(), bob.verifyAuthToken()])
    })
    assert.deepEqual(await compared, ['mismatch', 'mismatch'])
    assert.deepEqual(await cacheOfCall(), ['matched', 'matched'])
  })

  /**
   * Places a call, and says of leg A and leg B how the retained secrets met.
   *
   * @param meanwhile is done before it ends
   */
  async function cacheOfCall(meanwhile?: () => Promise<void>): Promise<readonly (string | undefined)[]> {
    const { alice, bob } = phones
    const logged = site.b2bua.output.length
    const file = await captured(site.folder, async () => {
      await ring(alice, bob, 'sip:bob@example.org')
      bob.answer()
      await Promise.all([alice.established(), bob.established()])
      await sleep(1600)
      await meanwhile?.()
      await end(alice, alice, bob)
    })
    const { callerMedia, calleeMedia } = seen(file, alice, bob)
    assertBothHeard(alice, bob)
    assertWire(callerMedia, 'encrypted')
    assertWire(calleeMedia, 'encrypted')
    const log = site.b2bua.output.slice(logged)
    return [assertSameSas(log, 'a', alice), assertSameSas(log, 'b', bob)].map(({ cache }) => cache)
  }
})
