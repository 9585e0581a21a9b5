import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { register } from './peers/register.ts'
import { sipMessages, type TracedMessage } from './peers/sip-trace.ts'
import { Sipp } from './peers/sipp.ts'
import { Site } from './server/site.ts'
import { assertBothHeard, assertWire, captured, end, ring, seen, talk } from './server/talk.ts'

const answererPort = 5200
const callsPerSecond = 50
const calls = 600
/** A save must count for the next call after this time, in seconds. */
const reloadTime = 1

suite('a rule changed in flexisip.conf while calls come and go', { timeout: 120_000 }, () => {
  test('the next call follows it, none fails, and the call that is up goes on', async () => {
    const site = await Site.open('rule-change', { encryptionRules: ['none .*@load\\.example'] })
    try {
      const [alice, carol] = await Promise.all([
        site.linphone('alice', { sipPort: 5071, rtpPort: 17_000, toneHz: 1000, encryption: 'srtp' }),
        site.baresip('carol', {
          ...{ sipPort: 5085, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
          accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
        }),
      ])
      const folder = join(site.folder, 'sipp')
      const both = { folder, transport: 'udp', pause: 1000 } as const
      const answerer = new Sipp({
        ...{ ...both, name: 'answerer', scenario: 'callee.xml', port: answererPort, mediaPort: 20_000 },
      }).start()
      await register('load', answererPort)

      const saves: number[] = []
      let started = 0
      const file = await captured(site.folder, async () => {
        await ring(alice, carol, 'sip:carol@load.example')
        carol.answer()
        await Promise.all([alice.established(), carol.established()])
        started = Date.now()

        const caller = new Sipp({
          ...{ ...both, name: 'caller', scenario: 'caller.xml', port: 5210, mediaPort: 21_000 },
          ...{ remote: '127.0.0.1:5060', user: 'load', domain: 'load.example', rate: callsPerSecond, calls },
        }).start()
        for (const rule of ['sdes .*@load\\.example', 'none .*@load\\.example', 'sdes .*@(load|other)\\.example']) {
          await sleep(3000)
          saves.push(Date.now() / 1000)
          site.b2bua.save({ encryptionRules: [rule] })
        }
        const placed = await caller.finished(60_000)
        assert.deepEqual(
          { ...placed, retransmissions: 0 },
          { created: calls, successful: calls, failed: 0, retransmissions: 0 },
          caller.complaints(),
        )

        await sleep(2500)
        await end(alice, alice, carol)
      })
      const answered = await answerer.stop()
      assert.equal(answered.failed, 0, answerer.complaints())

      // the call that was up all the time
      const seconds = (Date.now() - started) / 1000
      assertBothHeardFor(seconds * 0.85, alice.heard(carol.toneHz), carol.heard(alice.toneHz))
      const { callerMedia, calleeMedia } = seen(file, alice, carol)
      assertWire(callerMedia, 'encrypted')
      assertWire(calleeMedia, 'clear')

      // the calls that came meanwhile
      const invites = sipMessages(file).filter(isLegBInvite)
      assert.equal(new Set(invites.map(callId)).size, calls)
      const modes = invites.map((invite) => ({
        time: invite.time,
        mode: invite.body.includes(' RTP/SAVP ') ? 'sdes' : 'none',
      }))
      const changes = modes.filter(({ mode }, index) => mode !== (modes[index - 1]?.mode ?? 'none'))
      assert.deepEqual(
        changes.map(({ mode }) => mode),
        ['sdes', 'none', 'sdes'],
        'each save takes effect once',
      )
      changes.forEach(({ time }, index) => {
        const after = time - (saves[index] ?? NaN)
        assert.ok(after >= 0 && after < reloadTime, `save ${index} took effect after ${after.toFixed(2)} s`)
      })

      // and the next call of a phone
      const next = await talk({ caller: alice, callee: carol, uri: 'sip:carol-sdes@load.example', folder: site.folder })
      assertBothHeard(alice, carol)
      assertWire(next.calleeMedia, 'encrypted')
    } finally {
      await site.close()
    }
  })
})

function isLegBInvite({ status, method, destination }: TracedMessage): boolean {
  return status === undefined && method === 'INVITE' && destination === `127.0.0.1:${answererPort}`
}

function callId({ headers }: TracedMessage): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'call-id')?.[1]
}

function assertBothHeardFor(seconds: number, ...heard: { readonly tone: number }[]): void {
  for (const each of heard)
    assert.ok(each.tone / 10 >= seconds, `${JSON.stringify(each)}, expected ${seconds} s of tone`)
}
