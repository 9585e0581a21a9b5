import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Linphone } from './peers/linphone.ts'
import { onlyHeader } from './peers/sip-trace.ts'
import { agreedKeys, assertSameSas } from './server/agreed-keys.ts'
import { Site } from './server/site.ts'
import {
  assertBothHeard,
  assertVideoWire,
  assertWire,
  assertZrtpVideo,
  captured,
  end,
  requestsTo,
  ring,
  seen,
} from './server/talk.ts'

const ports = { alice: 5071, bob: 5075 }

const modes = ['none', 'srtp', 'dtls', 'zrtp'] as const
type Mode = (typeof modes)[number]
/** The domain that is called says leg B's mode; no rule has other.example, where leg B gets the mode of leg A. */
const domains = { none: 'clear', srtp: 'sdes', dtls: 'dtls', zrtp: 'zrtp' } as const
const names = { none: 'none', srtp: 'SDES', dtls: 'DTLS', zrtp: 'ZRTP' } as const
const kinds = ['audio', 'audio and video'] as const

/** Which of Flexisip's own cases a pair is: see README.md. */
const cases: Readonly<Record<string, number>> = {
  ...{ 'srtp zrtp': 20, 'zrtp srtp': 20, 'srtp dtls': 21, 'dtls srtp': 21, 'zrtp dtls': 23, 'dtls zrtp': 23 },
  ...{ 'none none': 24, 'srtp srtp': 24, 'dtls dtls': 24, 'zrtp zrtp': 24 },
}

suite('every mode on one side with every mode on the other, audio and then video', { timeout: 400_000 }, () => {
  let site: Site
  let alice: Linphone
  let bob: Linphone
  const passed = new Set<string>()

  before(async () => {
    site = await Site.open('matrix', {
      encryptionRules: [
        ...[
          'none .*@clear\\.example',
          'sdes .*@sdes\\.example',
          'dtls-srtp .*@dtls\\.example',
          'zrtp .*@zrtp\\.example',
        ],
      ],
    })
    ;[alice, bob] = await Promise.all([
      site.linphone('alice', { sipPort: ports.alice, rtpPort: 17_000, toneHz: 1000, video: 'on demand' }),
      site.linphone('bob', { sipPort: ports.bob, rtpPort: 17_020, toneHz: 2300, video: 'on demand' }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const legA of modes)
    for (const legB of modes) {
      const pair = `${legA} ${legB}`
      const title = `${names[legA]} calls ${names[legB]}${legA === legB ? ', as no rule says otherwise' : ''}`
      test(pair in cases ? `case ${cases[pair]}: ${title}` : title, async () => {
        await alice.offer(legA)
        await bob.offer(legB)
        const logged = site.b2bua.output.length
        const added = { at: 0, logged: 0 }
        const file = await captured(site.folder, async () => {
          await ring(alice, bob, `sip:bob@${legA === legB ? 'other' : domains[legB]}.example`)
          bob.answer()
          await Promise.all([alice.established(), bob.established()])
          await sleep(1500)
          added.logged = site.b2bua.output.length
          alice.addVideo()
          await alice.established()
          added.at = Date.now() / 1000
          // enough pictures that chance does not take ciphertext for VP8
          await sleep(3000)
          await end(bob, alice, bob)
        })
        const { sip, ...audio } = seen(file, alice, bob)
        const callIds = [requestsTo(sip, 6067, 'INVITE')[0]!, requestsTo(sip, ports.bob, 'INVITE')[0]!].map((invite) =>
          onlyHeader(invite, 'Call-ID'),
        )
        assert.equal(new Set(callIds).size, 2, 'each leg has a Call-ID of its own')
        assertBothHeard(alice, bob)
        assertWire(audio.callerMedia, wireOf(legA))
        assertWire(audio.calleeMedia, wireOf(legB))
        const log = site.b2bua.output.slice(logged)
        if (legA === 'zrtp') assertSameSas(log, 'a', alice)
        if (legB === 'zrtp') assertSameSas(log, 'b', bob)
        passed.add(`audio ${pair}`)

        // the first half of case 25; taking it away again: test/e2e/in-call.test.ts
        const video = seen(file, alice, bob, added.at)
        for (const [phone, media, mode] of [
          [alice, video.callerMedia, legA],
          [bob, video.calleeMedia, legB],
        ] as const) {
          assertWire(media, wireOf(mode))
          if (mode === 'zrtp') assertZrtpVideo(media, phone)
          else assertVideoWire(media, wireOf(mode))
        }
        const again = agreedKeys(site.b2bua.output.slice(added.logged)).filter(({ stream }) => stream === 1)
        assert.deepEqual(again, [], 'the keys of the audio stay')
        passed.add(`audio and video ${pair}`)
      })
    }

  for (const kind of kinds)
    test(`the whole of it: ${kind}`, (t) => {
      const row = (cells: readonly string[]): string =>
        cells
          .map((cell) => cell.padEnd(10))
          .join('')
          .trimEnd()
      const outcome = (legA: Mode, legB: Mode): string => (passed.has(`${kind} ${legA} ${legB}`) ? 'ok' : 'FAILED')
      t.diagnostic(`${kind}; down: who calls, across: who is called`)
      t.diagnostic(row(['', ...modes.map((mode) => names[mode])]))
      for (const legA of modes) t.diagnostic(row([names[legA], ...modes.map((legB) => outcome(legA, legB))]))
      assert.ok(modes.every((legA) => modes.every((legB) => outcome(legA, legB) === 'ok')))
    })
})

function wireOf(mode: Mode): 'clear' | 'encrypted' {
  return mode === 'none' ? 'clear' : 'encrypted'
}
