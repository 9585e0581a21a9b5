/**
 * The server with its two workers' threads, SIPp at both ends, and the media of all phones, on whatever cores there are:
 * `CALLS=400 MINUTES=30 make bench-calls`. Defaults: 800 calls, 1 minute.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { poll } from '../interop/peers/poll.ts'
import { Sipp } from '../interop/peers/sipp.ts'
import { B2buaServer, type Holdings } from '../interop/server/b2bua-server.ts'
import { scratchFolder } from '../interop/server/site.ts'
import { describe } from './load.ts'
import { MediaPhones, type Side } from './media/media-phones.ts'

const calls = Number(process.env['CALLS'] ?? 800)
const seconds = 60 * Number(process.env['MINUTES'] ?? 1)
/** New calls a second: those that stay, while they are set up, and those that come and go beside them. */
const rampRate = 40
const churnRate = 20
/** Milliseconds of a call that comes and goes. It has keys and ports, and no media. */
const churnLength = 3000
/** Seconds for what was compiled and learned at the beginning to be of no account. */
const settling = 10
const mostLost = 0.001
/** How much memory may grow in a run that is long enough to tell. */
const mostGrowth = 0.02
const longRun = 300
/** How often memory is looked at. */
const looks = 12

const serverAddress = '127.0.0.1:6067'
const calleePort = 5060
const mediaPorts: Readonly<Record<Side, number>> = { a: 6000, b: 7000 }
/** Those of the scenarios. */
const key = (text: string) => ({
  suite: 'AES_CM_128_HMAC_SHA1_80' as const,
  key: Buffer.from(text, 'latin1').subarray(0, 16),
  salt: Buffer.from(text, 'latin1').subarray(16),
})
const keys = { a: key('the-callers-own-key-of-30-byte'), b: key('some-throw-away-key-of-30-byte') }

suite(`${calls} calls that talk`, { timeout: (seconds + 900) * 1000 }, () => {
  test(`for ${seconds} s, SDES to SDES, while ${churnRate} calls a second come and go: hardly a packet is lost`, async (t) => {
    const folder = scratchFolder('bench-calls')
    const ramp = calls / rampRate
    // from the first packet to the last BYE
    const whole = Math.ceil(ramp + settling + seconds + 60)
    const server = await B2buaServer.start({
      transport: `sip:${serverAddress};transport=tcp`,
      outboundProxy: `sip:127.0.0.1:${calleePort};transport=tcp`,
      folder: join(folder, 'b2bua'),
      encryptionRules: ['sdes .*'],
      server: { 'max-calls': '5000', 'no-rtp-timeout': '60', 'audio-port': '20000-40000' },
      inspectorPort: 9229,
    })
    const shared = { folder, transport: 'tcp' as const, logs: true }
    const callee = new Sipp({
      ...{
        ...shared,
        name: 'callee',
        scenario: 'callee-sdes.xml',
        port: calleePort,
        mediaPort: 9000,
        elsewhere: mediaPorts.b,
      },
    }).start()
    const caller = (name: string, port: number, options: { rate: number; calls: number; pause: number }): Sipp =>
      new Sipp({
        ...{ ...shared, ...options, name, user: name, port, scenario: 'caller-sdes.xml' },
        ...{ remote: serverAddress, mediaPort: 10_000 + port, elsewhere: mediaPorts.a, atOnce: options.calls },
      }).start()
    const running: Sipp[] = [callee]
    let phones: MediaPhones | undefined
    try {
      await warmUp(caller, running)
      const idle = await settled(server)
      t.diagnostic(`before ${describe(idle)}`)

      phones = await MediaPhones.start({ folder, ports: mediaPorts, keys, seconds: whole + 60 })
      const pause = (ramp + settling + seconds + 20) * 1000
      const talking = caller('held', 5200, { rate: rampRate, calls, pause })
      running.push(talking)
      await dial(phones, { a: talking, b: callee })
      const churn = caller('churn', 5210, {
        ...{ rate: churnRate, calls: churnRate * (settling + seconds), pause: churnLength },
      })
      running.push(churn)
      await sleep(settling * 1000)

      const threads = server.threadTimes()
      const cpu = { server: server.cpuSeconds(), phones: phones.cpuSeconds(), began: Date.now() }
      const drops = droppedDatagrams()
      phones.begin()
      const held = await watch(server, seconds)
      const result = await phones.end()
      const elapsed = (Date.now() - cpu.began) / 1000
      const cores = (used: number): string => (used / elapsed).toFixed(2)
      t.diagnostic(`at the end of it ${describe(held.at(-1)!)}`)
      t.diagnostic(`media ${JSON.stringify(result)}`)
      const lost = 1 - result.received / result.sent
      t.diagnostic(
        `${Math.round(result.sent / elapsed)} packets/s, lost ${(100 * lost).toFixed(4)} %, cores of the server ` +
          `${cores(server.cpuSeconds() - cpu.server)}, of the phones' media ${cores(phones.cpuSeconds() - cpu.phones)}`,
      )
      t.diagnostic(`threads, cores and those waited for: ${busiest(threads, server.threadTimes(), elapsed)}`)
      t.diagnostic(`datagrams dropped at sockets: ${JSON.stringify(subtract(droppedDatagrams(), drops))}`)
      const resident = held.map(({ residentBytes }) => residentBytes)
      const heap = held.map((one) => one.heap?.heapBytes ?? 0)
      const mebi = (some: readonly number[]): string => some.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ')
      t.diagnostic(`resident MiB: ${mebi(resident)}`)
      t.diagnostic(`heap MiB: ${mebi(heap)}`)

      for (const one of [churn, talking]) {
        const { created, successful, failed, retransmissions } = await one.finished((whole + 60) * 1000)
        t.diagnostic(
          `${one === talking ? 'held' : 'churn'}: ${created} calls, ${failed} failed, ${retransmissions} repeated`,
        )
        assert.deepEqual([successful, failed], [created, 0], one.complaints())
      }
      const after = await settled(server)
      t.diagnostic(`after ${describe(after)}`)

      assert.equal(result.sent, 2 * calls * result.each, 'each phone has sent each packet')
      assert.ok(lost < mostLost, `${(100 * lost).toFixed(3)} % lost`)
      assert.ok(
        after.descriptors <= idle.descriptors,
        `descriptors: ${idle.descriptors} before, ${after.descriptors} after`,
      )
      assert.deepEqual(
        Object.values(after.counts).filter((count) => count !== 0),
        [],
      )
      if (seconds < longRun) return
      assertFlat(resident, 'resident memory')
      assertFlat(heap, 'the heap')
    } finally {
      await phones?.stop()
      for (const one of running) await one.abort()
      await server.stop()
    }
  })
})

