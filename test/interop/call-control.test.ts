import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { type Phone } from './peers/phone.ts'
import { Site } from './server/site.ts'
import {
  assertBothHeard,
  assertWire,
  audioDirection,
  captured,
  end,
  finalStatus,
  requestsTo,
  ring,
  seen,
  talk,
} from './server/talk.ts'

const aliceSip = 5071
const bobSip = 5075
const carolSip = 5085

/** Three phones: bob sends early media while he rings. */
interface Phones {
  readonly alice: Linphone
  readonly bob: Linphone
  readonly carol: Baresip
}

async function threePhones(site: Site): Promise<Phones> {
  const [alice, bob, carol] = await Promise.all([
    site.linphone('alice', { sipPort: aliceSip, rtpPort: 17_000, toneHz: 1000 }),
    site.linphone('bob', { sipPort: bobSip, rtpPort: 17_020, toneHz: 2300, earlyMedia: true }),
    site.baresip('carol', {
      ...{ sipPort: carolSip, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
      accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
    }),
  ])
  return { alice, bob, carol }
}

suite('what phones do in a call crosses from leg to leg', { timeout: 240_000 }, () => {
  let site: Site
  let phones: Phones

  before(async () => {
    site = await Site.open('call-control', {
      encryptionRules: ['none .*@clear\\.example', 'sdes .*@sdes\\.example', 'dtls-srtp .*@dtls\\.example'],
    })
    phones = await threePhones(site)
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { encryption, domain, legA, legB } of [
    { encryption: 'srtp', domain: 'clear', legA: 'encrypted', legB: 'clear' },
    { encryption: 'none', domain: 'sdes', legA: 'clear', legB: 'encrypted' },
    { encryption: 'dtls', domain: 'clear', legA: 'encrypted', legB: 'clear' },
    { encryption: 'srtp', domain: 'dtls', legA: 'encrypted', legB: 'encrypted' },
    { encryption: 'dtls', domain: 'dtls', legA: 'encrypted', legB: 'encrypted' },
  ] as const)
    test(`hold and resume by linphone, ${encryption} to ${domain}: both are heard again`, async () => {
      const { alice, bob } = phones
      await alice.offer(encryption)
      const before = { alice: 0, bob: 0 }
      const logged = site.b2bua.output.length
      let resumed = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, `sip:bob@${domain}.example`)
        bob.answer()
        await Promise.all([alice.established(), bob.established()])
        await sleep(1500)
        alice.hold()
        await alice.held()
        await sleep(1500)
        before.alice = alice.heard(bob.toneHz).seconds
        before.bob = bob.heard(alice.toneHz).seconds
        alice.resume()
        await alice.established()
        resumed = Date.now() / 1000
        await sleep(2000)
        await end(alice, alice, bob)
      })
      const { sip, callerMedia, calleeMedia } = seen(file, alice, bob, resumed)
      const offers = requestsTo(sip, bobSip, 'INVITE').map(({ body }) => audioDirection(body))
      assert.deepEqual(offers, ['sendrecv', 'sendonly', 'sendrecv'])
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
      assertWire(callerMedia, legA)
      assertWire(calleeMedia, legB)
      // the association of the first offer carries the whole call
      const keyed = site.b2bua.output.slice(logged).match(/ media keys agreed /g)?.length ?? 0
      assert.equal(keyed, [encryption, domain].filter((one) => one === 'dtls').length * 2, 'RTP and RTCP, once')
    })

  test('hold and resume by baresip: the far end hears silence, then the tone again', async () => {
    const { alice, carol } = phones
    await alice.offer('none')
    carol.use('carol')
    let resumed = 0
    const file = await captured(site.folder, async () => {
      await ring(carol, alice, 'sip:alice@sdes.example')
      alice.answer()
      await Promise.all([alice.established(), carol.established()])
      await sleep(1500)
      carol.hold()
      await sleep(1500)
      carol.resume()
      await sleep(500)
      resumed = Date.now() / 1000
      await sleep(1500)
      await end(carol, carol, alice)
    })
    const { sip, callerMedia, calleeMedia } = seen(file, carol, alice, resumed)
    const offers = requestsTo(sip, aliceSip, 'INVITE').map(({ body }) => audioDirection(body))
    assert.deepEqual(offers, ['sendrecv', 'sendonly', 'sendrecv'])
    // baresip records nothing after a resume: what it sends and gets is read from the wire of its own clear leg
    assertWire(callerMedia, 'clear')
    assertWire(calleeMedia, 'encrypted')
    const heard = alice.heard(carol.toneHz)
    assert.ok(heard.tone >= 25 && heard.silent >= 5, JSON.stringify(heard))
  })

  for (const { encryption, domain } of [
    { encryption: 'none', domain: 'sdes' },
    { encryption: 'srtp', domain: 'clear' },
    { encryption: 'dtls', domain: 'dtls' },
  ] as const)
    test(`early media: the tone is heard before the answer, from ${encryption} to ${domain}`, async () => {
      const { alice, bob } = phones
      await alice.offer(encryption)
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, `sip:bob@${domain}.example`)
        await sleep(2500)
        await end(alice, alice, bob)
      })
      const { sip, callerMedia } = seen(file, alice, bob)
      assert.equal(finalStatus(sip, aliceSip), 487)
      assertWire(callerMedia, encryption === 'none' ? 'clear' : 'encrypted')
      assertBothHeard(alice, bob)
    })

  test('early media to baresip, then an answer: the media goes on', async () => {
    const { bob, carol } = phones
    carol.use('carol-sdes')
    const file = await captured(site.folder, async () => {
      await ring(carol, bob, 'sip:bob@clear.example')
      await sleep(1500)
      bob.answer()
      await Promise.all([carol.established(), bob.established()])
      await sleep(1500)
      await end(bob, carol, bob)
    })
    const { callerMedia, calleeMedia } = seen(file, carol, bob)
    assertBothHeard(carol, bob)
    assert.ok(carol.heard(bob.toneHz).longestMs >= 2500, 'without a break')
    assertWire(callerMedia, 'encrypted')
    assertWire(calleeMedia, 'clear')
  })

  test('the caller cancels: the callee stops ringing and the caller gets 487', async () => {
    const { alice, carol } = phones
    await alice.offer('none')
    const file = await captured(site.folder, async () => {
      await ring(alice, carol, 'sip:carol@clear.example')
      await sleep(500)
      await end(alice, alice, carol)
    })
    const { sip } = seen(file, alice, carol)
    assert.equal(requestsTo(sip, carolSip, 'CANCEL').length, 1)
    assert.equal(finalStatus(sip, aliceSip), 487)
  })

  test('a busy callee: 486 reaches the caller', async () => {
    const { alice, carol } = phones
    await alice.offer('none')
    const file = await captured(site.folder, async () => {
      await ring(alice, carol, 'sip:carol@clear.example')
      await end(carol, alice, carol)
    })
    assert.equal(finalStatus(seen(file, alice, carol).sip, aliceSip), 486)
  })

  test('a callee that declines: 603 reaches the caller', async () => {
    const { alice, carol } = phones
    carol.use('carol')
    const file = await captured(site.folder, async () => {
      await ring(carol, alice, 'sip:alice@clear.example')
      await end(alice, carol, alice)
    })
    assert.equal(finalStatus(seen(file, carol, alice).sip, carolSip), 603)
  })

  test('a callee that does not take the encryption of the rule: 488 reaches the caller', async () => {
    const { alice, carol } = phones
    await alice.offer('none')
    assert.equal(await refusal(site, alice, 'sip:carol-sdes@clear.example'), 488)
    assert.ok(carol)
  })

  test('an unknown callee: 404 reaches the caller', async () => {
    await phones.alice.offer('none')
    assert.equal(await refusal(site, phones.alice, 'sip:nobody@clear.example'), 404)
  })

  test('the callee hangs up: the caller hears of it', async () => {
    const { alice, carol } = phones
    await alice.offer('srtp')
    const { sip } = await talk({
      ...{ caller: alice, callee: carol, hangup: carol, folder: site.folder, talk: 500 },
      uri: 'sip:carol@clear.example',
    })
    assert.equal(requestsTo(sip, aliceSip, 'BYE').length, 1)
  })

  test('nothing of these calls is left', async () => {
    const { counts } = await site.b2bua.holdingsWhen(
      ({ counts: { calls, dialogs } }) => calls === 0 && dialogs === 0,
      10_000,
    )
    assert.deepEqual({ calls: counts['calls'], dialogs: counts['dialogs'] }, { calls: 0, dialogs: 0 })
  })
})

suite('a proxy that writes ;lr into its diverting Route', { timeout: 60_000 }, () => {
  test('is served as one that does not', async () => {
    const site = await Site.open('loose-route', { looseRoute: true, encryptionRules: ['sdes .*@sdes\\.example'] })
    try {
      const { alice, carol } = await threePhones(site)
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder },
        uri: 'sip:carol-sdes@sdes.example',
      })
      assertBothHeard(alice, carol)
      assertWire(callerMedia, 'clear')
      assertWire(calleeMedia, 'encrypted')
    } finally {
      await site.close()
    }
  })
})

/** Dials somebody who cannot be reached. @returns the status that the caller got */
async function refusal(site: Site, caller: Phone, uri: string): Promise<number | undefined> {
  const file = await captured(site.folder, async () => {
    await caller.listen()
    caller.dial(uri)
    await caller.ended()
  })
  return finalStatus(seen(file, caller, caller).sip, aliceSip)
}
