import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertVideoWire, assertWire, captured, end, requestsTo, ring, seen } from './server/talk.ts'

const ports = { alice: 5071, bob: 5075 }

// two linphones: the only phone of these that adds video to a call
suite('video is added to a call', { timeout: 120_000 }, () => {
  let site: Site
  let alice: Linphone
  let bob: Linphone

  before(async () => {
    site = await Site.open('video-added', {
      encryptionRules: ['none .*@clear\\.example', 'sdes .*@sdes\\.example', 'dtls-srtp .*@dtls\\.example'],
    })
    ;[alice, bob] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, video: 'on demand' }),
      site.linphone('bob', { sipPort: ports.bob, rtpPort: 17_020, toneHz: 2300, video: 'on demand' }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { encryption, domain, legA, legB } of [
    { encryption: 'dtls', domain: 'clear', legA: 'encrypted', legB: 'clear' },
    { encryption: 'srtp', domain: 'dtls', legA: 'encrypted', legB: 'encrypted' },
    { encryption: 'dtls', domain: 'dtls', legA: 'encrypted', legB: 'encrypted' },
    { encryption: 'none', domain: 'sdes', legA: 'clear', legB: 'encrypted' },
  ] as const)
    test(`${encryption} to ${domain}: keys and roles of the audio stay`, async () => {
      await alice.offer(encryption)
      let added = 0
      const logged = site.b2bua.output.length
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, `sip:bob@${domain}.example`)
        bob.answer()
        await Promise.all([alice.established(), bob.established()])
        await sleep(1200)
        alice.addVideo()
        await alice.established()
        added = Date.now() / 1000
        await sleep(2000)
        await end(bob, alice, bob)
      })
      const offers = requestsTo(seen(file, alice, bob).sip, ports.bob, 'INVITE').map(({ body }) =>
        [...body.matchAll(/^m=video (\d+)/gm)].map(([, port]) => port !== '0'),
      )
      assert.deepEqual(offers, [[], [true]])
      const withVideo = seen(file, alice, bob, added)
      assertVideoWire(withVideo.callerMedia, legA)
      assertVideoWire(withVideo.calleeMedia, legB)
      assertWire(withVideo.callerMedia, legA)
      assertWire(withVideo.calleeMedia, legB)
      assertBothHeard(alice, bob)
      // RTP and RTCP of audio once, and those of the video once
      const keyed = site.b2bua.output.slice(logged).match(/ media keys agreed /g)?.length ?? 0
      assert.equal(keyed, [encryption, domain].filter((one) => one === 'dtls').length * 4)
    })
})
