/**
 * What it costs to relay a packet, through one media worker of the product with each driver, through the least that C can do,
 * and through rtpengine where it is installed, in user space with one thread:
 * `node test/bench/packet-io.bench.ts`. All run in turns against the same phones, in interleaved rounds; medians are printed.
 * Read the ratios. It needs Linux; docs/performance.md says how to choose less than everything.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadResult } from './media/load-result.ts'
import { Partner } from './media/partner.ts'
import { relayWord, sideOf, type Side } from './media/phone-keys.ts'
import { Rtpengine } from './media/rtpengine.ts'

const calls = 200
const ngPort = 22_222
const numbers = (name: string, otherwise: string): number[] => (process.env[name] ?? otherwise).split(',').map(Number)
const rounds = Number(process.env['ROUNDS'] ?? 5)
const seconds = Number(process.env['SECONDS'] ?? 1)
const rates = numbers('RATES', '10000,20000,40000,80000,120000')
const payloads = numbers('PAYLOADS', '160,1200')
/** Leg A's side and leg B's. */
const pairs = (
  process.env['PAIRS'] ??
  'none:none,none:AES_CM_128_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_80:AES_CM_128_HMAC_SHA1_32,' +
    'AES_256_CM_HMAC_SHA1_80:AES_256_CM_HMAC_SHA1_32,AEAD_AES_128_GCM:AEAD_AES_256_GCM'
)
  .split(',')
  .map((pair) => pair.split(':').map(sideOf) as [Side, Side])
/** Packets a second by which the search for the highest rate without loss goes up; 0: it is not looked for. */
const step = Number(process.env['STEP'] ?? 0)
const wanted = process.env['RELAYS']?.split(',')
/** Each on a core of its own where there are two: the phones on the second, whoever is measured on the first. */
const pinned = process.env['PIN'] !== undefined

const path = (name: string): string => new URL(`./media/${name}`, import.meta.url).pathname
const scratch = mkdtempSync(join(tmpdir(), 'packet-io-'))
const hasCompiler = spawnSync('cc', ['-O2', '-o', join(scratch, 'relay'), path('relay.c')]).status === 0
const hasRtpengine = spawnSync('rtpengine', ['--version']).status === 0

interface Measurement extends LoadResult {
  /** Microseconds of CPU a packet. */
  readonly cpu: number
}

