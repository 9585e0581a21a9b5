import { TLSSocket } from 'node:tls'
import { type Clock, type Timer } from '../../base/clock.ts'
import { type SocketAddress, type Target, type TransportProtocol } from './flow.ts'
import { type ConnectionFlow } from './connection-flow.ts'
import { checkSipIdentity } from './tls-context.ts'
import { TransportError } from './transport-error.ts'
import { type TransportLimits } from './transport-options.ts'

/** Time between two looks at all connections, in ms. The limits are that exact. */
const sweepInterval = 1000

/** The open connections: which of them can be used again for a target, and which have been silent for too long. */
export class Connections {
  /** Every open one, those that we opened with their key. */
  readonly #all = new Map<ConnectionFlow, string | undefined>()
  readonly #outgoing = new Map<string, ConnectionFlow>()
  readonly #incoming = new Map<string, ConnectionFlow>()
  /** Every open one, by both of its ends. */
  readonly #byEnds = new Map<string, ConnectionFlow>()
  readonly #clock: Clock
  readonly #limits: TransportLimits
  #sweep: Timer | undefined

  constructor(clock: Clock, limits: TransportLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** How many are open. */
  get size(): number {
    return this.#all.size
  }

  /** Every open one. */
  flows(): IterableIterator<ConnectionFlow> {
    return this.#all.keys()
  }

  /**
   * Adds a connection that has just opened.
   * @param target where we opened it to; absent for one that a peer opened
   */
  add(flow: ConnectionFlow, target?: Target): void {
    const key = target && targetKey(target)
    this.#all.set(flow, key)
    this.#byEnds.set(endsKey(flow.protocol, flow.local, flow.remote), flow)
    if (key === undefined) this.#incoming.set(addressKey(flow.protocol, flow.remote), flow)
    else this.#outgoing.set(key, flow)
    this.#sweep ??= this.#clock.after(sweepInterval, this.#look)
  }

  /** Removes one that has closed. */
  remove(flow: ConnectionFlow): void {
    const key = this.#all.get(flow)
    this.#all.delete(flow)
    const index = key === undefined ? this.#incoming : this.#outgoing
    const indexed = key ?? addressKey(flow.protocol, flow.remote)
    if (index.get(indexed) === flow) index.delete(indexed)
    const ends = endsKey(flow.protocol, flow.local, flow.remote)
    if (this.#byEnds.get(ends) === flow) this.#byEnds.delete(ends)
    if (this.#all.size > 0) return
    this.#sweep?.cancel()
    this.#sweep = undefined
  }

  /**
   * An open connection to the target. One that the peer opened will do if it comes from exactly that address; with TLS the
   * peer must also have shown a certificate for the name that is wanted (RFC 5923 §8). Browsers have none: of WebSocket,
   * which nobody opens towards them, the address alone must do.
   */
  find(target: Target): ConnectionFlow | undefined {
    const outgoing = this.#outgoing.get(targetKey(target))
    if (outgoing?.usable) return outgoing
    const incoming = this.#incoming.get(addressKey(target.protocol, target))
    return incoming?.usable && (incoming.protocol !== 'tls' || isVerified(incoming, target)) ? incoming : undefined
  }

  /** The open connection of exactly these ends, whoever opened it. */
  between(protocol: TransportProtocol, local: SocketAddress, remote: SocketAddress): ConnectionFlow | undefined {
    const flow = this.#byEnds.get(endsKey(protocol, local, remote))
    return flow?.usable ? flow : undefined
  }

  readonly #look = (): void => {
    const now = this.#clock.now()
    for (const flow of [...this.#all.keys()]) this.#check(flow, now)
    this.#sweep = this.#all.size > 0 ? this.#clock.after(sweepInterval, this.#look) : undefined
  }

  #check(flow: ConnectionFlow, now: number): void {
    const { firstMessageTimeout, halfMessageTimeout, idleTimeout, keepAlive } = this.#limits
    if (flow.halfSince !== undefined && now - flow.halfSince >= halfMessageTimeout) {
      flow.destroy(idle(flow, `half a message for ${halfMessageTimeout} ms`))
    } else if (flow.incoming && !flow.used && now - flow.openedAt >= firstMessageTimeout) {
      flow.destroy(idle(flow, `no message in ${firstMessageTimeout} ms`))
    } else if (now - flow.lastActive >= idleTimeout) {
      flow.destroy()
    } else if (keepAlive > 0 && !flow.incoming && now - flow.lastActive >= keepAlive) {
      flow.ping()
    }
  }
}

/** What makes two targets one connection. */
export function targetKey(target: Target): string {
  return `${addressKey(target.protocol, target)} ${target.serverName ?? ''}`
}

function addressKey(protocol: string, address: SocketAddress): string {
  return `${protocol} ${address.host} ${address.port}`
}

function endsKey(protocol: string, local: SocketAddress, remote: SocketAddress): string {
  return `${addressKey(protocol, local)} ${remote.host} ${remote.port}`
}

function isVerified(flow: ConnectionFlow, target: Target): boolean {
  const { socket } = flow
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false
  return checkSipIdentity(target.serverName ?? target.host, socket.getPeerCertificate()) === undefined
}

function idle(flow: ConnectionFlow, what: string): TransportError {
  return new TransportError('TRANSPORT_IDLE', `${flow.describe()}: ${what}; closed`)
}
