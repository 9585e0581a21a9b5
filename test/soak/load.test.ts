import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Capture } from '../interop/peers/capture.ts'
import { mediaFlows } from '../interop/peers/media-flows.ts'
import { assertNothingLeft, Bench, describe, mediaPorts, toneHz, type Caller } from './load.ts'

/**
 * Calls at a time, each of 10 s: without media and leg B in SDES, and others whose tone comes back through both legs. SIPp's limits
 * are a little over 500 together, because it lets a moment pass between a call's end and the next.
 */
const callSeconds = 10
const silentAtOnce = 480
const talkingAtOnce = 40
const steadySeconds = 60

suite('500 calls at a time for a minute', { timeout: 600_000 }, () => {
  for (const transport of ['tcp', 'udp'] as const)
    test(`over ${transport}: none fails, none is repeated in a storm, and nothing is left`, async (t) => {
      await Bench.use(`load-${transport}`, transport, async (bench) => {
        // what a first call loads and compiles is no leak
        await bench.run([{ scenario: 'caller.xml', rate: 50, calls: 500, domain: 'sdes.example' }], 60_000)
        const base = await bench.settled()

        const [cpu, began] = [bench.server.cpuSeconds(), Date.now()]
        const seconds = callSeconds + steadySeconds
        const callers = (
          [
            ['caller.xml', 'sdes.example', silentAtOnce],
            ['caller-media.xml', 'clear.example', talkingAtOnce],
          ] as const
        ).map(([scenario, domain, atOnce]) =>
          bench.caller({
            ...{ scenario, domain, pause: callSeconds * 1000, atOnce },
            ...{ rate: (1.1 * atOnce) / callSeconds, calls: (atOnce / callSeconds) * seconds },
          }),
        )
        await sleep((callSeconds + steadySeconds / 2) * 1000)
        const busy = await bench.server.holdings()
        t.diagnostic(`in the middle: ${describe(busy)}`)
        const calls = busy.counts['calls'] ?? 0
        assert.ok(calls >= 500, `${calls} calls at a time`)
        await assertTonesReturn(bench, callers.at(-1)!)

        const results = await bench.finish(callers, 120_000)
        const used = bench.server.cpuSeconds() - cpu
        t.diagnostic(`${used.toFixed(1)} s of CPU in ${((Date.now() - began) / 1000).toFixed(0)} s`)
        for (const { created, retransmissions } of results)
          assert.ok(retransmissions <= created / 100, `${retransmissions} retransmissions in ${created} calls`)

        const later = await bench.settled()
        t.diagnostic(`before ${describe(base)}`)
        t.diagnostic(`after ${describe(later)}`)
        assertNothingLeft(base, later)
      })
    })
})

/** Two seconds of a caller's media: each of its streams gets its own tone back. */
async function assertTonesReturn(bench: Bench, { mediaPort }: Caller): Promise<void> {
  const range = `${mediaPort}-${mediaPort + mediaPorts - 1}`
  const capture = await Capture.start(join(bench.folder, 'media.pcap'), `udp and dst portrange ${range}`)
  await sleep(2000)
  await capture.stop()
  const returning = mediaFlows(capture.file, { tones: [toneHz] }).filter(({ rtp }) => rtp > 50)
  assert.ok(returning.length >= 0.9 * talkingAtOnce, `${returning.length} streams come back`)
  const deaf = returning.filter(({ clearTone }) => !(clearTone > 0.8))
  assert.deepEqual(deaf, [])
}
