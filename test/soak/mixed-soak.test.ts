import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { B2buaServer } from '../interop/server/b2bua-server.ts'
import { scratchFolder } from '../interop/server/site.ts'
import { Chance } from '../support/torture/chance.ts'
import { type FloodResult } from './flood.ts'
import { flows } from './flows.ts'
import { assertNothingLeft, describe, settleTime } from './load.ts'
import { MediaLab } from './media-lab.ts'
import { SoakCalls } from './soak-calls.ts'
import { SoakPhone } from './soak-phone.ts'
import { soakReport, type Sample } from './soak-report.ts'

const minutes = Number(process.env['SOAK_MINUTES'] ?? 30)
const transport = process.env['SOAK_TRANSPORT'] === 'tcp' ? 'tcp' : 'udp'
const atOnce = Number(process.env['SOAK_AT_ONCE'] ?? 200)
const floodRate = Number(process.env['SOAK_FLOOD'] ?? 5000)
const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000)
/** Part of the datagrams, SIP and media, that are lost on each way. */
const loss = 0.01
/** Seconds. */
const warmUp = Math.min(60, minutes * 60)
const floodSeconds = 60
/** Calls a second that one address may begin: several times what all phones together place, which share one. */
const callRate = 100
const server = { host: '127.0.0.1', port: 6067 }
const proxyPort = 5060
/** How many of the media packets that reach the server may get lost in it: none do, but a machine that is busy drops some. */
const lostInServer = 0.001
/** Bytes: a flood makes much garbage at once, whose room the allocator gives back late, if ever. The heaps are told apart. */
const residentGrowth = 160 * 1024 * 1024

suite(`${atOnce} calls at a time for ${minutes} minutes, all flows mixed`, { timeout: (minutes + 15) * 60_000 }, () => {
  test(`over ${transport}: no call is lost, media flows, and nothing is left`, async (t) => {
    const folder = scratchFolder('mixed-soak')
    const route = `sip:${server.host}:${server.port};transport=${transport}`
    const b2bua = await B2buaServer.start({
      transport: route,
      outboundProxy: `sip:127.0.0.1:${proxyPort};transport=${transport}`,
      folder: join(folder, 'b2bua'),
      encryptionRules: ['sdes .*@soak\\.example'],
      server: { 'max-calls': String(2 * atOnce) },
      args: ['--set', `b2bua/max-call-rate-per-source=${callRate}`],
      inspectorPort: 9229,
    })
    t.after(() => b2bua.stop())
    const media = await MediaLab.open(atOnce, loss)
    t.after(() => media.close())
    const callers = await Promise.all(
      ['alice', 'anna', 'arthur', 'ada'].map((name) => SoakPhone.start(name, transport, loss)),
    )
    const callee = await SoakPhone.start('bob', transport, loss, proxyPort)
    t.after(() => Promise.all([...callers, callee].map((phone) => phone.stop())))
    const calls = new SoakCalls({ callers, callee, media, route, flows, chance: new Chance(seed) })

    // what the first calls load and compile is no leak
    media.tell({ do: 'phase', name: 'warm-up' })
    await calls.run(atOnce, warmUp * 1000)
    const base = await b2bua.settled(settleTime)
    t.diagnostic(`before ${describe(base)}`)
    calls.forget()

    const samples: Sample[] = []
    const [cpu, mediaCpu, machine, began] = [b2bua.cpuSeconds(), media.cpuSeconds(), machineSeconds(), Date.now()]
    const own = process.cpuUsage()
    media.tell({ do: 'phase', name: 'calls' })
    const running = calls.run(atOnce, minutes * 60_000)
    const flooding = flood(calls, media)
    const state = { over: false }
    const sampling = (async () => {
      while (!state.over) {
        const memory = await b2bua.memory()
        const { flooded } = calls
        samples.push({ ...memory, threads: b2bua.threadTimes(), seconds: (Date.now() - began) / 1000, flooded })
        await sleep(Math.max(5, minutes) * 1000)
      }
    })()
    await running
    state.over = true
    const flooded = await flooding
    await sampling
    const seconds = (Date.now() - began) / 1000
    const used = b2bua.cpuSeconds() - cpu
    const mediaUsed = media.cpuSeconds() - mediaCpu
    const { user, system } = process.cpuUsage(own)
    const othersUsed = machineSeconds() - machine - used - mediaUsed - (user + system) / 1e6
    const phases = await media.report()
    const later = await b2bua.settled(settleTime + 40_000)

    const report = soakReport({
      ...{ minutes, transport, atOnce, loss, seed, floodRate, floodSeconds, seconds, used, mediaUsed, othersUsed },
      ...{ calls, flooded, phases, samples, base, later, phones: [...callers, callee], output: b2bua.output },
    })
    writeFileSync(join(folder, 'report.md'), report)
    for (const line of report.split('\n')) t.diagnostic(line)

    assert.deepEqual(calls.failures, [], 'calls that did not go as planned')
    assert.equal(calls.turnedAwayInPeace, 0, 'calls that were turned away although nobody floods')
    for (const { sent, arrived } of [calls.media, calls.floodedMedia])
      assert.ok(sent - arrived <= lostInServer * sent, `media is lost in the server: ${sent} sent, ${arrived} arrived`)
    assertNothingLeft(base, later, residentGrowth)
    assert.doesNotMatch(b2bua.output, /inline:/, 'no key in the log')
    assert.doesNotMatch(b2bua.output, /reason=(internal-error|media-failure)/)
    assert.equal(await b2bua.stop(), 0, 'the server stops with status 0')
  })
})

/** CPU seconds that all cores have spent on anything so far. */
function machineSeconds(): number {
  return cpus().reduce((all, { times: { user, nice, sys, irq } }) => all + user + nice + sys + irq, 0) / 1000
}

/** In the middle of the run somebody calls for no reason. */
async function flood(calls: SoakCalls, media: MediaLab): Promise<FloodResult | undefined> {
  if (floodRate === 0) return undefined
  await sleep(((minutes * 60 - floodSeconds) / 2) * 1000)
  media.tell({ do: 'phase', name: 'calls, flooded' })
  calls.flooded = true
  const child = fork(fileURLToPath(new URL('flood.ts', import.meta.url)), [
    transport,
    server.host,
    ...[server.port, floodRate, floodSeconds].map(String),
  ])
  const result = await new Promise<FloodResult>((resolve, reject) => {
    child.once('message', (message: FloodResult) => resolve(message))
    child.once('exit', (code) => reject(new Error(`the flood ended with ${code}`)))
  })
  // what it has begun: a response that nobody acknowledges is repeated for 32 s
  await sleep(35_000)
  calls.flooded = false
  media.tell({ do: 'phase', name: 'calls' })
  return result
}
