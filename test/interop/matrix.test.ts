import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Linphone } from './peers/linphone.ts'
import { assertSameSas } from './server/agreed-keys.ts'
import { Site } from './server/site.ts'
import {
  assertBothHeard,
  assertVideoWire,
  assertWire,
  assertZrtpVideo,
  captured,
  end,
  ring,
  seen,
} from './server/talk.ts'

const modes = ['none', 'srtp', 'dtls', 'zrtp'] as const
/** The domain that is called says leg B's mode. */
const domains = { none: 'clear', srtp: 'sdes', dtls: 'dtls', zrtp: 'zrtp' } as const
const names = { none: 'none', srtp: 'SDES', dtls: 'DTLS', zrtp: 'ZRTP' } as const

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
      site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, video: 'on demand' }),
      site.linphone('bob', { sipPort: 5075, rtpPort: 17_020, toneHz: 2300, video: 'on demand' }),
    ])
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const legA of modes) {
    for (const legB of modes)
      test(`${names[legA]} calls ${names[legB]}`, async () => {
        await alice.offer(legA)
        await bob.offer(legB)
        const logged = site.b2bua.output.length
        let added = 0
        const file = await captured(site.folder, async () => {
          await ring(alice, bob, `sip:bob@${domains[legB]}.example`)
          bob.answer()
          await Promise.all([alice.established(), bob.established()])
          await sleep(1500)
          alice.addVideo()
          await alice.established()
          added = Date.now() / 1000
          // enough pictures that chance does not take ciphertext for VP8
          await sleep(4000)
          await end(bob, alice, bob)
        })
        const { callerMedia, calleeMedia } = seen(file, alice, bob, added)
        const wire = { a: legA === 'none' ? 'clear' : 'encrypted', b: legB === 'none' ? 'clear' : 'encrypted' } as const
        assertBothHeard(alice, bob)
        assertWire(callerMedia, wire.a)
        assertWire(calleeMedia, wire.b)
        for (const [phone, media, mode] of [
          [alice, callerMedia, legA],
          [bob, calleeMedia, legB],
        ] as const) {
          if (mode === 'zrtp') assertZrtpVideo(media, phone)
          else assertVideoWire(media, mode === 'none' ? 'clear' : 'encrypted')
        }
        const log = site.b2bua.output.slice(logged)
        if (legA === 'zrtp') assertSameSas(log, 'a', alice)
        if (legB === 'zrtp') assertSameSas(log, 'b', bob)
        passed.add(`${legA} ${legB}`)
      })
  }

  test('the whole of it', (t) => {
    const row = (cells: readonly string[]): string =>
      cells
        .map((cell) => cell.padEnd(10))
        .join('')
        .trimEnd()
    t.diagnostic(row(['A \\ B', ...modes.map((mode) => names[mode])]))
    for (const legA of modes) {
      t.diagnostic(row([names[legA], ...modes.map((legB) => (passed.has(`${legA} ${legB}`) ? 'ok' : 'FAILED'))]))
    }
    assert.equal(passed.size, modes.length ** 2)
  })
})
