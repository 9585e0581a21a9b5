import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { type LinphoneEncryption } from './peers/linphone-settings.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, talk } from './server/talk.ts'

const encryptionRules = [
  'none .*@clear\\.example',
  'sdes .*@sdes\\.example',
  'dtls-srtp .*@dtls\\.example',
  'zrtp .*@zrtp\\.example',
]

suite('ZRTP on either side', { timeout: 240_000 }, () => {
  let site: Site
  let alice: Linphone
  let bob: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('zrtp', { encryptionRules })
    ;[alice, bob, carol] = await Promise.all([
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, encryption: 'zrtp' }),
      site.linphone('bob', { sipPort: 5075, rtpPort: 17_020, toneHz: 2300, encryption: 'zrtp' }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [
          { name: 'carol' },
          { name: 'carol-sdes', encryption: 'srtp-mand' },
          { name: 'carol-dtls', encryption: 'dtls_srtp' },
        ],
      }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { user, domain } of [
    { user: 'carol', domain: 'clear' },
    { user: 'carol-sdes', domain: 'sdes' },
    { user: 'carol-dtls', domain: 'dtls' },
  ] as const)
    test(`linphone in ZRTP calls baresip (${user})`, async () => {
      await alice.offer('zrtp')
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: carol, folder: site.folder, talk: 2500 },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(alice, carol)
      assertWire(callerMedia, 'encrypted')
      assertWire(calleeMedia, domain === 'clear' ? 'clear' : 'encrypted')
    })

  for (const offers of ['none', 'srtp', 'dtls', 'zrtp'] as readonly LinphoneEncryption[])
    test(`linphone (${offers}) calls linphone in ZRTP`, async () => {
      await alice.offer(offers)
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: alice, callee: bob, folder: site.folder, talk: 2500 },
        uri: 'sip:bob@zrtp.example',
      })
      assertBothHeard(alice, bob)
      assertWire(callerMedia, offers === 'none' ? 'clear' : 'encrypted')
      assertWire(calleeMedia, 'encrypted')
    })
})
