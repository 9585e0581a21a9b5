import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { type LinphoneEncryption } from './peers/linphone-settings.ts'
import { Site } from './server/site.ts'
import { answerAt, answeredProfile, answeredSuite, assertBothHeard, assertWire, talk } from './server/talk.ts'

const ports = { alice: 5071, bob: 5075, dave: 5079, carol: 5085 }

/** The domain that is called says what leg B gets. */
const encryptionRules = [
  'none .*@clear\\.example',
  'sdes .*@(sdes|gcm|aes256)\\.example',
  'dtls-srtp .*@dtls\\.example',
]
const suiteRules = ['AES_256_CM_HMAC_SHA1_80 .*@aes256\\.example', 'AEAD_AES_128_GCM .*@gcm\\.example']

const dtls = 'UDP/TLS/RTP/SAVP'

suite('DTLS-SRTP on either side', { timeout: 240_000 }, () => {
  let site: Site
  let alice: Linphone
  /** Has SDES of 256 bits only. */
  let bob: Linphone
  /** Offers all that it has, each in a configuration of its own (RFC 5939). */
  let dave: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('dtls', { encryptionRules, suiteRules })
    ;[alice, bob, dave, carol] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, encryption: 'dtls' }),
      site.linphone('bob', {
        ...{ sipPort: ports.bob, rtpPort: 17_020, toneHz: 2300, encryption: 'srtp' },
        suites: 'AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32',
      }),
      site.linphone('dave', {
        ...{ sipPort: ports.dave, rtpPort: 17_040, toneHz: 2700, encryption: 'srtp', capabilities: true },
      }),
      site.baresip('carol', {
        ...{ sipPort: ports.carol, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [
          { name: 'carol' },
          { name: 'carol-sdes', encryption: 'srtp-mand' },
          { name: 'carol-dtls', encryption: 'dtls_srtp' },
          { name: 'carol-dtls-mux', encryption: 'dtls_srtp', rtcpMux: true },
        ],
      }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  const rows: readonly {
    readonly offers: LinphoneEncryption
    readonly user: string
    readonly domain: string
    readonly legA: string
    readonly legB: string
  }[] = [
    { offers: 'dtls', user: 'carol', domain: 'clear', legA: dtls, legB: 'RTP/AVP' },
    { offers: 'dtls', user: 'carol-sdes', domain: 'sdes', legA: dtls, legB: 'RTP/SAVP' },
    { offers: 'dtls', user: 'carol-sdes', domain: 'gcm', legA: dtls, legB: 'RTP/SAVP' },
    { offers: 'dtls', user: 'carol-dtls', domain: 'other', legA: dtls, legB: dtls },
    { offers: 'none', user: 'carol-dtls', domain: 'dtls', legA: 'RTP/AVP', legB: dtls },
    { offers: 'srtp', user: 'carol-dtls-mux', domain: 'dtls', legA: 'RTP/SAVP', legB: dtls },
  ]
  for (const { offers, user, domain, legA, legB } of rows)
    test(`linphone in ${legA} calls baresip in ${legB} (${user}@${domain})`, async () => {
      await alice.offer(offers)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(alice, carol)
      assertWire(callerMedia, legA === 'RTP/AVP' ? 'clear' : 'encrypted')
      assertWire(calleeMedia, legB === 'RTP/AVP' ? 'clear' : 'encrypted')
      assert.equal(answeredProfile(sip, ports.alice), legA)
      assert.equal(answeredProfile(sip, ports.carol), legB)
    })

  for (const { account, domain, takes, legA, legB } of [
    { account: 'carol', domain: 'dtls', takes: 'dtls', legA: 'RTP/AVP', legB: dtls },
    { account: 'carol-sdes', domain: 'dtls', takes: 'dtls', legA: 'RTP/SAVP', legB: dtls },
    { account: 'carol-dtls', domain: 'clear', takes: 'none', legA: `${dtls}F`, legB: 'RTP/AVPF' },
    { account: 'carol-dtls-mux', domain: 'sdes', takes: 'srtp', legA: `${dtls}F`, legB: 'RTP/SAVPF' },
    { account: 'carol-dtls', domain: 'other', takes: 'dtls', legA: `${dtls}F`, legB: `${dtls}F` },
  ] as const)
    test(`baresip in ${legA} (${account}) calls linphone in ${legB}`, async () => {
      await alice.offer(takes)
      carol.use(account)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: carol, callee: alice, folder: site.folder },
        uri: `sip:alice@${domain}.example`,
        hangup: alice,
      })
      assertBothHeard(carol, alice)
      assertWire(callerMedia, legA === 'RTP/AVP' ? 'clear' : 'encrypted')
      assertWire(calleeMedia, legB.startsWith('RTP/AVP') ? 'clear' : 'encrypted')
      assert.equal(answeredProfile(sip, ports.carol), legA)
      assert.equal(answeredProfile(sip, ports.alice), legB)
    })

  for (const [caller, callee, user, domain] of [
    ['alice', 'bob', 'bob', 'aes256'],
    ['bob', 'alice', 'alice', 'dtls'],
  ] as const)
    test(`case 21: SDES with 256 bits and DTLS-SRTP: ${caller} calls ${callee}`, async () => {
      const phones = { alice, bob }
      await alice.offer('dtls')
      await bob.offer('srtp')
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: phones[caller], callee: phones[callee], folder: site.folder },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(phones[caller], phones[callee])
      assertWire(callerMedia, 'encrypted')
      assertWire(calleeMedia, 'encrypted')
      assert.equal(answeredSuite(sip, ports.bob), 'AES_256_CM_HMAC_SHA1_80')
    })

  for (const offers of ['srtp', 'dtls', 'none'] as const)
    test(`of all the configurations that linphone offers beside ${offers}, the strongest is taken: ZRTP`, async () => {
      await dave.offer(offers)
      const { sip, callerMedia } = await talk({
        ...{ caller: dave, callee: carol, folder: site.folder, talk: 2500 },
        uri: 'sip:carol@clear.example',
      })
      assertBothHeard(dave, carol)
      assertWire(callerMedia, 'encrypted')
      assert.equal(answeredProfile(sip, ports.dave), 'RTP/AVP')
      // linphone then offers the configuration alone, in a re-INVITE, whose answer names none
      assert.ok(sip.some(({ status, body }) => status === 200 && /^a=acfg:3 /m.test(body)))
      assert.match(answerAt(sip, ports.dave), /^a=zrtp-hash:1\.10 /m)
    })
})
