import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { muLawTone } from '../interop/peers/g711.ts'
import { Sipp, type SippOptions, type SippResult } from '../interop/peers/sipp.ts'
import { B2buaServer, type Holdings } from '../interop/server/b2bua-server.ts'
import { scratchFolder } from '../interop/server/site.ts'

export type Transport = 'udp' | 'tcp'

/** The tone that callers with media send. */
export const toneHz = 1000

/** A SIPp that places calls, and how it fares. */
export type CallerOptions = Pick<SippOptions, 'scenario' | 'user' | 'domain' | 'rate' | 'calls' | 'atOnce' | 'pause'>

/** A caller that runs. */
export interface Caller {
  readonly label: string
  readonly sipp: Sipp
  /** How many calls it is to place. */
  readonly calls: number
  /** First of its {@link mediaPorts}. */
  readonly mediaPort: number
}

export const mediaPorts = 1000
const serverAddress = '127.0.0.1:6067'
const calleePort = 5060
/** After the last transaction of a call ends (RFC 3261: 32 s) and its media ports have rested (30 s), with some room. */
export const settleTime = 75_000

/**
 * The server between SIPps that call it and one that answers as its outbound proxy. Domain sdes.example gets SDES on leg B, every
 * other the mode of leg A, which is clear.
 */
export class Bench {
  readonly server: B2buaServer
  readonly folder: string
  readonly #transport: Transport
  readonly #callee: Sipp
  readonly #callers: Sipp[] = []

  private constructor(server: B2buaServer, folder: string, transport: Transport, callee: Sipp) {
    this.server = server
    this.folder = folder
    this.#transport = transport
    this.#callee = callee
  }

  /**
   * Runs a scenario. After it the callee must have had no failed call, and the server must stop with status 0; when the scenario
   * fails, everything is stopped as it is.
   */
  static async use(name: string, transport: Transport, scenario: (bench: Bench) => Promise<void>): Promise<void> {
    const bench = await Bench.#open(name, transport)
    try {
      await scenario(bench)
    } catch (error) {
      await bench.#abort()
      throw error
    }
    const { failed } = await bench.#callee.stop()
    const status = await bench.server.stop()
    assert.equal(failed, 0, `the callee's failed calls\n${bench.#callee.complaints()}`)
    assert.equal(status, 0, 'the server stops with status 0')
  }

  static async #open(name: string, transport: Transport): Promise<Bench> {
    const folder = scratchFolder(name)
    writeFileSync(join(folder, 'tone.ulaw'), muLawTone(toneHz, 1))
    const server = await B2buaServer.start({
      transport: `sip:${serverAddress};transport=${transport}`,
      outboundProxy: `sip:127.0.0.1:${calleePort};transport=${transport}`,
      folder: join(folder, 'b2bua'),
      encryptionRules: ['sdes .*@sdes\\.example'],
      // most calls carry no media: they must not be ended for that
      server: { 'max-calls': '2000', 'no-rtp-timeout': '600' },
      inspectorPort: 9229,
    })
    const callee = new Sipp({
      ...{ name: 'callee', folder, scenario: 'callee.xml', transport, port: calleePort, mediaPort: 6000 },
      ...{ pause: 200, echo: true },
    }).start()
    return new Bench(server, folder, transport, callee)
  }

  /** Starts a SIPp that calls. */
  caller(options: CallerOptions): Caller {
    const index = this.#callers.length
    const mediaPort = 8000 + mediaPorts * (index % 15)
    const label = `${options.scenario} to ${options.user ?? 'callee'}@${options.domain ?? 'load.example'}`
    const sipp = new Sipp({
      ...options,
      ...{ name: `caller-${index}`, folder: this.folder, transport: this.#transport, remote: serverAddress },
      ...{ port: 5200 + 10 * index, mediaPort },
    }).start()
    this.#callers.push(sipp)
    return { label, sipp, calls: options.calls ?? 0, mediaPort }
  }

  /**
   * Runs callers side by side to their end; none of their calls may fail.
   *
   * @param timeout milliseconds
   */
  async run(callers: readonly CallerOptions[], timeout: number): Promise<SippResult[]> {
    return this.finish(
      callers.map((options) => this.caller(options)),
      timeout,
    )
  }

  /** Waits for callers; none of their calls may fail. */
  async finish(running: readonly Caller[], timeout: number): Promise<SippResult[]> {
    const results = await Promise.all(running.map(({ sipp }) => sipp.finished(timeout)))
    results.forEach(({ created, successful, failed }, index) => {
      const { label, sipp, calls } = running[index]!
      assert.deepEqual(
        { created, successful, failed },
        { created: calls, successful: calls, failed: 0 },
        `${label}\n${sipp.complaints()}`,
      )
    })
    return results
  }

  /** What the server holds when nothing is under way any more, or after {@link settleTime}. */
  settled(): Promise<Holdings> {
    return this.server.settled(settleTime)
  }

  async #abort(): Promise<void> {
    await Promise.all([...this.#callers, this.#callee].map((sipp) => sipp.abort()))
    await this.server.stop()
  }
}

/**
 * Nothing that a call used is held any more: neither descriptor, socket, timer, map entry nor memory.
 * @param resident bytes of the process's memory that may be more: what was garbage is the allocator's for longer
 */
export function assertNothingLeft(base: Holdings, later: Holdings, resident = 48 * mebi): void {
  const told = `${describe(base)} before, ${describe(later)} after`
  assert.ok(
    Object.values(later.counts).every((count) => count === 0),
    told,
  )
  assert.ok(later.descriptors <= base.descriptors, `descriptors: ${told}`)
  assert.ok(later.sockets <= base.sockets, `sockets: ${told}`)
  assert.ok(timers(later) <= timers(base), `timers: ${told}`)
  // a call record of 1 KiB that stayed would be 10 MiB after 10,000 calls
  assert.ok(heapBytes(later) - heapBytes(base) < 4 * mebi, `heap: ${told}`)
  assert.ok(later.residentBytes - base.residentBytes < resident, `resident memory: ${told}`)
}

const mebi = 1024 * 1024

function timers({ heap }: Holdings): number {
  return heap?.resources['Timeout'] ?? 0
}

function heapBytes({ heap }: Holdings): number {
  return heap?.heapBytes ?? 0
}

/** One line for messages. */
export function describe(holdings: Holdings): string {
  const { descriptors, sockets, residentBytes, counts, heap } = holdings
  const mib = (bytes: number): string => `${(bytes / mebi).toFixed(1)} MiB`
  const held = Object.entries(counts).filter(([, count]) => count !== 0)
  return [
    `${descriptors} descriptors (${sockets} sockets)`,
    `${mib(residentBytes)} resident`,
    `${mib(heapBytes(holdings))} of heap`,
    `resources ${JSON.stringify(heap?.resources ?? {})}`,
    `counts ${JSON.stringify(Object.fromEntries(held))}`,
  ].join(', ')
}
