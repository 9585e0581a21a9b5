import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PeerProcess } from '../peers/peer-process.ts'
import { poll } from '../peers/poll.ts'
import { cpuSeconds, threadTimes, type ThreadTimes } from './cpu-seconds.ts'
import { Inspector, type Heaps, type HeapState } from './inspector.ts'
import { flexisipConf, saveAtomically, type FlexisipConf } from './flexisip-conf.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface B2buaServerOptions extends FlexisipConf {
  /** More of the command line, such as `--set`. */
  readonly args?: readonly string[]
  /** TCP port of Node's inspector, by which {@link Holdings} tells the heap and the timers too. */
  readonly inspectorPort?: number
}

/** What a process holds. */
export interface Holdings {
  readonly descriptors: number
  /** Of the descriptors, those that are sockets. */
  readonly sockets: number
  readonly residentBytes: number
  /** The server's own counters, by name: calls, dialogs, transactions, media ports … */
  readonly counts: Readonly<Record<string, number>>
  /** When there is an inspector. */
  readonly heap: HeapState | undefined
}

/** The driver of media's sockets that all tests shall run with, e.g. `PACKET_IO=dgram make interop`. */
const packetIo = process.env['PACKET_IO']

/** How long the server may take to start, in milliseconds; it reads its sources on a machine that may be busy. */
const startTimeout = 20_000

/** The server under test, started from the sources as an operator starts it. */
export class B2buaServer {
  readonly configFile: string
  #conf: FlexisipConf
  readonly #process: PeerProcess
  #inspector: Inspector | undefined

  private constructor(options: B2buaServerOptions) {
    this.#conf = options
    this.configFile = join(options.folder, 'flexisip.conf')
    mkdirSync(options.folder, { recursive: true })
    saveAtomically(this.configFile, flexisipConf(options))
    const { inspectorPort } = options
    const inspect = inspectorPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectorPort}`]
    this.#process = new PeerProcess({
      name: 'flexisip-b2bua',
      command: process.execPath,
      args: [
        ...inspect,
        'src/main.ts',
        '--server',
        options.standalone === undefined ? 'b2bua' : 'all',
        '-c',
        this.configFile,
        ...(packetIo === undefined ? [] : ['--set', `b2bua/packet-io=${packetIo}`]),
        ...(options.args ?? []),
      ],
      cwd: root,
      outFile: join(options.folder, 'b2bua.out'),
    })
  }

  /** Starts it and waits until it takes calls. */
  static async start(options: B2buaServerOptions): Promise<B2buaServer> {
    const server = new B2buaServer(options)
    server.#process.start()
    try {
      if (options.inspectorPort !== undefined) server.#inspector = await Inspector.attach(options.inspectorPort)
      await server.#process.waitFor(/ runs\b.*listening=/, { timeout: startTimeout })
    } catch (error) {
      await server.#process.stop()
      throw error
    }
    return server
  }

  /** Everything that it printed. */
  get output(): string {
    return this.#process.text
  }

  /** Changes some of the configuration file by an editor's atomic save; the server watches it. */
  save(change: Partial<FlexisipConf>): void {
    this.#conf = { ...this.#conf, ...change }
    saveAtomically(this.configFile, flexisipConf(this.#conf))
  }

  /** Waits until it has written this. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#process.waitFor(pattern, { timeout: 5000 })
  }

  /** What it holds at this moment. */
  async holdings(): Promise<Holdings> {
    // first: it collects garbage, which may close what nobody refers to
    const heap = await this.#inspector?.state()
    const { residentBytes, counts } = await this.usage()
    const links = readdirSync(`/proc/${this.#process.pid}/fd`).map((fd) => linkOf(this.#process.pid, fd))
    const open = links.filter((link) => link !== undefined)
    return {
      descriptors: open.length,
      sockets: open.filter((link) => link.startsWith('socket:')).length,
      residentBytes,
      counts,
      heap,
    }
  }

  /** The part of {@link holdings} that costs it hardly anything to tell. */
  async usage(): Promise<Pick<Holdings, 'residentBytes' | 'counts'>> {
    const from = this.#process.mark()
    process.kill(this.#process.pid, 'SIGUSR2')
    const [line] = await this.#process.waitFor(/^.*\bcounts\b.*=.*$/m, { from, timeout: 30_000 })
    const counts = Object.fromEntries(
      [...line.matchAll(/([\w-]+)=(\d+)\b/g)].map(([, key = '', value]) => [key, Number(value)] as const),
    )
    return { residentBytes: this.#process.residentBytes(), counts }
  }

  /** The same with the size of its heaps, garbage included, where there is an inspector. */
  async memory(): Promise<Pick<Holdings, 'residentBytes' | 'counts'> & { readonly heaps: Heaps | undefined }> {
    return { ...(await this.usage()), heaps: await this.#inspector?.heaps() }
  }

  /** What it holds when nothing is under way any more, or after `timeout` milliseconds. */
  settled(timeout: number): Promise<Holdings> {
    return this.holdingsWhen(({ counts }) => Object.values(counts).every((count) => count === 0), timeout)
  }

  /** Waits until it holds what `settled` asks for; returns what it holds then, or after `timeout` milliseconds. */
  async holdingsWhen(settled: (holdings: Holdings) => boolean, timeout: number): Promise<Holdings> {
    const settledThen = await poll(
      async () => {
        const holdings = await this.holdings()
        return settled(holdings) ? holdings : undefined
      },
      timeout,
      1000,
    )
    return settledThen ?? this.holdings()
  }

  /** Keeps all its threads, those to come included, on one core. */
  pin(core: number): void {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(this.#process.pid)])
  }

  /** What its threads have used of the processors so far. */
  threadTimes(): ReadonlyMap<string, ThreadTimes> {
    return threadTimes(this.#process.pid)
  }

  /** CPU seconds used so far, user and system. */
  cpuSeconds(): number {
    return cpuSeconds(this.#process.pid)
  }

  /**
   * Stops it as a service manager does.
   * @returns its exit status, which is 0 for a clean stop
   */
  async stop(): Promise<number | null> {
    this.#inspector?.close()
    // calls in progress get shutdown-grace (5 s) and their BYEs some more
    await this.#process.stop({ grace: 12_000 })
    return this.#process.end?.code ?? null
  }
}

/** What a descriptor of a process is; `undefined` when it was closed in between. */
function linkOf(pid: number, descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
