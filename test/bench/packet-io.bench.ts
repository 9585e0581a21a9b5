/**
 * What it costs to relay a packet that is not encrypted, through one media worker of the product, with each driver, and
 * through the least that C can do: `node test/bench/packet-io.bench.ts`. All run in turns against the same phones, in
 * interleaved rounds; medians are printed. Read the ratios. It needs Linux, and a compiler for the relay in C.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type LoadResult } from './media/load-result.ts'

const calls = 200
const rounds = Number(process.env['ROUNDS'] ?? 5)
const seconds = Number(process.env['SECONDS'] ?? 1.5)
const rates = (process.env['RATES'] ?? '1000,20000,80000').split(',').map(Number)
const payload = 160
const path = (name: string): string => new URL(`./media/${name}`, import.meta.url).pathname

/** A process that is asked a line and answers one. */
class Partner {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(command: string, words: readonly (string | number)[]) {
    this.process = spawn(command, words.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error(`${this.process.spawnfile} has ended`)
    return next.value
  }

  say(line: string): void {
    this.process.stdin!.write(`${line}\n`)
  }

  /** Microseconds of CPU that all of its threads have used. */
  get cpu(): number {
    let nanoseconds = 0
    for (const task of readdirSync(`/proc/${this.process.pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${this.process.pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    return nanoseconds / 1000
  }

  async end(): Promise<void> {
    this.process.stdin!.end()
    if (this.process.exitCode === null) await new Promise((resolve) => this.process.once('exit', resolve))
  }
}

interface Measurement extends LoadResult {
  /** Microseconds of CPU a packet. */
  readonly cpu: number
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

const scratch = mkdtempSync(join(tmpdir(), 'packet-io-'))
const load = new Partner(process.execPath, [path('load.ts'), calls, payload])
const phones = (await load.line()).trim().split(' ')
const relays = new Map<string, Partner>()
if (spawnSync('cc', ['-O2', '-o', join(scratch, 'relay'), path('relay.c')]).status === 0)
  relays.set('C', new Partner(join(scratch, 'relay'), [calls]))
else console.log('no C compiler: the ratios are to the first line')
const worker = (driver: string, pause: number): Partner =>
  new Partner(process.execPath, [path('relay-process.ts'), driver, pause, ...phones])
relays.set('linux', worker('linux', 1))
relays.set('linux, no pause', worker('linux', 0))
relays.set('dgram', worker('dgram', 0))

const ports = new Map<string, string>()
for (const [name, relay] of relays) ports.set(name, (await relay.line()).trim())

async function measure(name: string, rate: number, duration: number): Promise<Measurement> {
  const relay = relays.get(name)!
  load.say(`to ${ports.get(name)!}`)
  const before = relay.cpu
  load.say(`run ${rate} ${duration}`)
  const result = JSON.parse(await load.line()) as LoadResult
  return { ...result, cpu: (relay.cpu - before) / result.received }
}

for (const name of relays.keys()) await measure(name, 20_000, 1) // each learns its phones, and warms up

console.log(`${calls} calls, ${payload} bytes of payload, median of ${rounds} interleaved rounds of ${seconds} s`)
console.log('packets/s   relay               µs of CPU    ratio   lost   delay p50 / p99 / p99.9, µs')
for (const rate of rates) {
  const found = new Map<string, Measurement[]>([...relays.keys()].map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, list] of found) list.push(await measure(name, rate, seconds))
  const base = median([...found.values()][0]!.map(({ cpu }) => cpu))
  for (const [name, list] of found) {
    const of = (key: keyof Measurement): number => median(list.map((one) => one[key]))
    const lost = median(list.map(({ sent, received }) => 1 - received / sent))
    console.log(
      String(rate).padStart(9),
      ' ',
      name.padEnd(18),
      of('cpu').toFixed(2).padStart(9),
      (of('cpu') / base).toFixed(2).padStart(8),
      `${(100 * lost).toFixed(1)} %`.padStart(7),
      '  ',
      [of('p50'), of('p99'), of('p999')].join(' / '),
    )
  }
}
const idle = [...relays].map(([name, relay]) => ({ name, relay, cpu: relay.cpu }))
await new Promise((resolve) => setTimeout(resolve, 3000))
const shares = idle.map(({ name, relay, cpu }) => `${name} ${((relay.cpu - cpu) / 30_000).toFixed(2)} %`)
console.log('of a core without a packet:', shares.join(', '))

await Promise.all([load, ...relays.values()].map((partner) => partner.end()))
rmSync(scratch, { recursive: true })
