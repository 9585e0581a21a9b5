import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { type Baresip } from '../interop/peers/baresip.ts'
import { type Linphone } from '../interop/peers/linphone.ts'
import { type MediaFlow, mediaFlows } from '../interop/peers/media-flows.ts'
import { type Phone } from '../interop/peers/phone.ts'
import { Site } from '../interop/server/site.ts'
import { assertVideoWire, assertWire, captured } from '../interop/server/talk.ts'
import { Browser } from './browser.ts'
import { BrowserPhone } from './browser-phone.ts'

/** A browser has no candidate of the loopback. */
const address = '10.99.0.1'
const socketPort = 5066

suite('a browser calls and is called by phones, through the proxy and the B2BUA', { timeout: 240_000 }, () => {
  let site: Site
  let browser: Browser
  let wendy: BrowserPhone
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('e2e', {
      standalone: { enabled: true },
      encryptionRules: ['dtls-srtp sip:wendy.*', 'sdes sip:carol.*', 'none sip:alice.*'],
      args: [
        ...['--set', `b2bua/media-address=${address}`],
        ...['--set', `proxy/transports=sip:127.0.0.1:5060 sip:127.0.0.1:${socketPort};transport=ws`],
      ],
    })
    browser = await Browser.start(join(site.folder, 'browser'))
    ;[wendy, alice, carol] = await Promise.all([
      BrowserPhone.start(browser, {
        ...{ socket: `ws://127.0.0.1:${socketPort}`, uri: 'sip:wendy@example.org', toneHz: 1300, video: true },
      }),
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, video: true }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700, video: true },
        accounts: [{ name: 'carol', encryption: 'srtp-mandf' }],
      }),
    ])
  })
  after(async () => {
    await browser.stop()
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  const phones = { linphone: () => alice, baresip: () => carol } as const
  for (const [name, phoneOf] of Object.entries(phones)) {
    const wire = name === 'linphone' ? 'clear' : 'encrypted'

    test(`it calls ${name}, whose leg is ${wire}`, async () => {
      const phone = phoneOf()
      const media = await talkWith(phone, async () => {
        await wendy.dial(`sip:${phone.name}@example.org`)
        await phone.incoming()
        phone.answer()
      })
      assertWire(media, wire)
      assertVideoWire(media, wire)
    })

    test(`${name} calls it, from a leg that is ${wire}`, async () => {
      const phone = phoneOf()
      const media = await talkWith(phone, async () => {
        phone.dial('sip:wendy@example.org')
        await wendy.answer()
      })
      assertWire(media, wire)
      assertVideoWire(media, wire)
    })
  }

  /** Sets a call up, lets both talk and look at each other, and hangs up. */
  async function talkWith(phone: Phone, begin: () => Promise<void>): Promise<readonly MediaFlow[]> {
    const file = await captured(site.folder, async () => {
      await Promise.all([wendy.listen(phone.toneHz), phone.listen()])
      await begin()
      await Promise.all([wendy.happened('confirmed'), phone.established()])
      await wendy.happened('connection connected')
      await sleep(3000)
      await checkStats()
      await wendy.hangup()
      await Promise.all([wendy.happened('ended'), phone.ended()])
    })
    const { tone, other } = await wendy.heard()
    assert.ok(tone >= 10 && other <= tone / 4, `the browser heard ${tone} tenths of its tone, ${other} of others`)
    const heard = phone.heard(wendy.toneHz)
    assert.ok(heard.longestMs >= 1000, `${phone.name} heard ${JSON.stringify(heard)}`)
    const tones = [wendy.toneHz, phone.toneHz]
    return mediaFlows(file, {
      tones,
      wanted: (...ends) => ends.some((end) => phone.ownsPort(Number(end.split(':')[1]))),
    })
  }

  /** What WebRTC itself says: DTLS is up, packets went both ways, and none was lost. */
  async function checkStats(): Promise<void> {
    const stats = await wendy.stats()
    const of = (type: string) => stats.filter((one) => one.type === type)
    const transports = of('transport')
    assert.ok(transports.length >= 1)
    for (const transport of transports) {
      assert.equal(transport['dtlsState'], 'connected')
      assert.equal(transport['tlsVersion'], 'FEFD') // DTLS 1.2
      assert.match(String(transport['srtpCipher']), /^(SRTP_)?(AES|AEAD)/)
    }
    assert.ok(of('candidate-pair').some((pair) => pair['state'] === 'succeeded' && pair['nominated'] === true))
    for (const kind of ['audio', 'video']) {
      const [inbound] = of('inbound-rtp').filter((one) => one['kind'] === kind)
      const [outbound] = of('outbound-rtp').filter((one) => one['kind'] === kind)
      assert.ok(Number(inbound?.['packetsReceived']) > 5, `${kind} received: ${JSON.stringify(inbound)}`)
      assert.ok(Number(outbound?.['packetsSent']) > 5, `${kind} sent: ${JSON.stringify(outbound)}`)
    }
  }
})
