import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { assertWire, audioDirection, captured, end, requestsTo, ring, seen } from './server/talk.ts'

const ports = { alice: 5071, carol: 5085 }
const pressed = { alice: '51#', carol: '*09' }

/** What call-control, dtmf and zrtp-in-call leave out: keys in DTLS-SRTP and ZRTP, hold by a baresip that encrypts. */
suite('keys as events both ways, then hold and resume by baresip', { timeout: 90_000 }, () => {
  let site: Site
  let alice: Linphone
  let carol: Baresip

  before(async () => {
    site = await Site.open('keys-and-hold', {
      encryptionRules: ['zrtp .*@zrtp\\.example', 'sdes .*@sdes\\.example', 'dtls-srtp .*@dtls\\.example'],
    })
    ;[alice, carol] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000 }),
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

  for (const { account, legA, domain, takes } of [
    { account: 'carol', legA: 'clear', domain: 'zrtp', takes: 'zrtp' },
    { account: 'carol-sdes', legA: 'encrypted', domain: 'dtls', takes: 'dtls' },
    { account: 'carol-dtls', legA: 'encrypted', domain: 'zrtp', takes: 'zrtp' },
    { account: 'carol-dtls', legA: 'encrypted', domain: 'sdes', takes: 'srtp' },
  ] as const)
    test(`${account} calls linphone in ${domain}`, async () => {
      await alice.offer(takes)
      carol.use(account)
      const heard = { alice: '', carol: '' }
      let resumed = 0
      const file = await captured(site.folder, async () => {
        await ring(carol, alice, `sip:alice@${domain}.example`)
        alice.answer()
        await Promise.all([alice.established(), carol.established()])
        await sleep(1200)
        for (let index = 0; index < pressed.alice.length; index++) {
          alice.press(pressed.alice[index]!)
          carol.press(pressed.carol[index]!)
          await sleep(600)
        }
        heard.alice = await alice.keys(pressed.carol.length)
        heard.carol = await carol.keys(pressed.alice.length)
        carol.hold()
        await sleep(1200)
        carol.resume()
        await sleep(500)
        resumed = Date.now() / 1000
        await sleep(1500)
        await end(carol, carol, alice)
      })
      assert.deepEqual(heard, { alice: pressed.carol, carol: pressed.alice })
      const { sip, callerMedia, calleeMedia } = seen(file, carol, alice, resumed)
      const offers = requestsTo(sip, ports.alice, 'INVITE').map(({ body }) => audioDirection(body))
      assert.deepEqual(offers, ['sendrecv', 'sendonly', 'sendrecv'])
      // baresip records nothing after a resume: what it sends and gets is read from the wire
      assertWire(callerMedia, legA)
      assertWire(calleeMedia, 'encrypted')
      const tone = alice.heard(carol.toneHz, alice.heard(carol.toneHz).seconds - 1.4)
      assert.ok(tone.longestMs >= 700, `after the resume: ${JSON.stringify(tone)}`)
    })
})
