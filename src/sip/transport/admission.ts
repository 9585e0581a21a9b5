import { type Socket } from 'node:net'
import { networkOf } from './network-of.ts'

/** A network has many connections when it has more than this part of all that there may be; phones behind one NAT are fewer. */
const manyPart = 8
/** Never many. */
const few = 8

/** The connections of one network, each set with the oldest first. */
interface Network {
  /** Those that have carried no message yet. */
  readonly waiting: Set<Socket>
  readonly settled: Set<Socket>
}

/**
 * Counts the incoming connections and keeps them within a limit. At the limit one makes room: neither a flood of connections
 * that say nothing nor one network that has many, whatever they say, can keep others out.
 */
export class Admission {
  readonly #limit: number
  readonly #many: number
  readonly #all = new Map<Socket, Network>()
  /** Those that have carried no message yet; the oldest first. */
  readonly #waiting = new Set<Socket>()
  readonly #networks = new Map<string, Network>()
  /** Those with many connections: not more than {@link manyPart}. */
  readonly #crowds = new Set<Network>()

  /** @param limit how many connections there may be */
  constructor(limit: number) {
    this.#limit = limit
    this.#many = Math.max(few, limit / manyPart)
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
    const name = networkOf(socket.remoteAddress ?? '')
    if (this.#all.size >= this.#limit) {
      const leaving = this.#whoMakesRoom(this.#networks.get(name))
      if (leaving === undefined) return false
      this.#forget(leaving)
      leaving.destroy()
    }
    const network = this.#networks.get(name) ?? { waiting: new Set(), settled: new Set() }
    this.#networks.set(name, network)
    this.#all.set(socket, network)
    this.#waiting.add(socket)
    network.waiting.add(socket)
    if (sizeOf(network) > this.#many) this.#crowds.add(network)
    socket.once('close', () => {
      this.#forget(socket)
      if (sizeOf(network) === 0 && this.#networks.get(name) === network) this.#networks.delete(name)
    })
    return true
  }

  /** Says that a connection carries SIP: it makes no room for others any more, unless its network has many. */
  settle(socket: Socket): void {
    const network = this.#all.get(socket)
    if (network === undefined) return
    this.#waiting.delete(socket)
    network.waiting.delete(socket)
    network.settled.add(socket)
  }

  /** The oldest of a network that has many, silent ones first; else of all that are silent. A crowd's own are its own affair. */
  #whoMakesRoom(network: Network | undefined): Socket | undefined {
    if (network !== undefined && this.#crowds.has(network)) return oldest(network.waiting)
    const crowd = oldest(this.#crowds)
    return crowd === undefined ? oldest(this.#waiting) : (oldest(crowd.waiting) ?? oldest(crowd.settled))
  }

  #forget(socket: Socket): void {
    const network = this.#all.get(socket)
    if (network === undefined) return
    this.#all.delete(socket)
    this.#waiting.delete(socket)
    network.waiting.delete(socket)
    network.settled.delete(socket)
    if (sizeOf(network) <= this.#many) this.#crowds.delete(network)
  }
}

function sizeOf({ waiting, settled }: Network): number {
  return waiting.size + settled.size
}

function oldest<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value
}
