import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { type Phone } from './peers/phone.ts'
import { Site } from './server/site.ts'
import { assertWire, captured, requestsTo, ring, seen } from './server/talk.ts'

const ports = { alice: 5071, bob: 5075, dave: 5079, carol: 5085 }

const modes = ['none', 'srtp', 'dtls', 'zrtp'] as const
type Mode = (typeof modes)[number]
const names = { none: 'none', srtp: 'SDES', dtls: 'DTLS', zrtp: 'ZRTP' } as const

suite('transfers by phones, in every mode that they have', { timeout: 200_000 }, () => {
  let site: Site
  let alice: Linphone
  let bob: Linphone
  let dave: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('transfer')
    ;[alice, bob, dave, carol] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000 }),
      site.linphone('bob', { sipPort: ports.bob, rtpPort: 17_020, toneHz: 2300 }),
      site.linphone('dave', { sipPort: ports.dave, rtpPort: 17_040, toneHz: 2700 }),
      site.baresip('carol', {
        ...{ sipPort: ports.carol, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
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

  for (const mode of modes) {
    test(`blind, ${names[mode]} on every leg`, async () => {
      await Promise.all([alice, bob, dave].map((phone) => phone.offer(mode)))
      let since = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, 'sip:bob@other.example')
        bob.answer()
        await Promise.all([alice.established(), bob.established()])
        await sleep(300)
        await dave.listen()
        alice.transfer('sip:dave@other.example')
        await dave.incoming()
        dave.answer()
        await Promise.all([dave.established(), bob.established(), alice.transferred()])
        await alice.hangupAll()
        since = Date.now() / 1000
        await sleep(2000)
        await bob.hangupAll()
        await dave.ended()
      })
      assertTransferred(file, mode, ports.alice, bob, dave, since)
    })

    test(`attended, ${names[mode]} on every leg`, async () => {
      await Promise.all([alice, bob, dave].map((phone) => phone.offer(mode)))
      let since = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, bob, 'sip:bob@other.example')
        bob.answer()
        await Promise.all([alice.established(), bob.established()])
        await sleep(300)
        alice.hold()
        await Promise.all([alice.held(), dave.listen()])
        alice.dial('sip:dave@other.example')
        await dave.incoming()
        dave.answer()
        await Promise.all([alice.established(), dave.established()])
        await sleep(500)
        alice.connectBoth()
        await Promise.all([dave.replaced(), bob.established(), alice.transferred()])
        await alice.hangupAll()
        since = Date.now() / 1000
        await sleep(2000)
        await bob.hangupAll()
        await dave.hangupAll()
      })
      assertTransferred(file, mode, ports.alice, bob, dave, since)
    })
  }

  test('blind to somebody who declines: 603 is told, and the call is taken back', async () => {
    await Promise.all([alice, bob, dave].map((phone) => phone.offer('srtp')))
    let since = 0
    const file = await captured(site.folder, async () => {
      await ring(alice, bob, 'sip:bob@other.example')
      bob.answer()
      await Promise.all([alice.established(), bob.established()])
      await sleep(300)
      await dave.listen()
      alice.transfer('sip:dave@other.example')
      await dave.incoming()
      await sleep(500)
      dave.hangup()
      // the other linphone resumes the call by itself
      await Promise.all([dave.ended(), alice.established()])
      await sleep(300)
      since = Date.now() / 1000
      await sleep(1500)
      await alice.hangupAll()
      await bob.hangupAll()
    })
    const { sip, callerMedia, calleeMedia } = seen(file, alice, bob, since)
    assert.match(requestsTo(sip, ports.alice, 'NOTIFY').at(-1)?.body ?? '', /^SIP\/2\.0 603 /)
    assertWire(callerMedia, 'encrypted')
    assertWire(calleeMedia, 'encrypted')
  })

  for (const { account, mode } of [
    { account: 'carol', mode: 'none' },
    { account: 'carol-sdes', mode: 'srtp' },
    { account: 'carol-dtls', mode: 'dtls' },
  ] as const) {
    test(`blind by baresip, ${names[mode]} on every leg`, async () => {
      await Promise.all([bob, dave].map((phone) => phone.offer(mode)))
      carol.use(account)
      let since = 0
      const file = await captured(site.folder, async () => {
        await ring(carol, bob, 'sip:bob@other.example')
        bob.answer()
        await Promise.all([carol.established(), bob.established()])
        await sleep(300)
        await dave.listen()
        carol.transfer('sip:dave@other.example')
        await dave.incoming()
        dave.answer()
        await Promise.all([dave.established(), bob.established(), carol.ended()])
        since = Date.now() / 1000
        await sleep(2000)
        await bob.hangupAll()
        await dave.ended()
      })
      assertTransferred(file, mode, ports.carol, bob, dave, since)
    })

    test(`blind, of a baresip, ${names[mode]} on every leg`, async () => {
      await Promise.all([alice, dave].map((phone) => phone.offer(mode)))
      let since = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, carol, `sip:${account}@other.example`)
        carol.answer()
        await Promise.all([alice.established(), carol.established()])
        await sleep(300)
        await dave.listen()
        alice.transfer('sip:dave@other.example')
        await dave.incoming()
        dave.answer()
        await Promise.all([dave.established(), alice.transferred()])
        await alice.hangupAll()
        since = Date.now() / 1000
        await sleep(2000)
        dave.hangup()
        await Promise.all([dave.ended(), carol.ended()])
      })
      assertTransferred(file, mode, ports.alice, carol, dave, since)
    })
  }
})

/**
 * Who has transferred was told of the success, and the others hear each other, encrypted or not as the mode says.
 *
 * @param transferor its SIP port
 * @param since when the transfer was done, in seconds since 1970
 */
function assertTransferred(
  file: string,
  mode: Mode,
  transferor: number,
  caller: Phone,
  callee: Phone,
  since: number,
): void {
  const { sip, callerMedia, calleeMedia } = seen(file, caller, callee, since)
  assert.match(requestsTo(sip, transferor, 'NOTIFY').at(-1)?.body ?? '', /^SIP\/2\.0 200 /)
  for (const media of [callerMedia, calleeMedia]) assertWire(media, mode === 'none' ? 'clear' : 'encrypted')
  for (const [phone, other] of [
    [caller, callee],
    [callee, caller],
  ] as const) {
    const heard = phone.heard(other.toneHz)
    // of two seconds; where a recording goes on from call to call, the tone of the first one is in it too
    assert.ok(heard.tone >= 8, `${phone.name} heard ${JSON.stringify(heard)}`)
  }
}
