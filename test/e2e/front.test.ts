import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from '../interop/peers/baresip.ts'
import { type Linphone } from '../interop/peers/linphone.ts'
import { FrontSite } from '../interop/server/front-site.ts'
import { assertBothHeard, assertWire, talk } from '../interop/server/talk.ts'
import { BrowserPhone } from './browser-phone.ts'
import { Browser } from './browser.ts'

/** Of the media of all. */
const address = '10.99.0.1'

suite('a browser comes by wss to --server proxy, which stands before Kamailio', { timeout: 60_000 }, () => {
  let site: FrontSite
  let browser: Browser
  let wendy: BrowserPhone
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await FrontSite.open(
      'e2e-front',
      { enabled: true },
      {
        encryptionRules: ['dtls-srtp sip:wendy.*', 'none sip:alice.*', 'sdes sip:carol.*'],
        args: ['--set', `b2bua/media-address=${address}`],
      },
    )
    browser = await Browser.start(join(site.folder, 'browser'))
    ;[wendy, alice, carol] = await Promise.all([
      site.begin(
        new BrowserPhone(browser, {
          ...{ name: 'wendy', domain: 'example.org', socket: 'wss://127.0.0.2:5066' },
          ...{ toneHz: 1300, folder: join(site.folder, 'wendy') },
        }),
      ),
      site.linphone('alice', { address, sipPort: 5071, rtpPort: 17_000, toneHz: 1000 }),
      site.baresip('carol', {
        ...{ address, sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol', encryption: 'srtp-mandf' }],
      }),
    ])
  })
  after(async () => {
    assert.deepEqual(await site.close(), [0, 0], 'both servers stop with status 0')
    await browser.stop()
  })

  for (const name of ['alice', 'carol'] as const) {
    const wire = name === 'alice' ? 'clear' : 'encrypted'

    test(`it calls ${name}, whose leg is ${wire}`, async () => {
      const phone = name === 'alice' ? alice : carol
      const { calleeMedia } = await talk({
        ...{ caller: wendy, callee: phone, uri: `sip:${name}@example.org`, folder: site.folder },
        hangup: phone,
      })
      assertBothHeard(wendy, phone)
      assertWire(calleeMedia, wire)
    })

    test(`${name} calls it, from a leg that is ${wire}`, async () => {
      const phone = name === 'alice' ? alice : carol
      const { callerMedia, calleeMedia } = await talk({
        ...{ caller: phone, callee: wendy, uri: 'sip:wendy@example.org', folder: site.folder },
        hangup: phone,
      })
      assertBothHeard(phone, wendy)
      assertWire(callerMedia, wire)
      assertWire(calleeMedia, 'encrypted')
    })
  }
})
