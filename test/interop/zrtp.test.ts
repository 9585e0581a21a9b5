import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { type Phone } from './peers/phone.ts'
import { assertSameSas } from './server/agreed-keys.ts'
import { Site } from './server/site.ts'
import {
  answeredProfile,
  answeredSuite,
  assertBothHeard,
  assertVideoWire,
  assertWire,
  assertZrtpVideo,
  talk,
  type Talk,
} from './server/talk.ts'

const ports = { alice: 5071, vera: 5073, bob: 5075, carol: 5085, victor: 5089 }

/** The domain that is called says what leg B gets. */
const encryptionRules = [
  'none .*@clear\\.example',
  'sdes .*@(aes|gcm)\\d+\\.example',
  'dtls-srtp .*@dtls\\.example',
  'zrtp .*@zrtp\\.example',
]
const suiteRules = [
  'AES_CM_128_HMAC_SHA1_80 .*@aes128\\.example',
  'AES_256_CM_HMAC_SHA1_80 .*@aes256\\.example',
  'AEAD_AES_128_GCM .*@gcm128\\.example',
  'AEAD_AES_256_GCM .*@gcm256\\.example',
]

const aes128 = 'AES_CM_128_HMAC_SHA1_80'
const aes256 = 'AES_256_CM_HMAC_SHA1_80'

// two linphones in every mode: matrix.test.ts
suite('ZRTP on one side, each suite of SDES and DTLS-SRTP on the other', { timeout: 240_000 }, () => {
  let site: Site
  /** alice and vera speak ZRTP, vera with video. */
  let phones: Readonly<Record<'alice' | 'vera' | 'bob', Linphone> & Record<'carol' | 'victor', Baresip>>

  before(async () => {
    site = await Site.open('zrtp', { encryptionRules, suiteRules })
    const [alice, vera, bob, carol, victor] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, encryption: 'zrtp' }),
      site.linphone('vera', { sipPort: ports.vera, rtpPort: 17_020, toneHz: 1000, encryption: 'zrtp', video: true }),
      site.linphone('bob', {
        ...{ sipPort: ports.bob, rtpPort: 17_040, toneHz: 2300, encryption: 'srtp', video: true },
        suites: 'AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32',
      }),
      baresip('carol', { rtpPort: 18_000, controlPort: 4441, video: false }),
      baresip('victor', { rtpPort: 18_020, controlPort: 4442, video: true }),
    ])
    phones = { alice, vera, bob, carol, victor }
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const video of [false, true]) {
    const kinds = video ? 'audio and video' : 'audio'
    const zrtp = video ? 'vera' : 'alice'
    const other = video ? 'victor' : 'carol'
    for (const { callee, account, domain, suite } of [
      { callee: other, account: other, domain: 'clear', suite: undefined },
      { callee: other, account: `${other}-sdes`, domain: 'aes128', suite: aes128 },
      { callee: 'bob', account: 'bob', domain: 'aes256', suite: aes256 },
      { callee: other, account: `${other}-sdes`, domain: 'gcm128', suite: 'AEAD_AES_128_GCM' },
      { callee: other, account: `${other}-sdes`, domain: 'gcm256', suite: 'AEAD_AES_256_GCM' },
      { callee: other, account: `${other}-dtls`, domain: 'dtls', suite: undefined },
    ] as const)
      test(`${caseOf(suite, domain)}ZRTP calls ${domain}: ${kinds}`, async () => {
        const [caller, phone] = [phones[zrtp], phones[callee]]
        const logged = site.b2bua.output.length
        const { sip, callerMedia, calleeMedia } = await talk({
          ...{ caller, callee: phone, folder: site.folder, talk: video ? 2500 : 1600 },
          uri: `sip:${account}@${domain}.example`,
        })
        assertSameSas(site.b2bua.output.slice(logged), 'a', caller)
        const wire = domain === 'clear' ? 'clear' : 'encrypted'
        assertMedia({ zrtp: callerMedia, other: calleeMedia, wire, video }, caller, phone)
        assert.equal(answeredSuite(sip, ports[callee]), suite)
        if (domain === 'dtls') assert.equal(answeredProfile(sip, ports[callee]), 'UDP/TLS/RTP/SAVP')
      })

    // no phone of these offers GCM alone
    for (const { caller, account, suite } of [
      { caller: other, account: `${other}-sdes`, suite: aes128 },
      { caller: 'bob', account: undefined, suite: aes256 },
      { caller: other, account: `${other}-dtls`, suite: undefined },
    ] as const)
      test(`${caseOf(suite, 'dtls')}${suite ?? 'DTLS-SRTP'} calls ZRTP: ${kinds}`, async () => {
        const [phone, callee] = [phones[caller], phones[zrtp]]
        if (account !== undefined) phones[other].use(account)
        const logged = site.b2bua.output.length
        const { sip, callerMedia, calleeMedia } = await talk({
          ...{ caller: phone, callee, folder: site.folder, talk: video ? 2500 : 1600 },
          uri: `sip:${zrtp}@zrtp.example`,
          hangup: callee,
        })
        assertSameSas(site.b2bua.output.slice(logged), 'b', callee)
        assertMedia({ zrtp: calleeMedia, other: callerMedia, wire: 'encrypted', video }, callee, phone)
        assert.equal(answeredSuite(sip, ports[caller]), suite)
      })
  }

  function baresip(
    name: 'carol' | 'victor',
    options: { readonly rtpPort: number; readonly controlPort: number; readonly video: boolean },
  ): Promise<Baresip> {
    const accounts = [
      { name },
      { name: `${name}-sdes`, encryption: 'srtp-mand' },
      { name: `${name}-dtls`, encryption: 'dtls_srtp' },
    ] as const
    return site.baresip(name, { ...options, sipPort: ports[name], toneHz: 1700, accounts })
  }

  function assertMedia(
    legs: {
      readonly zrtp: Talk['callerMedia']
      readonly other: Talk['callerMedia']
      readonly wire: 'clear' | 'encrypted'
      readonly video: boolean
    },
    phone: Linphone,
    other: Phone,
  ): void {
    assertBothHeard(phone, other)
    assertWire(legs.zrtp, 'encrypted')
    assertWire(legs.other, legs.wire)
    if (!legs.video) return
    assertZrtpVideo(legs.zrtp, phone)
    assertVideoWire(legs.other, legs.wire)
    if (other !== phones.victor) return
    assert.ok(phone.videoReceived() >= 10, `linphone got ${phone.videoReceived()} packets of video`)
    const { packets, errors } = phones.victor.videoReceived()
    assert.ok(packets >= 2 && errors === 0, `baresip got ${packets} packets of video, ${errors} errors`)
  }
})

/** Flexisip's own: 20 is SDES and ZRTP, 23 DTLS-SRTP and ZRTP. */
function caseOf(suite: string | undefined, domain: string): string {
  return suite !== undefined ? 'case 20: ' : domain === 'dtls' ? 'case 23: ' : ''
}
