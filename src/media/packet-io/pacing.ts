/** Milliseconds over which the rate of packets is taken. */
const window = 100
/** Packets per second below which a worker is nearly idle: to be woken for each of them costs a few percent of a core. */
const nearlyIdle = 3000

/**
 * Decides whether packets are given time to gather. To be woken costs more than to relay a packet, so that a pause of a
 * millisecond saves up to half of a worker's time; where packets are few there is nothing to save.
 */
export class Pacing {
  readonly #longest: number
  #since = 0
  #packets = 0
  #busy = false

  /** @param longest pause, in milliseconds; 0 for none */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** How long to pause before the sockets are looked at, in milliseconds; 0 for not at all. */
  get pause(): number {
    return this.#busy ? this.#longest : 0
  }

  /**
   * Counts what a turn brought.
   * @param now milliseconds
   */
  count(packets: number, now: number): void {
    this.#packets += packets
    const elapsed = now - this.#since
    if (elapsed < window) return
    this.#busy = this.#packets * 1000 >= nearlyIdle * elapsed
    this.#since = now
    this.#packets = 0
  }
}
