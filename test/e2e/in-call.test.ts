import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from '../interop/peers/baresip.ts'
import { type Linphone } from '../interop/peers/linphone.ts'
import { type Phone } from '../interop/peers/phone.ts'
import { assertBothHeard, audioDirection, end, ring } from '../interop/server/talk.ts'
import { type BrowserPhone } from './browser-phone.ts'
import { BrowserSite } from './browser-site.ts'
import { assertMediaUp, packetsOf, picturesDecoded } from './media-stats.ts'

suite('what happens in a call of a browser', { timeout: 120_000 }, () => {
  let site: BrowserSite
  let wendy: BrowserPhone
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await BrowserSite.open('e2e-in-call', {
      users: ['wendy', 'alice', 'carol'],
      encryptionRules: ['dtls-srtp sip:wendy.*', 'none sip:alice.*', 'sdes sip:carol.*'],
    })
    ;[wendy, alice, carol] = await Promise.all([
      site.page('wendy', { toneHz: 1300 }),
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, video: 'on demand' }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol', encryption: 'srtp-mandf' }],
      }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  const phones = { linphone: () => alice, baresip: () => carol } as const
  for (const [name, phoneOf] of Object.entries(phones)) {
    test(`it holds and resumes a call to ${name}, with the keys as they were`, async () => {
      const phone = phoneOf()
      const keys = keysAgreed()
      await call(wendy, phone, 700)
      wendy.hold()
      await wendy.happened('hold local')
      await silent('received')
      wendy.resume()
      await wendy.happened('unhold local')
      await flows(wendy)
      await sleep(1500)
      await assertMediaUp(wendy, ['audio'])
      const answers = (await wendy.descriptions('remote')).map((sdp) => audioDirection(sdp))
      assert.deepEqual(answers, ['sendrecv', 'recvonly', 'sendrecv'])
      assert.equal(keysAgreed() - keys, 1, 'one handshake, of the one stream')
      await end(phone, wendy, phone)
      assertHeardAfter(phone)
    })

    test(`${name} holds and resumes a call of it`, async () => {
      const phone = phoneOf()
      await call(phone, wendy, 700)
      phone.hold()
      await wendy.happened('hold remote')
      await silent('sent')
      phone.resume()
      await wendy.happened('unhold remote')
      await flows(wendy)
      await sleep(1500)
      await assertMediaUp(wendy, ['audio'])
      await end(wendy, phone, wendy)
      assertHeardAfter(phone)
    })
  }

  // a handshake for each stream of the page, and those of linphone, which has RTCP apart
  for (const [offers, handshakes] of [
    ['none', 1],
    ['srtp', 1],
    ['dtls', 3],
    ['zrtp', 2],
  ] as const)
    test(`case 25: video is added to a call of linphone (${offers}), taken away, and added again: the keys of the audio stay`, async () => {
      await alice.offer(offers)
      const keys = keysAgreed()
      await call(alice, wendy)
      await wendy.addVideo()
      await sleep(1000)
      await picturesDecoded(wendy, 2)
      await assertMediaUp(wendy, ['audio', 'video'])
      assert.equal(keysAgreed() - keys, 2 * handshakes, 'for each stream')
      await wendy.removeVideo()
      await flows(wendy)
      await assertMediaUp(wendy, ['audio'])
      assert.equal(keysAgreed() - keys, 2 * handshakes)
      await wendy.addVideo()
      await sleep(1000)
      await picturesDecoded(wendy, 1)
      assert.equal(keysAgreed() - keys, 2 * handshakes + 1, 'the page makes a new one, linphone goes on with its own')
      await end(alice, wendy, alice)
      assertBothHeard(wendy, alice)
      assert.ok(alice.videoReceived() > 0, 'linphone got pictures')
    })

  test('linphone adds video to a call, which a page without a camera sees', async () => {
    await alice.offer('none')
    await call(alice, wendy)
    alice.addVideo()
    await alice.established()
    await picturesDecoded(wendy, 1)
    await end(wendy, alice, wendy)
    assertBothHeard(alice, wendy)
  })

  test('it checks for 12 s that the server is still there, then begins ICE anew: the keys stay', async () => {
    const keys = keysAgreed()
    await call(wendy, alice, 12_000)
    const [pair] = (await wendy.stats()).filter(({ type, nominated }) => type === 'candidate-pair' && nominated)
    assert.ok(Number(pair?.['consentRequestsSent']) >= 3, JSON.stringify(pair))
    await wendy.restartIce()
    const [before, after] = (await wendy.descriptions('remote')).map((sdp) => /^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1])
    assert.ok(before !== undefined && after !== undefined && before !== after, 'credentials are new')
    await sleep(1000)
    await flows(wendy)
    await assertMediaUp(wendy, ['audio'])
    assert.equal(keysAgreed() - keys, 1)
    await end(wendy, wendy, alice)
    assertBothHeard(wendy, alice)
  })

  test('it cancels a call that rings, and declines one', async () => {
    await ring(wendy, carol, 'sip:carol@example.org')
    await end(wendy, wendy, carol)
    await ring(carol, wendy, 'sip:wendy@example.org')
    await end(wendy, carol, wendy)
  })

  test('its page is loaded again in a call: the phone can hang up, and the next call finds the new page', async () => {
    await call(carol, wendy)
    await wendy.reload()
    carol.hangup()
    await carol.ended()
    await call(carol, wendy)
    await assertMediaUp(wendy, ['audio'])
    await end(carol, carol, wendy)
    assertBothHeard(carol, wendy)
    const left = await site.b2bua.holdingsWhen(({ counts }) => counts['calls'] === 0, 10_000)
    assert.equal(left.counts['calls'], 0, JSON.stringify(left.counts))
  })

  async function call(caller: Phone, callee: Phone, talk = 1200): Promise<void> {
    await ring(caller, callee, `sip:${callee.name}@example.org`)
    callee.answer()
    await Promise.all([caller.established(), callee.established()])
    await sleep(talk)
  }

  /** How many handshakes have given keys since the server started. */
  function keysAgreed(): number {
    return site.b2bua.output.match(/ media keys agreed /g)?.length ?? 0
  }

  /** The one that is held sends nothing (the one that holds may: music). */
  async function silent(way: 'sent' | 'received'): Promise<void> {
    await sleep(500)
    const before = packetsOf(await wendy.stats(), 'audio')[way]
    await sleep(500)
    const more = packetsOf(await wendy.stats(), 'audio')[way] - before
    assert.ok(more <= 2, `${more} packets ${way} while on hold`)
  }

  /** Packets of audio go both ways again. */
  async function flows(phone: BrowserPhone): Promise<void> {
    const before = packetsOf(await phone.stats(), 'audio')
    await sleep(1000)
    const now = packetsOf(await phone.stats(), 'audio')
    const gained = JSON.stringify([now.sent - before.sent, now.received - before.received])
    assert.ok(now.sent - before.sent > 20 && now.received - before.received > 20, `packets in a second: ${gained}`)
  }

  /**
   * Each side heard the other for longer than the call was up before the hold. Of baresip, which stops recording at a hold, it
   * is known only that it got packets.
   */
  function assertHeardAfter(phone: Phone): void {
    const [theirs, ours] = [phone.heard(wendy.toneHz), wendy.heard(phone.toneHz)]
    assert.ok(ours.longestMs >= 1000 && ours.other <= 5, `wendy heard ${JSON.stringify(ours)}`)
    const wanted = phone === carol ? 300 : 1000
    assert.ok(theirs.longestMs >= wanted && theirs.other <= 5, `${phone.name} heard ${JSON.stringify(theirs)}`)
  }
})
