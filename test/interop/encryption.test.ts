import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type LinphoneEncryption } from './peers/linphone-settings.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { answeredSuite, assertBothHeard, assertWire, talk } from './server/talk.ts'

const aliceSip = 5071
const carolSip = 5085
const aes256 = 'AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32'
const everySuite = 'AES_CM_128_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_32,AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32'

/** The domain that is called says what leg B gets. */
const rules = {
  encryptionRules: [
    'none .*@clear\\.example',
    'sdes .*@(aes128|aes256|gcm128|gcm256)\\.example',
    // nobody matches @other.example: leg A's mode
  ],
  suiteRules: [
    'AES_CM_128_HMAC_SHA1_80 .*@aes128\\.example',
    'AES_256_CM_HMAC_SHA1_80;AES_256_CM_HMAC_SHA1_32 .*@aes256\\.example',
    'AEAD_AES_128_GCM .*@gcm128\\.example',
    'AEAD_AES_256_GCM .*@gcm256\\.example',
  ],
}

// linphonec has no AEAD suites, baresip no 256-bit AES_CM: who calls whom follows from that
suite('each side of a call keeps its own encryption', { timeout: 240_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('encryption', rules)
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: aliceSip, rtpPort: 17_000, toneHz: 1000 }),
      site.baresip('carol', {
        ...{ sipPort: carolSip, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
      }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { from, suites, user, domain, legA, legB } of [
    { from: 'none', suites: everySuite, user: 'carol', domain: 'clear', legA: undefined, legB: undefined },
    { from: 'none', suites: everySuite, user: 'carol', domain: 'other', legA: undefined, legB: undefined },
    {
      from: 'none',
      suites: everySuite,
      user: 'carol-sdes',
      domain: 'aes128',
      legA: undefined,
      legB: 'AES_CM_128_HMAC_SHA1_80',
    },
    {
      from: 'srtp',
      suites: everySuite,
      user: 'carol',
      domain: 'clear',
      legA: 'AES_CM_128_HMAC_SHA1_80',
      legB: undefined,
    },
    {
      from: 'srtp',
      suites: aes256,
      user: 'carol-sdes',
      domain: 'aes128',
      legA: 'AES_256_CM_HMAC_SHA1_80',
      legB: 'AES_CM_128_HMAC_SHA1_80',
    },
    {
      from: 'srtp',
      suites: everySuite,
      user: 'carol-sdes',
      domain: 'gcm128',
      legA: 'AES_CM_128_HMAC_SHA1_80',
      legB: 'AEAD_AES_128_GCM',
    },
    {
      from: 'srtp',
      suites: aes256,
      user: 'carol-sdes',
      domain: 'gcm256',
      legA: 'AES_256_CM_HMAC_SHA1_80',
      legB: 'AEAD_AES_256_GCM',
    },
    // no suite rule: the default list, which begins with this one
    {
      from: 'srtp',
      suites: aes256,
      user: 'carol-sdes',
      domain: 'other',
      legA: 'AES_256_CM_HMAC_SHA1_80',
      legB: 'AES_CM_128_HMAC_SHA1_80',
    },
  ] satisfies {
    from: LinphoneEncryption
    suites: string
    user: string
    domain: string
    legA: string | undefined
    legB: string | undefined
  }[])
    test(`linphone ${legA ?? 'in clear'} calls baresip at ${domain}.example: ${legB ?? 'in clear'} there`, async () => {
      await alice.offer(from, suites)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(alice, carol)
      assertWire(callerMedia, legA ? 'encrypted' : 'clear')
      assertWire(calleeMedia, legB ? 'encrypted' : 'clear')
      assert.equal(answeredSuite(sip, aliceSip), legA)
      assert.equal(answeredSuite(sip, carolSip), legB)
    })

  for (const { account, domain, legA, legB } of [
    { account: 'carol', domain: 'clear', legA: undefined, legB: undefined },
    { account: 'carol', domain: 'aes128', legA: undefined, legB: 'AES_CM_128_HMAC_SHA1_80' },
    { account: 'carol-sdes', domain: 'clear', legA: 'AES_CM_128_HMAC_SHA1_80', legB: undefined },
    { account: 'carol-sdes', domain: 'aes256', legA: 'AES_CM_128_HMAC_SHA1_80', legB: 'AES_256_CM_HMAC_SHA1_80' },
  ])
    test(`baresip ${legA ?? 'in clear'} calls linphone at ${domain}.example: ${legB ?? 'in clear'} there`, async () => {
      await alice.offer('none', everySuite)
      carol.use(account)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: carol, callee: alice, folder: site.folder },
        uri: `sip:alice@${domain}.example`,
        // the callee may hang up as well
        hangup: alice,
      })
      assertBothHeard(carol, alice)
      assertWire(callerMedia, legA ? 'encrypted' : 'clear')
      assertWire(calleeMedia, legB ? 'encrypted' : 'clear')
      assert.equal(answeredSuite(sip, carolSip), legA)
      assert.equal(answeredSuite(sip, aliceSip), legB)
      assert.equal(alice.report().encryption, legB ? 'SRTP' : 'None')
    })

  test('nothing of a finished call is left, and no key of any call is in the log', async () => {
    const { counts } = await site.b2bua.holdings()
    assert.equal(counts['calls'], 0, JSON.stringify(counts))
    assert.doesNotMatch(site.b2bua.output, /inline:/)
  })
})
