import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, talk } from './server/talk.ts'

// The ground of all other interop tests: when this fails, the machine or the phones are to blame, not the server.
suite('phones and proxy without the B2BUA', { timeout: 60_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('phones', { withoutB2bua: true })
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000 }),
      site.baresip('carol', {
        ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
      }),
    ])
  })
  after(() => site.close())

  test('linphone calls baresip in clear: both tones are heard, and the wire can be read', async () => {
    const { callerMedia } = await talk({
      caller: alice,
      callee: carol,
      uri: 'sip:carol@a.example',
      folder: site.folder,
    })
    assertBothHeard(alice, carol)
    assertWire(callerMedia, 'clear')
  })

  test('baresip calls linphone with SDES: both tones are heard, and the wire cannot be read', async () => {
    carol.use('carol-sdes')
    const { callerMedia } = await talk({
      caller: carol,
      callee: alice,
      uri: 'sip:alice@a.example',
      folder: site.folder,
    })
    assertBothHeard(carol, alice)
    assertWire(callerMedia, 'encrypted')
    assert.equal(alice.report().encryption, 'SRTP')
  })
})
