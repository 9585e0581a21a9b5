import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { answeredSuite, assertBothHeard, assertWire, talk } from './server/talk.ts'

/** SIP ports. */
const ports = { alice: 5071, dave: 5075, carol: 5085 }

const aes128 = 'AES_CM_128_HMAC_SHA1_80'
const aes256 = 'AES_256_CM_HMAC_SHA1_80'

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
  let linphones: { readonly alice: Linphone; readonly dave: Linphone }
  let carol: Baresip

  before(async () => {
    site = await Site.open('encryption', rules)
    const [alice, dave, baresip] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000 }),
      site.linphone('dave', {
        ...{ sipPort: ports.dave, rtpPort: 17_020, toneHz: 1000 },
        suites: 'AES_256_CM_HMAC_SHA1_80,AES_256_CM_HMAC_SHA1_32',
      }),
      site.baresip('carol', {
        ...{ sipPort: ports.carol, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
      }),
    ])
    linphones = { alice, dave }
    carol = baresip
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  // alice offers every suite that she has, 128 bits first; dave 256 bits only
  for (const { caller, encryption, user, domain, legA, legB } of [
    { caller: 'alice', encryption: 'none', user: 'carol', domain: 'clear', legA: undefined, legB: undefined },
    { caller: 'alice', encryption: 'none', user: 'carol', domain: 'other', legA: undefined, legB: undefined },
    { caller: 'alice', encryption: 'none', user: 'carol-sdes', domain: 'aes128', legA: undefined, legB: aes128 },
    { caller: 'alice', encryption: 'srtp', user: 'carol', domain: 'clear', legA: aes128, legB: undefined },
    { caller: 'dave', encryption: 'srtp', user: 'carol-sdes', domain: 'aes128', legA: aes256, legB: aes128 },
    {
      caller: 'alice',
      encryption: 'srtp',
      user: 'carol-sdes',
      domain: 'gcm128',
      legA: aes128,
      legB: 'AEAD_AES_128_GCM',
    },
    {
      caller: 'dave',
      encryption: 'srtp',
      user: 'carol-sdes',
      domain: 'gcm256',
      legA: aes256,
      legB: 'AEAD_AES_256_GCM',
    },
    // no suite rule: the default list, which begins with 128 bits
    { caller: 'dave', encryption: 'srtp', user: 'carol-sdes', domain: 'other', legA: aes256, legB: aes128 },
  ] as const)
    test(`${caseOf(legA, legB)}linphone ${legA ?? 'in clear'} calls baresip at ${domain}.example: ${legB ?? 'in clear'} there`, async () => {
      const phone = linphones[caller]
      await phone.offer(encryption)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: phone, callee: carol, folder: site.folder },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(phone, carol)
      assertWire(callerMedia, legA ? 'encrypted' : 'clear')
      assertWire(calleeMedia, legB ? 'encrypted' : 'clear')
      assert.equal(answeredSuite(sip, ports[caller]), legA)
      assert.equal(answeredSuite(sip, ports.carol), legB)
    })

  for (const { account, domain, legA, legB } of [
    { account: 'carol', domain: 'clear', legA: undefined, legB: undefined },
    { account: 'carol', domain: 'aes128', legA: undefined, legB: aes128 },
    { account: 'carol-sdes', domain: 'clear', legA: aes128, legB: undefined },
    { account: 'carol-sdes', domain: 'aes256', legA: aes128, legB: aes256 },
  ])
    test(`${caseOf(legA, legB)}baresip ${legA ?? 'in clear'} calls linphone at ${domain}.example: ${legB ?? 'in clear'} there`, async () => {
      const { alice } = linphones
      await alice.offer('none')
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
      assert.equal(answeredSuite(sip, ports.carol), legA)
      assert.equal(answeredSuite(sip, ports.alice), legB)
      assert.equal(alice.report().encryption, legB ? 'SRTP' : 'None')
    })

  test('nothing of a finished call is left, and no key of any call is in the log', async () => {
    const { counts } = await site.b2bua.holdings()
    assert.equal(counts['calls'], 0, JSON.stringify(counts))
    assert.doesNotMatch(site.b2bua.output, /inline:/)
  })
})

/** One suite calls another: Flexisip's case 22. */
function caseOf(legA: string | undefined, legB: string | undefined): string {
  return legA !== undefined && legB !== undefined && legA !== legB ? 'case 22: ' : ''
}
