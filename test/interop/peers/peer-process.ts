import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, createWriteStream, mkdirSync, readFileSync, type WriteStream } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { poll } from './poll.ts'

/** The Debian package of each program that the tests drive; install-peers.sh has the same list. */
const packages: Readonly<Record<string, string>> = {
  linphonec: 'linphone-cli',
  baresip: 'baresip-core',
  sipp: 'sip-tester',
  kamailio: 'kamailio',
  tcpdump: 'tcpdump',
  ss: 'iproute2',
  chromium: 'chromium',
}

/**
 * Where a peer program is. Debian keeps some in /usr/sbin, which not every PATH has.
 *
 * @throws Error that says what to install: a run without a peer must fail, not skip quietly.
 */
export function locatePeer(program: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  for (const folder of folders) {
    const file = join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
  const name = packages[program] ?? program
  throw new Error(
    `the interop tests need '${program}', which is not on this machine: run test/interop/install-peers.sh as root (apt-get install ${name})`,
  )
}

const alive = new Set<PeerProcess>()
// a peer must never outlive the run: what is left is killed by the process groups that were started here
process.on('exit', () => {
  for (const peer of alive) peer.signal('SIGKILL')
})
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(status))

export interface PeerProcessOptions {
  /** How messages name it. */
  readonly name: string
  /** Full path, or a name that PATH finds. */
  readonly command: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Everything that it prints is kept here as well. */
  readonly outFile?: string
}

/** How a process ended: its status, the signal that ended it, or why it could not be started. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: string
}

interface Waiter {
  check(): void
  gone(): void
}

/** A child process in a process group of its own whose output can be waited for. */
export class PeerProcess {
  readonly name: string
  /** Standard output and error so far, as they came. */
  text = ''
  end: ProcessEnd | undefined

  readonly #options: PeerProcessOptions
  readonly #waiters = new Set<Waiter>()
  #child: ChildProcess | undefined
  #out: WriteStream | undefined

  constructor(options: PeerProcessOptions) {
    this.#options = options
    this.name = options.name
  }

  start(): this {
    const { command, args = [], env, cwd, outFile } = this.#options
    if (outFile !== undefined) {
      mkdirSync(dirname(outFile), { recursive: true })
      this.#out = createWriteStream(outFile)
    }
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    alive.add(this)
    // a peer that ends while a line is written to it is reported by its exit
    child.stdin.on('error', (error) => this.#append(`[stdin: ${error.message}]\n`))
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#append(chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => this.#append(chunk))
    child.on('error', (error) => this.#ended({ code: null, signal: null, error: error.message }))
    child.on('close', (code, signal) => this.#ended({ code, signal }))
    return this
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.name} is not running`)
    return pid
  }

  /** Writes a line to its standard input. */
  send(line: string): void {
    this.#child?.stdin?.write(`${line}\n`)
  }

  /** The present end of the output, to wait only for what comes after it. */
  mark(): number {
    return this.text.length
  }

  /**
   * Waits for something in the output, from `from` (see {@link mark}) on.
   *
   * @throws Error with the end of the output when `timeout` milliseconds pass or the process ends before.
   */
  waitFor(
    pattern: RegExp,
    options: { readonly timeout?: number; readonly from?: number } = {},
  ): Promise<RegExpExecArray> {
    const { timeout = 10_000, from = 0 } = options
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        how()
      }
      const fail = (what: string): void =>
        settle(() => reject(new Error(`${this.name}: ${what}\n${this.text.slice(-3000)}`)))
      const waiter: Waiter = {
        check: () => {
          const match = pattern.exec(this.text.slice(from))
          if (match) settle(() => resolve(match))
        },
        gone: () => fail(`ended (${JSON.stringify(this.end)}) before ${pattern.source}`),
      }
      const timer = setTimeout(() => fail(`no ${pattern.source} within ${timeout} ms`), timeout)
      this.#waiters.add(waiter)
      waiter.check()
      if (this.end && this.#waiters.has(waiter)) waiter.gone()
    })
  }

  /** Waits until it has ended by itself; kills it and throws after `timeout` milliseconds. */
  async finished(timeout: number): Promise<ProcessEnd> {
    const end = await this.#gone(timeout)
    if (end) return end
    await this.stop()
    throw new Error(`${this.name}: still running after ${timeout} ms\n${this.text.slice(-3000)}`)
  }

  /** Signals the whole process group: some peers (Kamailio) have children of their own. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined || this.end) return
    try {
      process.kill(-pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** Asks it to end (by a line on its standard input, or SIGTERM), and kills what is left after `grace` milliseconds. */
  async stop(options: { readonly line?: string; readonly grace?: number } = {}): Promise<void> {
    const { line, grace = 3000 } = options
    if (!this.#child || this.end) return
    if (line === undefined) this.#child.kill('SIGTERM')
    else this.send(line)
    if (await this.#gone(grace)) return
    this.signal('SIGKILL')
    await this.#gone(1000)
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))
    if (!match) throw new Error(`${this.name}: no VmRSS`)
    return Number(match[1]) * 1024
  }

  /** How it ended, or `undefined` when it runs on after `timeout` milliseconds. */
  #gone(timeout: number): Promise<ProcessEnd | undefined> {
    return poll(() => this.end, timeout, 20)
  }

  #append(text: string): void {
    this.text += text
    this.#out?.write(text)
    for (const waiter of [...this.#waiters]) waiter.check()
  }

  #ended(end: ProcessEnd): void {
    if (this.end) return
    this.end = end
    alive.delete(this)
    this.#out?.end()
    for (const waiter of [...this.#waiters]) waiter.gone()
  }
}
