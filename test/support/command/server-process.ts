import { type ChildProcess, spawn } from 'node:child_process'
import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { temporaryDirectory } from '../temporary-directory.ts'
import { until } from '../until.ts'
import { root } from './run-command.ts'

/** The server in a process of its own, started from the sources, with a folder for everything that it reads and writes. */
export class ServerProcess {
  readonly directory: string
  readonly configFile: string
  /** Everything that it wrote to standard output and standard error. */
  output = ''
  readonly #process: ChildProcess
  readonly #ended: Promise<number | null>

  private constructor(directory: string, args: readonly string[]) {
    this.directory = directory
    this.configFile = join(directory, 'flexisip.conf')
    this.#process = spawn(process.execPath, ['src/main.ts', '-c', this.configFile, ...args], { cwd: root })
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
    this.#ended = new Promise((resolve) => this.#process.on('close', resolve))
  }

  /**
   * Starts it; it is killed after the test, should it still run.
   * @param config flexisip.conf; `{dir}` stands for the server's folder
   * @param companion flexisip-b2bua.conf
   */
  static start(
    t: TestContext,
    { config, companion, args = [] }: { config: string; companion?: string; args?: readonly string[] },
  ): ServerProcess {
    const started: ServerProcess[] = []
    t.after(async () => {
      for (const server of started) {
        server.kill('SIGKILL')
        await server.ended
      }
    })
    const directory = temporaryDirectory(t)
    const fill = (text: string): string => text.replaceAll('{dir}', directory)
    writeFileSync(join(directory, 'flexisip.conf'), fill(config))
    if (companion !== undefined) writeFileSync(join(directory, 'flexisip-b2bua.conf'), fill(companion))
    const server = new ServerProcess(directory, args.map(fill))
    started.push(server)
    return server
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** The status with which it ends. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Waits until it wrote something, and returns the match. */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    const match = (): RegExpExecArray | null => pattern.exec(this.output)
    await until(() => match() !== null || this.#process.exitCode !== null, String(pattern)).catch((cause: unknown) => {
      throw new Error(`it only wrote:\n${this.output}`, { cause })
    })
    await setImmediate() // what it wrote last
    return match() ?? assert.fail(`it ended, and wrote ${pattern} not, but:\n${this.output}`)
  }

  /** The URI at which it takes calls, once it does. */
  async takesCalls(): Promise<string> {
    const [, address] = await this.wrote(/ runs listening=(\S+)/)
    return `sip:${address};transport=tcp`
  }

  /** Changes flexisip.conf by an editor's atomic save. */
  save(config: string): void {
    writeFileSync(`${this.configFile}.new`, config.replaceAll('{dir}', this.directory))
    renameSync(`${this.configFile}.new`, this.configFile)
  }

  /** What a file of its folder holds. */
  read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8')
  }

  /** Leaves it without a reader of its standard output. */
  closeOutput(): void {
    this.#process.stdout!.destroy()
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }
}
