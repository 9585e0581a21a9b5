import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertVideoWire, assertWire, talk } from './server/talk.ts'

// linphone sends a still picture and baresip a test picture, both VP8; baresip decodes what it gets
suite('audio and video cross together', { timeout: 120_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('video', { encryptionRules: ['none .*@clear\\.example', 'sdes .*@sdes\\.example'] })
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, video: true }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700, video: true },
        accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
      }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { encryption, user, domain, legA, legB } of [
    { encryption: 'none', user: 'carol', domain: 'clear', legA: 'clear', legB: 'clear' },
    { encryption: 'none', user: 'carol-sdes', domain: 'sdes', legA: 'clear', legB: 'encrypted' },
    { encryption: 'srtp', user: 'carol', domain: 'clear', legA: 'encrypted', legB: 'clear' },
  ] as const)
    test(`linphone calls baresip, leg A ${legA}, leg B ${legB}`, async () => {
      await alice.offer(encryption)
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder, talk: 3000 },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(alice, carol)
      assertPicturesArrived(alice, carol)
      assertWire(callerMedia, legA)
      assertVideoWire(callerMedia, legA)
      assertWire(calleeMedia, legB)
      assertVideoWire(calleeMedia, legB)
    })

  for (const { account, domain, legA, legB } of [
    { account: 'carol-sdes', domain: 'clear', legA: 'encrypted', legB: 'clear' },
    { account: 'carol', domain: 'sdes', legA: 'clear', legB: 'encrypted' },
  ] as const)
    test(`baresip calls linphone, leg A ${legA}, leg B ${legB}`, async () => {
      await alice.offer('none')
      carol.use(account)
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: carol, callee: alice, folder: site.folder, talk: 3000 },
        uri: `sip:alice@${domain}.example`,
      })
      assertBothHeard(carol, alice)
      assertPicturesArrived(alice, carol)
      assertWire(callerMedia, legA)
      assertVideoWire(callerMedia, legA)
      assertWire(calleeMedia, legB)
      assertVideoWire(calleeMedia, legB)
    })
})

function assertPicturesArrived(alice: Linphone, carol: Baresip): void {
  assert.ok(alice.videoReceived() >= 10, `linphone got ${alice.videoReceived()} packets of video`)
  const { packets, errors } = carol.videoReceived()
  assert.ok(packets >= 10 && errors === 0, `baresip got ${packets} packets of video, ${errors} errors`)
}