/** What relays, and the ports to which the phones send. */
interface Relay {
  readonly partner: Partner
  readonly ports: string
  readonly close?: () => void
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

async function startRtpengine(phones: readonly string[], pair: readonly [Side, Side]): Promise<Relay> {
  const partner = new Partner('rtpengine', [
    ...['--foreground', '--log-stderr', '--log-level=3', '--table=-1', '--num-threads=1', '--no-fallback'],
    ...['--interface=127.0.0.1', `--listen-ng=127.0.0.1:${ngPort}`, '--port-min=20000', '--port-max=29999'],
  ])
  const ng = await Rtpengine.reach(ngPort)
  const ports: number[] = []
  for (let call = 0; call < calls; call++) {
    ports.push(...(await ng.call(call, [Number(phones[2 * call]), Number(phones[2 * call + 1])], pair)))
  }
  return { partner, ports: ports.join(' '), close: () => ng.close() }
}

async function startRelays(phones: readonly string[], pair: readonly [Side, Side]): Promise<Map<string, Relay>> {
  const relays = new Map<string, Relay>()
  const isWanted = (name: string): boolean => wanted?.includes(name) ?? true
  const add = async (name: string, partner: Partner): Promise<void> => {
    relays.set(name, { partner, ports: (await partner.line()).trim() })
  }
  if (hasCompiler && isWanted('C')) {
    const words = pair.flatMap((side) => [relayWord('phones', side), relayWord('relay', side)])
    await add('C', new Partner(join(scratch, 'relay'), [calls, ...words]))
  }
  if (hasRtpengine && isWanted('rtpengine')) relays.set('rtpengine', await startRtpengine(phones, pair))
  for (const [name, driver, pause] of [
    ['linux', 'linux', 1],
    ['linux, no pause', 'linux', 0],
    ['dgram', 'dgram', 1],
    ['dgram, no pause', 'dgram', 0],
  ] as const) {
    if (!isWanted(name)) continue
    await add(name, new Partner(process.execPath, [path('relay-process.ts'), driver, pause, ...pair, ...phones]))
  }
  if (pinned) for (const { partner } of relays.values()) partner.pin(0)
  return relays
}

async function measurePair(pair: readonly [Side, Side], payload: number): Promise<void> {
  const load = new Partner(process.execPath, [path('load.ts'), calls, payload, ...pair])
  if (pinned) load.pin(1)
  const phones = (await load.line()).trim().split(' ')
  const relays = await startRelays(phones, pair)
  const measure = async (name: string, rate: number, duration: number): Promise<Measurement> => {
    const { partner, ports } = relays.get(name)!
    load.say(`to ${ports}`)
    const before = partner.cpu
    load.say(`run ${rate} ${duration}`)
    const result = JSON.parse(await load.line()) as LoadResult
    return { ...result, cpu: (partner.cpu - before) / result.received }
  }
  for (const name of relays.keys()) await measure(name, 20_000, 2) // each learns its phones, and warms up
  for (const name of step > 0 ? relays.keys() : []) {
    const lossless = await highestRate(async (rate) => {
      const { sent, received, seconds: took } = await measure(name, rate, 2)
      return received >= 0.9999 * sent && took <= 2.02
    })
    console.log(`${pair.join(' – ')}, ${payload} bytes, ${name}: no loss up to ${lossless} packets/s`)
  }
  for (const rate of rates) {
    const found = new Map<string, Measurement[]>([...relays.keys()].map((name) => [name, []]))
    for (let round = 0; round < rounds; round++)
      for (const [name, list] of found) list.push(await measure(name, rate, seconds))
    const of = (name: string, key: keyof Measurement): number | undefined => {
      const list = found.get(name)
      return list && median(list.map((one) => one[key]))
    }
    for (const [name, list] of found) {
      const cpu = of(name, 'cpu')!
      const ratio = (base: string): string => {
        const other = of(base, 'cpu')
        return other === undefined ? '-' : (cpu / other).toFixed(2)
      }
      const lost = 100 * median(list.map(({ sent, received }) => 1 - received / sent))
      const delay = (['p50', 'p99', 'p999'] as const).map((key) => of(name, key)).join(' / ')
      console.log(
        `| ${pair.join(' – ')} | ${payload} | ${rate} | ${name} | ${cpu.toFixed(2)} | ${ratio('C')} | ${ratio('rtpengine')} | ` +
          `${lost.toFixed(2)} % | ${delay} |`,
      )
    }
  }
  for (const { close } of relays.values()) close?.()
  await Promise.all([load, ...[...relays.values()].map(({ partner }) => partner)].map((partner) => partner.end()))
}

/** The highest rate that goes well at least once in three times; phones that cannot keep up with it do not go well. */
async function highestRate(goesWell: (rate: number) => Promise<boolean>): Promise<number> {
  const works = async (rate: number): Promise<boolean> =>
    (await goesWell(rate)) || (await goesWell(rate)) || (await goesWell(rate))
  let rate = 6 * step
  if (!(await works(rate))) {
    do rate -= step
    while (rate > 0 && !(await works(rate)))
    return rate
  }
  while (await works(rate + step)) rate += step
  return rate
}

console.log(`${calls} calls, median of ${rounds} interleaved rounds of ${seconds} s`)
if (!hasCompiler) console.log('no C compiler: no relay in C')
if (!hasRtpengine) console.log('no rtpengine (apt-get install rtpengine-daemon)')
console.log(
  '| sides | payload | packets/s | relay | CPU, µs | × C | × rtpengine | lost | delay p50 / p99 / p99.9, µs |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const pair of pairs) for (const payload of payloads) await measurePair(pair, payload)
rmSync(scratch, { recursive: true })
