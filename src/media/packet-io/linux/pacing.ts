/** Milliseconds over which the rate of packets is taken. */
const window = 100
/** Packets per second below which a worker is nearly idle: to be woken for each costs less than 5 % of a core. */
const nearlyIdle = 1500

/**
 * Decides whether packets are given time to gather. To be woken costs more than to relay a packet, so that a pause of a
 * millisecond saves up to half of a worker's time. It saves nothing where packets are few, and takes from a worker's
 * time where it has no more to give.
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

  /**
   * Notes a look at the sockets.
   * @param packets that it brought
   * @param emptied nothing was left; false when there was more than one look may take
   * @param now milliseconds
   * @returns how long to pause before the next, in milliseconds
   */
  pauseAfter(packets: number, emptied: boolean, now: number): number {
    this.#packets += packets
    const elapsed = now - this.#since
    if (elapsed >= window) {
      this.#busy = this.#packets * 1000 >= nearlyIdle * elapsed
      this.#since = now
      this.#packets = 0
    }
    return this.#busy && emptied ? this.#longest : 0
  }
}
