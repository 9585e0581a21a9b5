import { createWriteStream, fstatSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Writable } from 'node:stream'
import winston from 'winston'
import { systemClock } from '../base/clock.ts'
import { CodedError } from '../base/coded-error.ts'
import { type LogLevel, logLevels, syslogPriorities } from './log-level.ts'
import { formatLogLine, type LogFields } from './log-line.ts'
import { type LogLine, LogSink } from './log-sink.ts'
import { makeDirectory } from './make-directory.ts'
import { openSyslog } from './syslog.ts'

/** A place that lines go to. */
type PlaceName = 'console' | 'file' | 'syslog'

/** The level of each place. */
export type LogLevels = Readonly<Record<PlaceName, LogLevel>>

/** Where log lines go. */
export interface LogOptions {
  readonly levels: LogLevels
  /** Lines on standard output; under systemd with priorities that journald understands. */
  readonly console: boolean
  /** Path of the log file; none when absent. */
  readonly file?: string
  readonly syslog: boolean
}

/** A log file that cannot be written, when there is nothing else to log to. */
export class LogError extends CodedError {}

/** Milliseconds after which a log file or syslog that failed is tried again. */
const retry = 10_000

/** What an operator can do about a place that fails. */
const remedies: Readonly<Record<PlaceName, string>> = {
  console: 'start with --disable-stdout where nobody reads standard output',
  file: 'set global/log-directory to a folder that can be written',
  syslog: 'start without --syslog where there is no syslogd',
}

/**
 * The log of the process, on winston. A line is `time level text key=value …`. Logging never waits and never fails: what a
 * place cannot take in time is dropped and counted (see {@link LogSink}), and of a place that fails the others are told.
 */
export class Log {
  readonly #logger: winston.Logger
  readonly #places = new Map<
    PlaceName,
    { readonly transport: winston.transports.StreamTransportInstance; readonly sink: LogSink }
  >()
  /** What was last said of a place that failed, so that it is not said again and again. */
  readonly #failures = new Map<PlaceName, string>()
  #levels: LogLevels
  /** Rank of the most talkative place: other lines need not be formatted. */
  #highest = -1

  /** @throws LogError when the file cannot be made and there is neither console nor syslog to say so on */
  constructor({ levels, console, file, syslog }: LogOptions) {
    this.#levels = levels
    this.#logger = winston.createLogger({
      levels: logLevels,
      level: 'debug',
      // lines come here as they are to be written; winston's default would make JSON of each
      format: winston.format((line) => line)(),
      transports: [],
      exitOnError: false,
    })
    const journal = stdoutIsJournal()
    if (console) this.#add('console', () => process.stdout, journal ? withPriority : withTime)
    if (syslog && !journal) this.#add('syslog', openSyslog, withPriority)
    if (syslog && journal && !console) this.#add('syslog', () => process.stdout, withPriority)
    if (file !== undefined) this.#add('file', () => openFile(file), withTime)
    const failure = this.#failures.get('file')
    if (failure !== undefined && !console && !syslog) throw new LogError('LOG_FILE', failure)
  }

  error(text: string, fields?: LogFields): void {
    this.#write('error', text, fields)
  }

  warning(text: string, fields?: LogFields): void {
    this.#write('warning', text, fields)
  }

  message(text: string, fields?: LogFields): void {
    this.#write('message', text, fields)
  }

  debug(text: string, fields?: LogFields): void {
    this.#write('debug', text, fields)
  }

  /** What is logged from here on. */
  setLevels(levels: LogLevels): void {
    this.#levels = levels
    this.#highest = -1
    for (const [name, { transport }] of this.#places) {
      transport.level = levels[name]
      this.#highest = Math.max(this.#highest, logLevels[levels[name]])
    }
  }

  /** Opens the log file anew: what logrotate asks for with SIGHUP. Lines that are still on their way reach the old file. */
  reopen(): void {
    const file = this.#places.get('file')
    if (file === undefined) return
    this.#failures.clear()
    file.sink.reopen()
    if (!this.#failures.has('file')) this.message('log file reopened')
  }

  /** Writes what is buffered and lets go of files and processes; lines that come later are lost. */
  async close(): Promise<void> {
    this.#highest = -1
    const finished = new Promise<void>((resolve) => this.#logger.once('finish', () => resolve()))
    this.#logger.end()
    await finished
    await Promise.all([...this.#places.values()].map(({ sink }) => sink.finish()))
  }

  #write(level: LogLevel, text: string, fields?: LogFields): void {
    if (logLevels[level] > this.#highest) return
    const line: LogLine = { level, message: formatLogLine(text, fields), time: new Date().toISOString() }
    this.#logger.log(line)
  }

  #add(name: PlaceName, open: () => Writable, prefix: (level: LogLevel, time: string) => string): void {
    const sink = new LogSink({
      open,
      prefix,
      onFailure: (error) => this.#failed(name, error),
      retry: name === 'console' ? Infinity : retry,
      clock: systemClock,
    })
    const transport = new winston.transports.Stream({ stream: sink })
    this.#places.set(name, { transport, sink })
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its own class as an interface
    this.#logger.add(transport)
    this.setLevels(this.#levels)
  }

  #failed(name: PlaceName, error: Error): void {
    const text = `the log cannot be written to the ${name}: ${error.message}; ${remedies[name]}`
    if (this.#failures.get(name) === text) return
    this.#failures.set(name, text)
    this.warning(text)
  }
}

function openFile(path: string): Writable {
  makeDirectory(dirname(path), 0o750)
  return createWriteStream(path, { fd: openSync(path, 'a', 0o640) })
}

/** Whether standard output is the journal itself: JOURNAL_STREAM is also inherited by terminals (systemd.exec(5)). */
function stdoutIsJournal(): boolean {
  const { dev, ino } = fstatSync(1)
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`
}

function withTime(level: LogLevel, time: string): string {
  return `${time} ${level.padEnd(7)} `
}

function withPriority(level: LogLevel): string {
  return `<${syslogPriorities[level]}>`
}
