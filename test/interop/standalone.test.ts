import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, end, ring, talk } from './server/talk.ts'

suite('no other proxy: phones register with the program itself, which diverts their calls', { timeout: 60_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('standalone', {
      standalone: { enabled: true },
      encryptionRules: ['sdes sip:carol.*', 'none sip:alice.*'],
    })
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000 }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol', encryption: 'srtp-mand' }],
      }),
    ])
  })
  after(() => site.close())

  test('linphone in clear calls baresip, which is called with SDES', async () => {
    const { callerMedia, calleeMedia } = await talk({
      ...{ caller: alice, callee: carol, uri: 'sip:carol@example.org', folder: site.folder },
      hangup: carol,
    })
    assertBothHeard(alice, carol)
    assertWire(callerMedia, 'clear')
    assertWire(calleeMedia, 'encrypted')
  })

  test('baresip with SDES calls linphone, which is called in clear', async () => {
    const { callerMedia, calleeMedia } = await talk({
      ...{ caller: carol, callee: alice, uri: 'sip:alice@example.org', folder: site.folder },
      hangup: carol,
    })
    assertBothHeard(alice, carol)
    assertWire(callerMedia, 'encrypted')
    assertWire(calleeMedia, 'clear')
  })

  test('enabled=false, saved while a call is up, holds for the next call, and the one that is up goes on', async () => {
    await ring(alice, carol, 'sip:carol@example.org')
    carol.answer()
    await Promise.all([alice.established(), carol.established()])
    site.b2bua.save({ standalone: { enabled: false } })
    await site.b2bua.logged(/no call is diverted/)
    await end(alice, alice, carol)
    // past the B2BUA baresip, which takes nothing but SRTP, is offered the caller's clear audio
    await Promise.all([alice.listen(), carol.listen()])
    alice.dial('sip:carol@example.org')
    await alice.ended()
    assert.equal(site.b2bua.output.match(/ call call=/g)?.length, 3)
  })
})
