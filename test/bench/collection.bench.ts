/**
 * What it does to media when the main thread, which signals, collects garbage all the time: `node test/bench/collection.bench.ts`.
 * Two processes with one media worker each relay the same packets in turns, SDES to SDES; the main thread of one of them litters.
 * Medians are printed. It needs Linux. The phones keep one core busy: where there are only two, the worker and the main thread
 * share the other, and the worker goes first where it may (as root).
 */
import { type Collections } from './media/litter.ts'
import { type LoadResult } from './media/load-result.ts'
import { Partner } from './media/partner.ts'

const calls = 200
const rate = 20_000
const seconds = 2
const rounds = Number(process.env['ROUNDS'] ?? 5)
const pair = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']

const path = (name: string): string => new URL(`./media/${name}`, import.meta.url).pathname
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const load = new Partner(process.execPath, [path('load.ts'), calls, 160, ...pair])
const phones = (await load.line()).trim().split(' ')
const relays: { readonly partner: Partner; readonly ports: string; readonly results: LoadResult[] }[] = []
for (let i = 0; i < 2; i++) {
  const partner = new Partner(process.execPath, [path('relay-process.ts'), 'linux', 1, ...pair, ...phones])
  relays.push({ partner, ports: await partner.line(), results: [] })
}
const [quiet, littering] = relays as [(typeof relays)[0], (typeof relays)[0]]
const run = async ({ partner, ports, results }: typeof quiet): Promise<Collections> => {
  load.say(`to ${ports}`)
  partner.say('collections')
  await partner.line()
  load.say(`run ${rate} ${seconds}`)
  results.push(JSON.parse(await load.line()) as LoadResult)
  partner.say('collections')
  return JSON.parse(await partner.line()) as Collections
}
for (const relay of relays) await run(relay) // each learns its phones, and warms up
for (const { results } of relays) results.length = 0
const collections: Collections[] = []
for (let round = 0; round < rounds; round++) {
  await run(quiet)
  littering.partner.say('litter')
  collections.push(await run(littering))
  littering.partner.say('tidy')
}

console.log(`${calls} calls, ${rate} packets/s, median of ${rounds} interleaved rounds of ${seconds} s`)
for (const [name, { results }] of [
  ['the main thread idles', quiet],
  ['the main thread litters', littering],
] as const) {
  const of = (key: 'p50' | 'p99' | 'p999'): number => median(results.map((one) => one[key]))
  const lost = median(results.map(({ sent, received }) => 1 - received / sent))
  console.log(
    `${name.padEnd(24)} lost ${(100 * lost).toFixed(2)} %, delay p50 / p99 / p99.9, µs: ${of('p50')} / ${of('p99')} / ${of('p999')}`,
  )
}
const sum = median(collections.map((one) => one.sum)) / (10 * seconds)
console.log(
  `its collections: ${median(collections.map(({ count }) => count))} a round, ${sum.toFixed(0)} % of the time, ` +
    `the longest ${Math.max(...collections.map(({ longest }) => longest)).toFixed(0)} ms`,
)
await Promise.all([load.end(), ...relays.map(({ partner }) => partner.end())])
