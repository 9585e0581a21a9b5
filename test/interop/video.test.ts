import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { answeredSuite, assertBothHeard, assertVideoWire, assertWire, talk, type Talk } from './server/talk.ts'

const ports = { alice: 5071, carol: 5085 }

// linphone sends a still picture and baresip a test picture, both VP8; baresip decodes what it gets
suite('audio and video cross together', { timeout: 120_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('video', {
      encryptionRules: ['none .*@clear\\.example', 'sdes .*@(sdes|aes256|gcm256)\\.example'],
      suiteRules: ['AES_256_CM_HMAC_SHA1_80 .*@aes256\\.example', 'AEAD_AES_256_GCM .*@gcm256\\.example'],
    })
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, video: true }),
      site.baresip('carol', {
        ...{ sipPort: ports.carol, rtpPort: 18_000, controlPort: 4441, toneHz: 1700, video: true },
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
    test(`case 26: linphone calls baresip, leg A ${legA}, leg B ${legB}: VP8 and no other codec`, async () => {
      await alice.offer(encryption)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder, talk: 3000 },
        uri: `sip:${user}@${domain}.example`,
      })
      assertVp8Only(sip)
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
    test(`case 26: baresip calls linphone, leg A ${legA}, leg B ${legB}: VP8 and no other codec`, async () => {
      await alice.offer('none')
      carol.use(account)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: carol, callee: alice, folder: site.folder, talk: 3000 },
        uri: `sip:alice@${domain}.example`,
      })
      assertVp8Only(sip)
      assertBothHeard(carol, alice)
      assertPicturesArrived(alice, carol)
      assertWire(callerMedia, legA)
      assertVideoWire(callerMedia, legA)
      assertWire(calleeMedia, legB)
      assertVideoWire(calleeMedia, legB)
    })

  test('case 22: SDES with 128 bits calls AES-GCM with 256, audio and video', async () => {
    await alice.offer('srtp')
    const { sip, callerMedia, calleeMedia } = await talk({
      ...{ caller: alice, callee: carol, folder: site.folder, talk: 2500 },
      uri: 'sip:carol-sdes@gcm256.example',
    })
    assertAllEncrypted(callerMedia, calleeMedia)
    assert.equal(answeredSuite(sip, ports.alice), 'AES_CM_128_HMAC_SHA1_80')
    assert.equal(answeredSuite(sip, ports.carol), 'AEAD_AES_256_GCM')
  })

  test('case 22: SDES with 128 bits calls SDES with 256, audio and video', async () => {
    await alice.offer('none')
    carol.use('carol-sdes')
    const { sip, callerMedia, calleeMedia } = await talk({
      ...{ caller: carol, callee: alice, folder: site.folder, talk: 2500 },
      uri: 'sip:alice@aes256.example',
    })
    assertAllEncrypted(callerMedia, calleeMedia)
    assert.equal(answeredSuite(sip, ports.carol), 'AES_CM_128_HMAC_SHA1_80')
    assert.equal(answeredSuite(sip, ports.alice), 'AES_256_CM_HMAC_SHA1_80')
  })

  function assertAllEncrypted(...legs: readonly Talk['callerMedia'][]): void {
    assertBothHeard(alice, carol)
    assertPicturesArrived(alice, carol)
    for (const media of legs) {
      assertWire(media, 'encrypted')
      assertVideoWire(media, 'encrypted')
    }
  }
})

/** Both phones have VP8 only, and this server adds nothing. */
function assertVp8Only(sip: Talk['sip']): void {
  const bodies = sip.map(({ body }) => body.split(/^m=video /m)[1]).filter((video) => video !== undefined)
  assert.ok(bodies.length >= 4, 'offer and answer of both legs')
  for (const video of bodies) {
    const codecs = [...video.matchAll(/^a=rtpmap:\d+ ([^/]+)/gm)].map(([, codec]) => codec)
    assert.deepEqual(codecs, ['VP8'], video)
  }
}

function assertPicturesArrived(alice: Linphone, carol: Baresip): void {
  assert.ok(alice.videoReceived() >= 10, `linphone got ${alice.videoReceived()} packets of video`)
  const { packets, errors } = carol.videoReceived()
  assert.ok(packets >= 10 && errors === 0, `baresip got ${packets} packets of video, ${errors} errors`)
}