type StartCaller = (name: string, port: number, options: { rate: number; calls: number; pause: number }) => Sipp

/** What the first calls load and compile is no leak. */
async function warmUp(caller: StartCaller, running: Sipp[]): Promise<void> {
  const first = caller('warmup', 5220, { rate: 50, calls: 500, pause: 500 })
  running.push(first)
  const { failed } = await first.finished(60_000)
  assert.equal(failed, 0, first.complaints())
}

/** Starts the media of each held call as soon as it is answered, until all are. */
async function dial(phones: MediaPhones, sipps: Readonly<Record<Side, Sipp>>): Promise<void> {
  const dialled = { a: 0, b: 0 }
  const all = await poll(
    () => {
      for (const side of ['a', 'b'] as const) {
        const ports = sipps[side]
          .logged()
          .slice(0, -1)
          .flatMap((line) => /\bheld (\d+)$/.exec(line)?.[1] ?? [])
        for (const port of ports.slice(dialled[side])) phones.add(side, Number(port))
        dialled[side] = ports.length
      }
      return dialled.a === calls && dialled.b === calls ? true : undefined
    },
    (calls / rampRate + 60) * 1000,
    100,
  )
  assert.ok(all, `${dialled.a} callers and ${dialled.b} callees are talked to\n${sipps.a.complaints()}`)
}

/** What is held when nothing is under way any more: after transactions linger (32 s) and ports rest (30 s). */
function settled(server: B2buaServer): Promise<Holdings> {
  return server.holdingsWhen(({ counts }) => Object.values(counts).every((count) => count === 0), 75_000)
}

/** What the server holds, a dozen times. Each look collects garbage: without that, memory goes up and down by a third. */
async function watch(server: B2buaServer, seconds: number): Promise<Holdings[]> {
  const samples: Holdings[] = []
  const end = Date.now() + seconds * 1000
  for (let left = looks; left > 0; left--) {
    await sleep((end - Date.now()) / left)
    samples.push(await server.holdings())
  }
  return samples
}

/** The median of the last third is that of the third before; the first is left out, in which the run begins. */
function assertFlat(samples: readonly number[], what: string): void {
  const third = Math.floor(samples.length / 3)
  const median = (some: readonly number[]): number => [...some].sort((a, b) => a - b)[some.length >> 1]!
  const growth = median(samples.slice(-third)) / median(samples.slice(third, 2 * third)) - 1
  assert.ok(Math.abs(growth) <= mostGrowth, `${what} grew by ${(100 * growth).toFixed(1)} %`)
}

/** The threads that ran, or would have, for more than a hundredth of the time. */
function busiest(before: ReturnType<B2buaServer['threadTimes']>, after: typeof before, seconds: number): string {
  return [...after]
    .map(([name, { ran, waited }]) => {
      const { ran: ranBefore = 0, waited: waitedBefore = 0 } = before.get(name) ?? {}
      return { name, ran: (ran - ranBefore) / seconds, waited: (waited - waitedBefore) / seconds }
    })
    .filter(({ ran, waited }) => ran + waited > 0.01)
    .map(({ name, ran, waited }) => `${name} ${ran.toFixed(2)}+${waited.toFixed(2)}`)
    .join(', ')
}

/** Datagrams that found the queue of their socket full, since it was opened: those for the phones, and those for the server. */
function droppedDatagrams(): { phones: number; server: number } {
  const own = Object.values(mediaPorts)
  const dropped = { phones: 0, server: 0 }
  for (const line of readFileSync('/proc/net/udp', 'latin1').trim().split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const port = parseInt(fields[1]!.split(':')[1]!, 16)
    dropped[own.includes(port) ? 'phones' : 'server'] += Number(fields.at(-1))
  }
  return dropped
}

function subtract(later: ReturnType<typeof droppedDatagrams>, earlier: ReturnType<typeof droppedDatagrams>) {
  return { phones: later.phones - earlier.phones, server: later.server - earlier.server }
}
