import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { locatePeer, PeerProcess } from './peer-process.ts'

export interface SippOptions {
  readonly name: string
  /** Scratch folder; also where a scenario finds the files that it plays. */
  readonly folder: string
  /** A file of sipp/, or the full path of another one. */
  readonly scenario: string
  readonly transport: 'udp' | 'tcp'
  readonly port: number
  /** First media port. */
  readonly mediaPort: number
  /** address:port that it calls; a scenario that answers has none. */
  readonly remote?: string
  /** What a scenario that leaves media to others writes as `[elsewhere]`: their port. */
  readonly elsewhere?: number
  /** User and domain that it calls. */
  readonly user?: string
  readonly domain?: string
  /** Calls a second. */
  readonly rate?: number
  /** Calls in all. */
  readonly calls?: number
  /** Most calls at a time. */
  readonly atOnce?: number
  /** Length of each `<pause/>` in milliseconds. */
  readonly pause?: number
  /** How long each message may take to come, in milliseconds; without limit by default. */
  readonly receiveTimeout?: number
  /** What the scenario finds as [name]. */
  readonly keys?: Readonly<Record<string, string>>
  /** Keeps every message, in `<name>.msg`. */
  readonly messages?: boolean
  /** Sends RTP back to where it came from. */
  readonly echo?: boolean
  /** What its scenario logs is kept, to be read by {@link Sipp.logged}. */
  readonly logs?: boolean
}

/** What SIPp counted. */
export interface SippResult {
  readonly created: number
  readonly successful: number
  readonly failed: number
  /** Of requests and final responses, over UDP. */
  readonly retransmissions: number
}

const scenarios = fileURLToPath(new URL('../sipp', import.meta.url))

/** One SIPp, placing or answering calls by a scenario. */
export class Sipp {
  readonly #statistics: string
  readonly #errors: string
  readonly #log: string
  readonly #process: PeerProcess

  constructor(options: SippOptions) {
    const {
      name,
      folder,
      scenario,
      transport,
      port,
      mediaPort,
      remote,
      user = 'callee',
      domain = 'load.example',
    } = options
    const { rate, calls, atOnce, pause = 0, echo = false, logs = false, elsewhere } = options
    const { receiveTimeout, keys = {}, messages = false } = options
    mkdirSync(folder, { recursive: true })
    this.#statistics = join(folder, `${name}.csv`)
    this.#errors = join(folder, `${name}.err`)
    this.#log = join(folder, `${name}.log`)
    this.#process = new PeerProcess({
      name,
      command: locatePeer('sipp'),
      args: [
        ...['-sf', resolve(scenarios, scenario), '-nostdin', '-t', transport === 'tcp' ? 't1' : 'u1'],
        ...['-i', '127.0.0.1', '-p', `${port}`, '-mi', '127.0.0.1', '-mp', `${mediaPort}`],
        ...['-trace_stat', '-stf', this.#statistics, '-fd', '1', '-trace_err', '-error_file', this.#errors],
        ...['-s', user, '-key', 'domain', domain, '-d', `${pause}`, '-buff_size', '1048576'],
        ...(elsewhere === undefined ? [] : ['-key', 'elsewhere', `${elsewhere}`]),
        ...(rate === undefined ? [] : ['-r', `${rate}`]),
        ...(calls === undefined ? [] : ['-m', `${calls}`]),
        ...(atOnce === undefined ? [] : ['-l', `${atOnce}`]),
        ...(receiveTimeout === undefined ? [] : ['-recv_timeout', `${receiveTimeout}`]),
        ...Object.entries(keys).flatMap(([key, value]) => ['-key', key, value]),
        ...(messages ? ['-trace_msg', '-message_file', join(folder, `${name}.msg`)] : []),
        ...(echo ? ['-rtp_echo'] : []),
        ...(logs ? ['-trace_logs', '-log_file', this.#log] : []),
        ...(remote === undefined ? [] : [remote]),
      ],
      cwd: folder,
      outFile: join(folder, `${name}.out`),
    })
  }

  start(): this {
    this.#process.start()
    return this
  }

  /**
   * Waits until all calls have ended.
   *
   * @throws Error when that takes longer than `timeout` milliseconds
   */
  async finished(timeout: number): Promise<SippResult> {
    await this.#process.finished(timeout)
    return this.result()
  }

  /** Ends one that answers: it takes no further calls and waits some seconds for the last ones. */
  async stop(): Promise<SippResult> {
    this.#process.signal('SIGUSR1')
    await this.#process.finished(5000)
    return this.result()
  }

  /** Ends it with whatever calls it has. */
  abort(): Promise<void> {
    return this.#process.stop()
  }

  /** Its counters, at most a second old while it runs. */
  result(): SippResult {
    const [names = '', ...rows] = readFileSync(this.#statistics, 'latin1').trim().split('\n')
    const values = (rows.at(-1) ?? '').split(';')
    const read = (name: string): number => {
      const index = names.split(';').indexOf(name)
      if (index < 0) throw new Error(`${this.#statistics} has no column ${name}`)
      return Number(values[index])
    }
    return {
      created: read('TotalCallCreated'),
      successful: read('SuccessfulCall(C)'),
      failed: read('FailedCall(C)'),
      retransmissions: read('Retransmissions(C)'),
    }
  }

  /** What its scenario has logged so far, line by line; the last may be half a line. */
  logged(): string[] {
    return textOf(this.#log).split('\n')
  }

  /** The first lines of what it complains of, for messages. */
  complaints(): string {
    return textOf(this.#errors).slice(0, 2000)
  }
}

/** What is in a file that may not be there yet. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
