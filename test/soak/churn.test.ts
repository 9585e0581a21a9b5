import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assertNothingLeft, Bench, describe, type CallerOptions } from './load.ts'

const calls = Number(process.env['SOAK_CALLS'] ?? 10_000)
/** Calls a second in all. */
const rate = 100

/** Calls of 40 s: longer than ports rest and transactions linger. */
const warmUp = 40 * rate

/** Every way in which a call ends, and its share. */
const mix: readonly (CallerOptions & { readonly share: number })[] = [
  { share: 0.4, scenario: 'caller.xml', domain: 'clear.example', pause: 300 },
  { share: 0.2, scenario: 'caller.xml', domain: 'sdes.example', pause: 100 },
  { share: 0.05, scenario: 'caller-media.xml', domain: 'clear.example', pause: 500 },
  { share: 0.15, scenario: 'caller-listens.xml', user: 'leaves', domain: 'sdes.example' },
  { share: 0.1, scenario: 'caller-refused.xml', user: 'busy', domain: 'clear.example' },
  { share: 0.1, scenario: 'caller-cancels.xml', user: 'rings', domain: 'sdes.example' },
]

const callers = (calls: number): CallerOptions[] =>
  mix.map(({ share, ...options }) => ({ ...options, rate: rate * share, calls: Math.round(calls * share) }))

suite(`pain 17: ${calls} calls come and go`, { timeout: 900_000 }, () => {
  for (const transport of ['tcp', 'udp'] as const)
    test(`over ${transport}: no socket, timer, map entry, descriptor or memory is left`, async (t) => {
      await Bench.use(`churn-${transport}`, transport, async (bench) => {
        // what the first calls load and compile is no leak, nor is room for as many resting ports as there ever are
        await bench.run(callers(warmUp), 120_000)
        const base = await bench.settled()
        t.diagnostic(`before ${describe(base)}`)
        const [cpu] = [bench.server.cpuSeconds()]
        const results = await bench.run(callers(calls), (calls / rate) * 1000 + 120_000)
        const used = bench.server.cpuSeconds() - cpu
        t.diagnostic(`${((1000 * used) / calls).toFixed(2)} ms of CPU a call`)
        t.diagnostic(`retransmissions ${results.map(({ retransmissions }) => retransmissions).join(', ')}`)
        const later = await bench.settled()
        t.diagnostic(`after ${describe(later)}`)
        assertNothingLeft(base, later)
        assert.doesNotMatch(bench.server.output, /inline:/, 'no key in the log')
      })
    })
})
