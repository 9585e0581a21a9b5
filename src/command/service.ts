import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type LogFields } from '../operation/log-line.ts'
import { type Log } from '../operation/log.ts'

/** One of the servers of this program: they run alone, or in one process. */
export interface Service {
  /** Writes into the log what happens from here on. */
  logTo(log: Log): void
  /**
   * Begins to take messages.
   * @throws CodedError that says what the machine does not give
   */
  start(): Promise<void>
  /** What the log says once it runs. */
  announce(): readonly (readonly [text: string, fields?: LogFields])[]
  /**
   * New calls follow `snapshot` from here on, in which its checks found no error.
   * @returns what the log says of the change
   */
  reload(snapshot: ConfigSnapshot): readonly string[]
  /** False when nothing but a new start will help. */
  readonly alive: boolean
  /** What is still held: all zero when no call is up and the last transactions have ended. */
  counts(): Readonly<Record<string, number>>
  /** Ends calls and layers in order. */
  stop(): Promise<void>
}
