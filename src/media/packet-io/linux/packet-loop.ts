import { Pacing } from '../pacing.ts'

/** Packets of one turn at most: then messages and timers of the thread have theirs. */
export const mostOfTurn = 512
/** Milliseconds of one turn at most, likewise, where packets come one by one. */
const longestTurn = 5
/** Milliseconds for which a turn waits for a packet or a message at most, and timers of the thread with it. */
const longestWait = 20

/** What a loop looks at. */
export interface PacketSource {
  /**
   * Handles one packet of each socket that has some.
   * @param timeout milliseconds to wait for the first
   * @returns how many there were
   */
  poll(timeout: number): number
  /** Does nothing, whatever happens, for so many milliseconds. */
  sleep(milliseconds: number): void
  /** The poll before has seen that the thread's own event loop has something to do, and may have left packets for it. */
  readonly called: boolean
}

/**
 * A thread's loop over its sockets, beside Node's own: a turn of the one follows a turn of the other. An idle turn blocks
 * the thread until there is a packet, or something for Node's loop to do, whose epoll instance is watched as a socket is:
 * an idle worker costs nothing, and neither a packet nor a message waits. A busy turn begins with a pause (see
 * {@link Pacing}); a message waits for its end. docs/performance.md has the figures.
 */
export class PacketLoop {
  readonly #source: PacketSource
  readonly #pacing: Pacing
  /** The turn before has left packets, or may have. */
  #left = false
  #next: NodeJS.Immediate | undefined

  /** @param pause the longest, in milliseconds */
  constructor(source: PacketSource, pause: number) {
    this.#source = source
    this.#pacing = new Pacing(pause)
  }

  start(): void {
    this.#next ??= setImmediate(this.#turn)
  }

  stop(): void {
    clearImmediate(this.#next)
    this.#next = undefined
  }

  readonly #turn = (): void => {
    const source = this.#source
    const { pause } = this.#pacing
    if (pause > 0 && !this.#left) source.sleep(pause)
    const wait = pause > 0 || this.#left ? 0 : longestWait
    const start = performance.now()
    let now = start
    let packets = 0
    let ready: number
    do {
      ready = source.poll(wait)
      packets += ready
      now = performance.now()
    } while (ready > 0 && packets < mostOfTurn && !source.called && now - start < longestTurn)
    this.#left = ready > 0 || source.called
    this.#pacing.count(packets, now)
    if (this.#next !== undefined) this.#next = setImmediate(this.#turn)
  }
}
