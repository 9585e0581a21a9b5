import { Pacing } from './pacing.ts'

/** Packets of one turn at most: then messages and timers of the thread have theirs. */
export const mostOfTurn = 512
/** Milliseconds for which an idle turn waits for a packet at most, and messages and timers of the thread with it. */
const longestWait = 5

/** What a loop looks at. */
export interface PacketSource {
  /**
   * Handles one packet of each socket that has some.
   * @param timeout milliseconds to wait for the first
   * @returns how many there were
   */
  poll(timeout: number): number
}

/**
 * A thread's loop over its sockets, beside Node's own: a turn of the one follows a turn of the other. The thread blocks
 * in the pause and in the wait for a packet, for a few milliseconds at most.
 */
export class PacketLoop {
  readonly #source: PacketSource
  readonly #pacing: Pacing
  /** Nobody ever changes it: it is waited on in vain. */
  readonly #never = new Int32Array(new SharedArrayBuffer(4))
  #pause = 0
  #wait = 0
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
    if (this.#pause > 0) Atomics.wait(this.#never, 0, 0, this.#pause)
    let packets = 0
    let ready = this.#source.poll(this.#wait)
    while (ready > 0 && packets < mostOfTurn) {
      packets += ready
      ready = this.#source.poll(0)
    }
    packets += ready
    this.#pause = this.#pacing.pauseAfter(packets, ready === 0, performance.now())
    // after a pause, or with packets left, it is time to work
    this.#wait = this.#pause > 0 || ready > 0 ? 0 : longestWait
    if (this.#next !== undefined) this.#next = setImmediate(this.#turn)
  }
}
