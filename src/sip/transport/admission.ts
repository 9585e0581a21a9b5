import { type Socket } from 'node:net'

/**
 * Counts the incoming connections and keeps them within a limit. A flood of connections that say nothing cannot keep
 * others out: at the limit, the one that has waited longest without a message makes room.
 */
export class Admission {
  readonly #limit: number
  readonly #all = new Set<Socket>()
  /** Those that have carried no message yet; the oldest first. */
  readonly #waiting = new Set<Socket>()

  /** @param limit how many connections there may be */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many connections there are. */
  get size(): number {
    return this.#all.size
  }

  /**
   * Takes a new connection in, or not: the caller then closes it.
   * @param socket as it was accepted, below TLS
   */
  enter(socket: Socket): boolean {
    if (this.#all.size >= this.#limit) {
      const oldest = this.#waiting.values().next().value
      if (oldest === undefined) return false
      this.#forget(oldest)
      oldest.destroy()
    }
    this.#all.add(socket)
    this.#waiting.add(socket)
    socket.once('close', () => this.#forget(socket))
    return true
  }

  /** Says that a connection carries SIP: it makes no room for others any more. */
  settle(socket: Socket): void {
    this.#waiting.delete(socket)
  }

  #forget(socket: Socket): void {
    this.#all.delete(socket)
    this.#waiting.delete(socket)
  }
}
