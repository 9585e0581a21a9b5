import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A process that is asked a line and answers one. */
export class Partner {
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

  /** Keeps all its threads on one core. */
  pin(core: number): void {
    spawnSync('taskset', ['-a', '-p', '-c', String(core), String(this.process.pid)])
  }

  /** Microseconds of CPU that all of its threads have used. */
  get cpu(): number {
    let nanoseconds = 0
    for (const task of readdirSync(`/proc/${this.process.pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${this.process.pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    return nanoseconds / 1000
  }

  /** Ends it with its input, or, as rtpengine does not read it, by a signal. */
  async end(): Promise<void> {
    if (this.process.spawnfile === 'rtpengine') this.process.kill('SIGTERM')
    else this.process.stdin!.end()
    if (this.process.exitCode === null && this.process.signalCode === null)
      await new Promise((resolve) => this.process.once('exit', resolve))
  }
}
