import { createWriteStream, fstatSync, mkdirSync, openSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { spawn, type ChildProcess } from 'node:child_process'
import winston from 'winston'
import { CodedError } from '../base/coded-error.ts'

/** Flexisip's log levels, the gravest first (reference: cli-and-services §6). */
export type LogLevel = 'error' | 'warning' | 'message' | 'debug'

const levels: Readonly<Record<LogLevel, number>> = { error: 0, warning: 1, message: 2, debug: 3 }

/** Syslog priorities of the levels (RFC 5424 §6.2.1): what journald and logger(1) read from `<N>` before a line. */
const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, message: 5, debug: 7 }

/** Where log lines go. */
export interface LogOptions {
  /** Level of the file and of the console. */
  readonly level: LogLevel
  /** Level of syslog. */
  readonly syslogLevel: LogLevel
  /** Lines on standard output; under systemd with priorities that journald understands. */
  readonly console: boolean
  /** Path of the log file; none when absent. */
  readonly file?: string
  readonly syslog: boolean
}

/** A log file or syslog that cannot be opened. */
export class LogError extends CodedError {}

/** Named values of a log line, which stand behind its text; never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * The log of the process, on winston. A line is `time level text key=value …`; control characters of peers are escaped,
 * so that nobody can forge a line.
 */
export class Log {
  readonly #options: LogOptions
  readonly #logger: winston.Logger
  #file: winston.transport | undefined
  #fileStream: WriteStream | undefined
  #syslog: ChildProcess | undefined

  /** @throws LogError when the file cannot be made and there is no console to say so on */
  constructor(options: LogOptions) {
    this.#options = options
    this.#logger = winston.createLogger({ levels, level: 'debug', transports: [], exitOnError: false })
    if (options.console) {
      this.#logger.add(
        new winston.transports.Stream({
          stream: process.stdout,
          level: options.level,
          format: stdoutIsJournal() ? withPriority : withTime,
        }),
      )
    }
    if (options.syslog) this.#openSyslog()
    if (options.file !== undefined) this.#openFile(options.file)
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

  /** Opens the log file anew: what logrotate asks for with SIGHUP. Lines that are still on their way reach the old file. */
  reopen(): void {
    if (this.#options.file === undefined) return
    const old = this.#file
    this.#openFile(this.#options.file)
    if (old !== undefined) this.#logger.remove(old)
    this.message('log file reopened', { file: this.#options.file })
  }

  /** Writes what is buffered and lets go of files and processes. */
  async close(): Promise<void> {
    const finished = new Promise<void>((resolve) => this.#logger.once('finish', () => resolve()))
    this.#logger.end()
    await finished
    const stream = this.#fileStream
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()))
    this.#syslog?.stdin?.end()
  }

  #write(level: LogLevel, text: string, fields?: LogFields): void {
    this.#logger.log(level, withFields(text, fields))
  }

  #openFile(file: string): void {
    let fd: number
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
      fd = openSync(file, 'a', 0o640)
    } catch (error) {
      this.#fileFailed(file, error)
      return
    }
    const stream = createWriteStream(file, { fd })
    stream.on('error', (error) => this.#fileFailed(file, error))
    this.#fileStream = stream
    this.#file = new winston.transports.Stream({ stream, level: this.#options.level, format: withTime })
    this.#logger.add(this.#file)
  }

  /** As Flexisip: fatal only when the console is disabled too (reference: cli-and-services §6). */
  #fileFailed(file: string, cause: unknown): void {
    const text = `cannot write the log file ${file}: ${String(cause)}; set global/log-directory to a folder that can be written`
    if (!this.#options.console && !this.#options.syslog) throw new LogError('LOG_FILE', text, { cause })
    if (this.#file !== undefined) this.#logger.remove(this.#file)
    this.#file = undefined
    this.warning(text)
  }

  /** Under systemd standard output is the journal; elsewhere logger(1) speaks to syslogd, which Node has no socket for. */
  #openSyslog(): void {
    const level = this.#options.syslogLevel
    if (stdoutIsJournal()) {
      if (!this.#options.console) {
        this.#logger.add(new winston.transports.Stream({ stream: process.stdout, level, format: withPriority }))
      }
      return
    }
    const child = spawn('logger', ['--prio-prefix', '--tag', 'flexisip-b2bua', '--id=' + String(process.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const failed = (error: unknown): void => {
      if (this.#syslog === undefined) return
      this.#syslog = undefined
      this.#logger.remove(transport)
      this.warning(`syslog is not available: ${String(error)}; install logger(1), or log to a file`)
    }
    const transport = new winston.transports.Stream({ stream: child.stdin, level, format: withPriority })
    child.on('error', failed)
    child.stdin.on('error', failed)
    this.#syslog = child
    this.#logger.add(transport)
  }
}

/** Whether standard output is the journal itself: JOURNAL_STREAM is also inherited by terminals (systemd.exec(5)). */
function stdoutIsJournal(): boolean {
  const { dev, ino } = fstatSync(1)
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`
}

const withTime = winston.format.printf(
  (info) => `${new Date().toISOString()} ${info.level.padEnd(7)} ${String(info.message)}`,
)

const withPriority = winston.format.printf((info) => `<${priorities[info.level as LogLevel]}>${String(info.message)}`)

function withFields(text: string, fields: LogFields | undefined): string {
  let line = escapeControls(text)
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue
    const shown = escapeControls(String(value))
    line += ` ${key}=${/[\s"]/.test(shown) ? JSON.stringify(shown) : shown}`
  }
  return line
}

/** Replaces C0 and C1 controls, DEL and the Unicode line separators, which would end or hide a line. */
function escapeControls(text: string): string {
  return text.replaceAll(
    // eslint-disable-next-line no-control-regex -- controls are what it is for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
