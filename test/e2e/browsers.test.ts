import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertBothHeard, end, ring } from '../interop/server/talk.ts'
import { type BrowserPhone } from './browser-phone.ts'
import { BrowserSite } from './browser-site.ts'
import { assertMediaUp, picturesDecoded } from './media-stats.ts'

suite('two pages register with passwords and call each other', { timeout: 60_000 }, () => {
  let site: BrowserSite
  let wendy: BrowserPhone
  let peter: BrowserPhone

  before(async () => {
    site = await BrowserSite.open('e2e-browsers', {
      enabled: false,
      encryptionRules: ['dtls-srtp sip:wendy.*', 'sdes sip:peter.*'],
      fallback: 'dtls-srtp sip:peter.*',
      users: ['wendy', 'peter'],
    })
    ;[wendy, peter] = await Promise.all([site.page('wendy', { toneHz: 1300 }), site.page('peter', { toneHz: 1900 })])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  test('a wrong password registers nobody', async () => {
    await assert.rejects(site.page('peter', { toneHz: 1900, password: 'of somebody else' }), /registrationFailed/)
  })

  // when this fails, the browser or the proxy is to blame, not the B2BUA
  test('past the B2BUA, which is not enabled: their media goes straight', async () => {
    await call(wendy, peter)
    const offers = await peter.descriptions('remote')
    assert.match(offers[0] ?? '', /^a=group:BUNDLE /m, 'the offer of the other page')
    await end(wendy, wendy, peter)
    assertBothHeard(wendy, peter)
  })

  for (const video of [false, true])
    test(`through the B2BUA: DTLS-SRTP on both legs, ${video ? 'audio and video' : 'audio'}`, async () => {
      site.b2bua.save({ standalone: { enabled: true } })
      await site.b2bua.logged(/diverted: every call/)
      const kinds = video ? (['audio', 'video'] as const) : (['audio'] as const)
      wendy.video = peter.video = video
      await call(peter, wendy)
      await Promise.all([assertMediaUp(wendy, kinds), assertMediaUp(peter, kinds)])
      if (video) await Promise.all([picturesDecoded(wendy, 10), picturesDecoded(peter, 10)])
      const [theirs, ours] = [await wendy.descriptions('local'), await peter.descriptions('remote')]
      assert.notEqual(fingerprintOf(theirs[0]), fingerprintOf(ours[0]), 'the certificate is the server’s')
      await end(wendy, peter, wendy)
      assertBothHeard(wendy, peter)
    })

  test('a page that is offered SDES refuses it, and is called again in DTLS-SRTP', async () => {
    wendy.video = peter.video = false
    await ring(wendy, peter, 'sip:peter@example.org')
    peter.answer()
    assert.match(await peter.ended(), /^failed/)
    await peter.incoming()
    peter.answer()
    await Promise.all([wendy.established(), peter.established()])
    await sleep(2000)
    const profiles = (await peter.descriptions('remote')).map((sdp) => /^m=audio \d+ (\S+)/m.exec(sdp)?.[1])
    assert.deepEqual(profiles, ['RTP/SAVPF', 'UDP/TLS/RTP/SAVPF'])
    await end(wendy, wendy, peter)
    assertBothHeard(wendy, peter)
  })

  async function call(caller: BrowserPhone, callee: BrowserPhone): Promise<void> {
    await ring(caller, callee, `sip:${callee.name}@example.org`)
    callee.answer()
    await Promise.all([caller.established(), callee.established()])
    await sleep(2000)
  }
})

function fingerprintOf(sdp = ''): string {
  const fingerprint = /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]
  assert.ok(fingerprint, sdp)
  return fingerprint
}
