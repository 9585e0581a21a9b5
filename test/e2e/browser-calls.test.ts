import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Baresip } from '../interop/peers/baresip.ts'
import { Linphone } from '../interop/peers/linphone.ts'
import { type Phone } from '../interop/peers/phone.ts'
import { assertSameSas } from '../interop/server/agreed-keys.ts'
import {
  assertBothHeard,
  assertVideoWire,
  assertWire,
  assertZrtpVideo,
  captured,
  end,
  ring,
  seen,
  type Talk,
} from '../interop/server/talk.ts'
import { type BrowserPhone } from './browser-phone.ts'
import { BrowserSite } from './browser-site.ts'
import { assertMediaUp, picturesDecoded, type Kind } from './media-stats.ts'

suite('a browser calls and is called by phones, through the proxy and the B2BUA', { timeout: 120_000 }, () => {
  let site: BrowserSite
  let wendy: BrowserPhone
  let phones: Readonly<Record<'alice' | 'bob' | 'carol' | 'dave' | 'zoe' | 'zeno', Phone>>

  before(async () => {
    site = await BrowserSite.open('e2e-calls', {
      users: ['wendy', 'alice', 'bob', 'carol', 'dave', 'zoe', 'zeno'],
      encryptionRules: ['dtls-srtp sip:wendy.*', 'none sip:(alice|bob).*', 'sdes sip:(carol|dave).*', 'zrtp sip:z.*'],
    })
    const [page, alice, bob, carol, dave, zoe, zeno] = await Promise.all([
      site.page('wendy', { toneHz: 1300 }),
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000 }),
      site.linphone('bob', { sipPort: 5075, rtpPort: 17_020, toneHz: 1000, video: true }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol', encryption: 'srtp-mandf' }],
      }),
      site.baresip('dave', {
        ...{ sipPort: 5089, rtpPort: 18_020, controlPort: 4442, toneHz: 1700, video: true },
        accounts: [{ name: 'dave', encryption: 'srtp-mandf' }],
      }),
      site.linphone('zoe', { sipPort: 5077, rtpPort: 17_040, toneHz: 1000, encryption: 'zrtp' }),
      site.linphone('zeno', { sipPort: 5079, rtpPort: 17_060, toneHz: 1000, encryption: 'zrtp', video: true }),
    ])
    wendy = page
    phones = { alice, bob, carol, dave, zoe, zeno }
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { name, program, kinds, wire } of [
    { name: 'alice', program: 'linphone', kinds: ['audio'], wire: 'clear' },
    { name: 'carol', program: 'baresip', kinds: ['audio'], wire: 'encrypted' },
    { name: 'bob', program: 'linphone', kinds: ['audio', 'video'], wire: 'clear' },
    { name: 'dave', program: 'baresip', kinds: ['audio', 'video'], wire: 'encrypted' },
    { name: 'zoe', program: 'linphone', kinds: ['audio'], wire: 'in ZRTP' },
    { name: 'zeno', program: 'linphone', kinds: ['audio', 'video'], wire: 'in ZRTP' },
  ] as const) {
    test(`it calls ${program}, whose leg is ${wire}: ${kinds.join(' and ')}`, async () => {
      const phone = phones[name]
      const logged = site.b2bua.output.length
      const { callerMedia, calleeMedia } = await talkWith({ caller: wendy, callee: phone, kinds, hangup: phone })
      assertLegs(kinds, { browser: callerMedia, phone: calleeMedia, wire }, phone)
      if (wire === 'in ZRTP') assertSameSas(site.b2bua.output.slice(logged), 'b', phone)
    })

    test(`${program} calls it, from a leg that is ${wire}: ${kinds.join(' and ')}`, async () => {
      const phone = phones[name]
      const logged = site.b2bua.output.length
      const { callerMedia, calleeMedia } = await talkWith({ caller: phone, callee: wendy, kinds, hangup: wendy })
      assertLegs(kinds, { browser: calleeMedia, phone: callerMedia, wire }, phone)
      if (wire === 'in ZRTP') assertSameSas(site.b2bua.output.slice(logged), 'a', phone)
    })
  }

  /** Sets a call up, lets both talk and look at each other, and hangs up. */
  async function talkWith(options: {
    readonly caller: Phone
    readonly callee: Phone
    readonly kinds: readonly Kind[]
    readonly hangup: Phone
  }): Promise<Talk> {
    const { caller, callee, kinds, hangup } = options
    wendy.video = kinds.includes('video')
    const file = await captured(site.folder, async () => {
      await ring(caller, callee, `sip:${callee.name}@example.org`)
      callee.answer()
      await Promise.all([caller.established(), callee.established()])
      await sleep(2500)
      await assertMediaUp(wendy, kinds)
      if (wendy.video) await picturesDecoded(wendy, 2)
      await end(hangup, caller, callee)
    })
    assertBothHeard(caller, callee)
    if (wendy.video) assertPicturesArrived(caller === wendy ? callee : caller)
    return seen(file, caller, callee)
  }
})

/** The phone got the browser's pictures, and could decode them if it does that at all. */
function assertPicturesArrived(phone: Phone): void {
  if (phone instanceof Linphone) {
    assert.ok(phone.videoReceived() >= 10, `linphone got ${phone.videoReceived()} packets of video`)
  } else if (phone instanceof Baresip) {
    const { packets, errors } = phone.videoReceived()
    assert.ok(packets >= 10 && errors === 0, `baresip got ${packets} packets of video, ${errors} errors`)
  }
}

function assertLegs(
  kinds: readonly Kind[],
  legs: {
    readonly browser: Talk['callerMedia']
    readonly phone: Talk['callerMedia']
    readonly wire: 'clear' | 'encrypted' | 'in ZRTP'
  },
  phone: Phone,
): void {
  const wire = legs.wire === 'clear' ? 'clear' : 'encrypted'
  assertWire(legs.browser, 'encrypted')
  assertWire(legs.phone, wire)
  if (!kinds.includes('video')) return
  assertVideoWire(legs.browser, 'encrypted')
  if (legs.wire === 'in ZRTP') assertZrtpVideo(legs.phone, phone)
  else assertVideoWire(legs.phone, wire)
}
