import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { sipMessages, type TracedMessage } from './peers/sip-trace.ts'
import { front, FrontSite } from './server/front-site.ts'
import { assertBothHeard, audioDirection, captured, end, requestsTo, ring, talk } from './server/talk.ts'

const aliceSip = 5071
/** Where the B2BUA listens. */
const b2buaPort = 6067
const transports = ['udp', 'tcp', 'tls'] as const

/** The INVITEs of dialogs that begin, at the B2BUA. */
function atB2bua(sip: readonly TracedMessage[]): TracedMessage[] {
  return requestsTo(sip, b2buaPort, 'INVITE')
}

suite('phones behind --server proxy, which stands before Kamailio', { timeout: 180_000 }, () => {
  let site: FrontSite
  let alice: Linphone
  let bob: Baresip
  let carol: Baresip

  before(async () => {
    site = await FrontSite.open('front-phones')
    const accounts = (name: string) => transports.map((one) => ({ name: `${name}-${one}`, proxy: front[one] }))
    ;[alice, bob, carol] = await Promise.all([
      site.linphone('alice', { sipPort: aliceSip, rtpPort: 17_000, toneHz: 1000 }),
      site.baresip('bob', {
        ...{ sipPort: 5081, rtpPort: 18_020, controlPort: 4442, toneHz: 2300, accounts: accounts('bob') },
      }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700, accounts: accounts('carol') },
      }),
    ])
  })
  after(async () => {
    assert.deepEqual(await site.close(), [0, 0], 'both servers stop with status 0')
  })

  for (const enabled of [true, false])
    for (const [from, to] of [
      ['udp', 'udp'],
      ['tcp', 'tcp'],
      ['tls', 'tls'],
      ['udp', 'tls'],
      ['tls', 'tcp'],
      ['tcp', 'udp'],
    ] as const)
      test(`${from} calls ${to} ${enabled ? 'through' : 'past'} the B2BUA`, async () => {
        await site.save({ enabled })
        bob.use(`bob-${from}`)
        const there = await talk({
          ...{ caller: bob, callee: carol, folder: site.folder, talk: 1400, hangup: carol },
          uri: `sip:carol-${to}@example.org`,
        })
        assertBothHeard(bob, carol)
        assert.equal(atB2bua(there.sip).length, enabled ? 1 : 0)
      })

  test('linphone and baresip call each other, and both may hang up', async () => {
    await site.save({ enabled: true })
    carol.use('carol-tls')
    const { sip } = await talk({
      ...{ caller: carol, callee: alice, folder: site.folder, talk: 1400, hangup: alice },
      uri: 'sip:alice@example.org',
    })
    assertBothHeard(carol, alice)
    assert.equal(atB2bua(sip).length, 1)
    await talk({
      ...{ caller: alice, callee: carol, folder: site.folder, talk: 1400 },
      uri: 'sip:carol-tcp@example.org',
    })
    assertBothHeard(alice, carol)
  })

  for (const enabled of [true, false])
    test(`hold and resume from both sides, ${enabled ? 'through' : 'past'} the B2BUA`, async () => {
      await site.save({ enabled })
      const file = await captured(site.folder, async () => {
        await ring(carol, alice, 'sip:alice@example.org')
        alice.answer()
        await Promise.all([alice.established(), carol.established()])
        // the call that is up stays as it is
        await site.save({ enabled: !enabled })
        await sleep(500)
        carol.hold()
        await sleep(800)
        carol.resume()
        await sleep(800)
        alice.hold()
        await alice.held()
        await end(alice, carol, alice)
      })
      const sip = sipMessages(file)
      const offers = requestsTo(sip, aliceSip, 'INVITE').map(({ body }) => audioDirection(body))
      assert.deepEqual(offers, ['sendrecv', 'sendonly', 'sendrecv'])
      assert.equal(atB2bua(sip).length > 0, enabled)
      bob.use('bob-tcp')
      const next = await talk({
        ...{ caller: bob, callee: carol, folder: site.folder, talk: 300 },
        uri: 'sip:carol-udp@example.org',
      })
      assert.equal(atB2bua(next.sip).length, enabled ? 0 : 1, 'the next call follows the file')
    })
})
