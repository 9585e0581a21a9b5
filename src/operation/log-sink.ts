import { Writable } from 'node:stream'
import { type Clock, type Timer } from '../base/clock.ts'
import { type LogLevel } from './log-level.ts'

/** A line on its way to a sink. */
export interface LogLine {
  readonly level: LogLevel
  /** As {@link formatLogLine} wrote it. */
  readonly message: string
  /** When it was logged, as ISO 8601 writes it. */
  readonly time: string
}

/** What a {@link LogSink} is made with. */
export interface LogSinkOptions {
  /** Opens what the lines go to; a failure is thrown here, or told as the stream's `error`. */
  readonly open: () => Writable
  /** Puts before a line what belongs there: the time, or a priority. */
  readonly prefix: (level: LogLevel, time: string) => string
  /** Told of each failure, those of the first opening included. */
  readonly onFailure: (error: Error) => void
  /** Milliseconds after which a failed stream is opened again; `Infinity`: never. */
  readonly retry: number
  readonly clock: Clock
}

/** Bytes that may wait for a slow disk, terminal or syslog before debug lines are dropped, and before any line is. */
export const longestBacklog = { debug: 1 << 20, any: 8 << 20 } as const

/** Longest wait for what is buffered at the end, in milliseconds. */
const lastWait = 2000

/**
 * One place that log lines go to. Writing never waits, and never takes more than {@link longestBacklog} of memory: when
 * the place is slower than the log, lines are dropped, debug lines first, and the next line that gets through says how many.
 */
export class LogSink extends Writable {
  readonly #options: LogSinkOptions
  #stream: Writable | undefined
  #dropped = 0
  #retryAt = 0

  constructor(options: LogSinkOptions) {
    super({ objectMode: true })
    this.#options = options
    this.#reopen()
  }

  override _write(line: LogLine, _encoding: string, written: () => void): void {
    this.#writeLine(line)
    written()
  }

  /** Opens anew, as after a rename of the file: what is on its way still reaches the old one. */
  reopen(): void {
    const old = this.#stream
    this.#reopen()
    if (this.#stream !== old) old?.end()
  }

  /** Waits, but not for ever, until what is buffered is written, and ends the stream, unless it is standard output. */
  async finish(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined) return
    let timer: Timer | undefined
    await Promise.race([
      new Promise<void>((resolve) => {
        if (stream === process.stdout) stream.write('', () => resolve())
        else stream.end(() => resolve())
      }),
      new Promise<void>((resolve) => (timer = this.#options.clock.after(lastWait, resolve))),
    ])
    timer?.cancel()
  }

  #writeLine({ level, message, time }: LogLine): void {
    if (this.#stream === undefined && this.#options.clock.now() >= this.#retryAt) this.#reopen()
    const stream = this.#stream
    const longest = level === 'debug' ? longestBacklog.debug : longestBacklog.any
    if (stream === undefined || stream.writableLength > longest) {
      this.#dropped++
      return
    }
    this.#tellDropped(stream)
    stream.write(`${this.#options.prefix(level, time)}${message}\n`)
  }

  #tellDropped(stream: Writable): void {
    if (this.#dropped === 0 || stream.writableLength > longestBacklog.debug) return
    stream.write(
      `${this.#options.prefix('warning', new Date().toISOString())}log lines dropped, as they could not be written in time count=${this.#dropped}\n`,
    )
    this.#dropped = 0
  }

  #reopen(): void {
    try {
      this.#stream = this.#open()
    } catch (error) {
      this.#fail(error)
    }
  }

  #open(): Writable {
    const stream = this.#options.open()
    stream.on('error', (error) => {
      if (stream !== this.#stream) return
      this.#stream = undefined
      this.#fail(error)
    })
    stream.on('drain', () => {
      if (stream === this.#stream) this.#tellDropped(stream)
    })
    return stream
  }

  #fail(error: unknown): void {
    this.#retryAt = this.#options.clock.now() + this.#options.retry
    this.#options.onFailure(error instanceof Error ? error : new Error(String(error)))
  }
}
