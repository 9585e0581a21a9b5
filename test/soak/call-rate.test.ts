import { suite, test } from 'node:test'
import { assertNothingLeft, Bench, describe } from './load.ts'

/** Calls a second. */
const rate = Number(process.env['RATE'] ?? 1000)
const seconds = Number(process.env['SECONDS'] ?? 60)

suite(`${rate} complete calls a second`, { timeout: 600_000 }, () => {
  for (const transport of (process.env['TRANSPORT'] ?? 'tcp').split(',') as ('tcp' | 'udp')[])
    test(`over ${transport}, with SDES on leg B and the server on one core: none fails, nothing is left`, async (t) => {
      await Bench.use(`call-rate-${transport}`, transport, async (bench) => {
        const caller = { scenario: 'caller.xml', domain: 'sdes.example', atOnce: 2 * rate }
        bench.server.pin(0)
        // what the first calls load and compile, and room for the transactions of half a minute, are no leak
        await bench.run([{ ...caller, rate: rate / 2, calls: 10 * rate }], 120_000)
        const base = await bench.settled()
        // a server that was idle for a minute has let go of compiled code; it is asked for all that it can right after
        await bench.run([{ ...caller, rate: rate / 2, calls: 5 * rate }], 120_000)
        const [cpu, began] = [bench.server.cpuSeconds(), Date.now()]
        const [result] = await bench.run([{ ...caller, rate, calls: rate * seconds }], 3000 * seconds)
        const took = (Date.now() - began) / 1000
        const used = bench.server.cpuSeconds() - cpu
        const calls = rate * seconds
        t.diagnostic(`${calls} calls in ${took.toFixed(1)} s, ${result!.retransmissions} retransmissions`)
        t.diagnostic(
          `${((1000 * used) / calls).toFixed(2)} ms of CPU a call, ${((100 * used) / took).toFixed(0)} % of the core`,
        )
        t.diagnostic(`at its end ${describe(await bench.server.holdings())}`)
        const later = await bench.settled()
        t.diagnostic(`before ${describe(base)}`)
        t.diagnostic(`after ${describe(later)}`)
        // 62,000 transactions were kept at its end: the allocator gives back in its own time what that took
        assertNothingLeft(base, later, 256 * 1024 * 1024)
      })
    })
})
