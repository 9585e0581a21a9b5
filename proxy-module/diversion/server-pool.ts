import { type Clock } from '../../src/base/clock.ts'
import { TypedEmitter } from '../../src/base/typed-emitter.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { type TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts'
import { hashOf, weightOf } from './rendezvous.ts'
import { ServerWatch, type ServerWatchUser } from './server-watch.ts'

/** What a pool is made with. */
export interface ServerPoolOptions {
  /** Carries the OPTIONS; the pool does not close it. */
  readonly transactions: TransactionLayer
  readonly clock: Clock
  /** The B2BUAs, `b2bua-server`; one that comes twice is one. */
  readonly uris: readonly SipUri[]
}

/** What a pool tells to those who watch it. */
export interface ServerPoolEvents {
  /** A server that was alive is not. */
  died: [uri: SipUri, why: string]
  /** A server that was dead is alive. */
  returned: [uri: SipUri]
}

/** One server as the pool sees it. */
export interface ServerState {
  readonly uri: SipUri
  readonly alive: boolean
  /** Why it is dead. */
  readonly why: string | undefined
}

interface Server {
  readonly watch: ServerWatch
  readonly hash: number
  /** For the call that is being ordered: the weight, less 2³² when the server is dead. */
  weight: number
}

/**
 * The B2BUAs that calls can be diverted to. With one there is nothing to choose: it is never asked, and always taken for
 * alive. With several, each is watched, and a call goes to the alive one with the highest weight for its Call-ID.
 */
export class ServerPool {
  readonly events = new TypedEmitter<ServerPoolEvents>()
  readonly #user: ServerWatchUser
  #servers: Server[] = []
  /** The servers, to be sorted for a call. */
  #ranked: Server[] = []
  #uris: readonly SipUri[] = []
  #running = false

  constructor({ transactions, clock, uris }: ServerPoolOptions) {
    this.#user = {
      transactions,
      clock,
      died: (uri, why) => this.events.emit('died', uri, why),
      returned: (uri) => this.events.emit('returned', uri),
    }
    this.setUris(uris)
  }

  /**
   * Where to send a call, best first: the alive servers, then the dead ones, both in the order of the call's weights. So a
   * call stays where it was while its server is alive, whatever other servers do.
   */
  order(callId: string): readonly SipUri[] {
    if (this.#servers.length < 2) return this.#uris
    const call = hashOf(callId)
    for (const server of this.#ranked) {
      server.weight = weightOf(call, server.hash) - (server.watch.alive ? 0 : 2 ** 32)
    }
    return this.#ranked.sort(heavierFirst).map(uriOf)
  }

  /**
   * A call found a server dead, e.g. its connection broke before the INVITE was answered: it comes last from now on, and
   * is asked soon whether it is back. Ignored for the only server, and for one that is not of the pool.
   * @param why - for the log
   */
  failed(uri: SipUri, why: string): void {
    this.#find(uri.raw)?.watch.failed(why)
  }

  /** Begins to watch the servers; the transport must be able to send. */
  start(): void {
    this.#running = true
    this.#watch()
  }

  /** Takes other servers; what is known of those that stay is kept. */
  setUris(uris: readonly SipUri[]): void {
    const servers = new Map<string, Server>()
    for (const uri of uris) servers.set(uri.raw, this.#find(uri.raw) ?? this.#create(uri))
    for (const { watch } of this.#servers) {
      if (!servers.has(watch.uri.raw)) watch.stop()
    }
    this.#servers = [...servers.values()]
    this.#ranked = [...this.#servers]
    this.#uris = this.#servers.map(uriOf)
    this.#watch()
  }

  /** Stops watching; no timer of the pool is left, and nothing is told any more. */
  close(): void {
    this.#running = false
    this.#watch()
  }

  /** The servers, in the order in which they were given. */
  states(): readonly ServerState[] {
    return this.#servers.map(({ watch: { uri, alive, why } }) => ({ uri, alive, why }))
  }

  #watch(): void {
    const needed = this.#running && this.#servers.length > 1
    for (const { watch } of this.#servers) {
      if (needed) watch.start()
      else watch.stop()
    }
  }

  #find(raw: string): Server | undefined {
    return this.#servers.find(({ watch }) => watch.uri.raw === raw)
  }

  #create(uri: SipUri): Server {
    return { watch: new ServerWatch(uri, this.#user), hash: hashOf(uri.raw), weight: 0 }
  }
}

function heavierFirst(a: Server, b: Server): number {
  return b.weight - a.weight
}

function uriOf({ watch }: Server): SipUri {
  return watch.uri
}
