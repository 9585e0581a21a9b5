import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { answerAt, assertBothHeard, assertVideoWire, assertWire, talk } from './server/talk.ts'

const ports = { alice: 5071, dave: 5075, carol: 5085 }
/** linphone has no candidate of the loopback. */
const address = '10.99.0.1'

suite('phones with ICE, rtcp-mux, AVPF and video', { timeout: 240_000 }, () => {
  let site: Site
  /** alice offers AVP, dave AVPF: baresip takes exactly the profile of its account. */
  let linphones: { readonly alice: Linphone; readonly dave: Linphone }
  let carol: Baresip

  before(async () => {
    site = await Site.open('ice', {
      encryptionRules: ['none .*@clear\\.example', 'sdes .*@sdes\\.example', 'dtls-srtp .*@dtls\\.example'],
      args: ['--set', `b2bua/media-address=${address}`],
    })
    const all = { address, toneHz: 1000, video: true }
    const linphone = { ...all, encryption: 'dtls', ice: true, rtcpMux: true } as const
    const [alice, dave, baresip] = await Promise.all([
      site.linphone('alice', { ...linphone, sipPort: ports.alice, rtpPort: 17_000 }),
      site.linphone('dave', { ...linphone, sipPort: ports.dave, rtpPort: 17_020, avpf: true }),
      site.baresip('carol', {
        ...{ ...all, toneHz: 1700, sipPort: ports.carol, rtpPort: 18_000, controlPort: 4441 },
        accounts: [
          { name: 'carol', ice: true, rtcpMux: true },
          { name: 'carol-sdes', encryption: 'srtp-mandf', ice: true, rtcpMux: true },
          { name: 'carol-plain', encryption: 'srtp-mandf' },
          { name: 'carol-dtls', encryption: 'dtls_srtp', ice: true, rtcpMux: true },
        ],
      }),
    ])
    linphones = { alice, dave }
    carol = baresip
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { caller, offers, user, domain } of [
    { caller: 'alice', offers: 'dtls', user: 'carol', domain: 'clear' },
    { caller: 'dave', offers: 'dtls', user: 'carol-sdes', domain: 'sdes' },
    { caller: 'dave', offers: 'dtls', user: 'carol-plain', domain: 'sdes' },
    { caller: 'alice', offers: 'none', user: 'carol-dtls', domain: 'dtls' },
    { caller: 'dave', offers: 'dtls', user: 'carol-dtls', domain: 'other' },
  ] as const)
    test(`${caller} (linphone, ${offers}) calls baresip (${user})`, async () => {
      const phone = linphones[caller]
      await phone.offer(offers)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: phone, callee: carol, folder: site.folder, talk: 3000 },
        uri: `sip:${user}@${domain}.example`,
      })
      assertBothHeard(phone, carol)
      assert.match(answerAt(sip, ports[caller]), /^a=ice-lite\r?$/m)
      assert.match(answerAt(sip, ports[caller]), /^a=rtcp-mux\r?$/m)
      if (user !== 'carol-plain') assert.match(answerAt(sip, ports.carol), /^a=candidate:/m)
      const wire = {
        a: offers === 'none' ? 'clear' : 'encrypted',
        b: user === 'carol' ? 'clear' : 'encrypted',
      } as const
      assertWire(callerMedia, wire.a)
      assertVideoWire(callerMedia, wire.a)
      assertWire(calleeMedia, wire.b)
      assertVideoWire(calleeMedia, wire.b)
    })

  for (const { account, takes } of [
    { account: 'carol', takes: 'dtls' },
    { account: 'carol-dtls', takes: 'none' },
    { account: 'carol-plain', takes: 'dtls' },
  ] as const)
    test(`baresip (${account}) calls linphone (${takes})`, async () => {
      const { alice } = linphones
      await alice.offer(takes)
      carol.use(account)
      const { sip, callerMedia, calleeMedia } = await talk({
        ...{ caller: carol, callee: alice, folder: site.folder, talk: 3000 },
        uri: `sip:alice@${takes === 'dtls' ? 'dtls' : 'clear'}.example`,
      })
      assertBothHeard(carol, alice)
      assert.match(answerAt(sip, ports.alice), /^a=candidate:/m)
      assertWire(callerMedia, account === 'carol' ? 'clear' : 'encrypted')
      assertWire(calleeMedia, takes === 'none' ? 'clear' : 'encrypted')
    })
})
