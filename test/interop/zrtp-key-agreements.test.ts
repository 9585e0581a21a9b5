import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Linphone } from './peers/linphone.ts'
import { type LinphoneKeyAgreement } from './peers/linphone-settings.ts'
import { assertSameSas } from './server/agreed-keys.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, talk } from './server/talk.ts'

// linphonec cannot change this setting while it runs: each agreement has a phone, and they call each other round
suite('ZRTP with each key agreement of linphone, as caller and as callee', { timeout: 120_000 }, () => {
  let site: Site
  let phones: Readonly<Record<LinphoneKeyAgreement, Linphone>>

  before(async () => {
    site = await Site.open('zrtp-key-agreements', { encryptionRules: ['zrtp .*'] })
    const [DH3k, X255, X448] = await Promise.all([
      phone('DH3k', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000 }),
      phone('X255', { sipPort: 5075, rtpPort: 17_020, toneHz: 2300 }),
      phone('X448', { sipPort: 5079, rtpPort: 17_040, toneHz: 1700 }),
    ])
    phones = { DH3k, X255, X448 }
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const [first, second] of [
    ['DH3k', 'X255'],
    ['X255', 'X448'],
    ['X448', 'DH3k'],
  ] as const)
    test(`${first} calls ${second}: each leg has its phone's, and the SAS that the phone shows`, async () => {
      const [caller, callee] = [phones[first], phones[second]]
      const logged = site.b2bua.output.length
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller, callee, uri: `sip:${callee.name}@example.org`, folder: site.folder },
      })
      assertBothHeard(caller, callee)
      assertWire(callerMedia, 'encrypted')
      assertWire(calleeMedia, 'encrypted')
      const log = site.b2bua.output.slice(logged)
      assert.equal(assertSameSas(log, 'a', caller).algorithms[0], first)
      assert.equal(assertSameSas(log, 'b', callee).algorithms[0], second)
    })

  function phone(
    keyAgreement: LinphoneKeyAgreement,
    options: { readonly sipPort: number; readonly rtpPort: number; readonly toneHz: number },
  ): Promise<Linphone> {
    return site.linphone(keyAgreement.toLowerCase(), { ...options, keyAgreement, encryption: 'zrtp' })
  }
})
