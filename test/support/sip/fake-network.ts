import { type Clock } from '../../../src/base/clock.ts'
import { type SipMessage, type SipResponse } from '../../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { uriParam, type SipUri } from '../../../src/sip/message/uri.ts'
import { type TargetResolver } from '../../../src/sip/transaction/next-hops.ts'
import { type TransactionTransport } from '../../../src/sip/transaction/transaction-layer.ts'
import {
  contactUri,
  formatAddress,
  nextFlowId,
  type Flow,
  type SocketAddress,
  type Target,
  type TransportProtocol,
} from '../../../src/sip/transport/flow.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'

/** A message as the network saw it. */
export interface Passage {
  readonly from: FakeTransport
  readonly to: FakeTransport
  readonly message: SipMessage
  readonly lost: boolean
}

/** A network in memory: hosts, datagrams that may be lost or late, connections that may break. */
export class FakeNetwork {
  readonly clock: Clock
  /** Everything that was sent, in order. */
  readonly log: Passage[] = []
  /** Says whether a datagram is lost. */
  loses: (passage: Omit<Passage, 'lost'>) => boolean = () => false
  /** Milliseconds that a message takes. */
  delay: (passage: Omit<Passage, 'lost'>) => number = () => 1
  /** Hosts to which nothing connects. */
  readonly refusing = new Set<string>()
  readonly #hosts = new Map<string, FakeTransport>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** A host with SIP on port 5060 of UDP and TCP and 5061 of TLS. */
  host(ip: string): FakeTransport {
    const host = new FakeTransport(this, ip)
    this.#hosts.set(ip, host)
    return host
  }

  find(ip: string): FakeTransport | undefined {
    return this.#hosts.get(ip)
  }

  /** Messages that passed, by method or status of what was asked for. */
  sent(kind: string | number, from?: FakeTransport): SipMessage[] {
    return this.log
      .filter((one) => from === undefined || one.from === from)
      .map((one) => one.message)
      .filter((one) => (one.kind === 'request' ? one.method === kind : one.status === kind))
  }

  carry(
    from: FakeTransport,
    to: FakeTransport,
    bytes: Buffer,
    deliver: (message: SipMessage) => void,
    lossy: boolean,
  ): void {
    const passage = { from, to, message: parseMessage(bytes) }
    const lost = lossy && this.loses(passage)
    this.log.push({ ...passage, lost })
    if (!lost) this.clock.after(this.delay(passage), () => deliver(parseMessage(bytes)))
  }
}

/** The transport layer of one host of the network. */
export class FakeTransport implements TransactionTransport {
  readonly ip: string
  onMessage: (message: SipMessage, flow: Flow) => void = () => undefined
  onFlowClosed: (flow: Flow) => void = () => undefined
  /** Targets that were asked for. */
  readonly asked: Target[] = []
  readonly flows = new Map<string, FakeFlow>()
  readonly network: FakeNetwork

  constructor(network: FakeNetwork, ip: string) {
    this.network = network
    this.ip = ip
  }

  async flowTo(target: Target): Promise<Flow> {
    this.asked.push(target)
    await Promise.resolve()
    const peer = this.network.find(target.host)
    if (target.protocol === 'udp') return this.flowWith(target.host, 'udp')
    if (peer === undefined || this.network.refusing.has(target.host)) {
      throw new TransportError('TRANSPORT_REFUSED', `${target.host} refuses`)
    }
    return this.flowWith(target.host, target.protocol)
  }

  /** The one flow between this host and another. */
  flowWith(ip: string, protocol: TransportProtocol): FakeFlow {
    const key = `${protocol} ${ip}`
    const known = this.flows.get(key)
    if (known?.closed === false) return known
    const flow = new FakeFlow(this, ip, protocol)
    this.flows.set(key, flow)
    return flow
  }

  respond(response: SipResponse, flow: Flow): Promise<void> {
    return new Promise((resolve, reject) => {
      flow.send(serialize(response), reject)
      setImmediate(resolve)
    })
  }

  /** Breaks the connection with another host, for both. */
  breakConnection(ip: string, protocol: 'tcp' | 'tls' = 'tcp'): void {
    this.network.find(ip)?.dropFlow(this.ip, protocol)
    this.dropFlow(ip, protocol)
  }

  dropFlow(ip: string, protocol: 'tcp' | 'tls'): void {
    const flow = this.flows.get(`${protocol} ${ip}`)
    if (flow === undefined || flow.closed) return
    flow.closed = true
    this.onFlowClosed(flow)
  }
}

/** A flow between two hosts of the network. */
export class FakeFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol: TransportProtocol
  readonly reliable: boolean
  readonly secure: boolean
  readonly local: SocketAddress
  readonly remote: SocketAddress
  readonly sentBy: string
  readonly contact: string
  closed = false
  /** What `send` fails with from now on. */
  failure: TransportError | undefined
  readonly #owner: FakeTransport

  constructor(owner: FakeTransport, ip: string, protocol: TransportProtocol) {
    const port = protocol === 'tls' ? 5061 : 5060
    this.#owner = owner
    this.protocol = protocol
    this.reliable = protocol !== 'udp'
    this.secure = protocol === 'tls'
    this.local = { host: owner.ip, port }
    this.remote = { host: ip, port }
    this.sentBy = formatAddress(this.local)
    this.contact = contactUri(protocol, this.sentBy)
  }

  send(bytes: Buffer, onError?: (error: TransportError) => void): void {
    const failure = this.failure ?? (this.closed ? new TransportError('TRANSPORT_CLOSED', 'closed') : undefined)
    if (failure !== undefined) {
      if (onError !== undefined) queueMicrotask(() => onError(failure))
      return
    }
    const { network } = this.#owner
    const peer = network.find(this.remote.host)
    if (peer === undefined) return // a datagram to nowhere
    const deliver = (message: SipMessage): void => {
      const back = peer.flowWith(this.#owner.ip, this.protocol)
      if (!this.closed) peer.onMessage(message, back)
    }
    network.carry(this.#owner, peer, bytes, deliver, !this.reliable)
  }
}

/** A resolver of IP literals, and of the names that a test gives it. */
export class FakeResolver implements TargetResolver {
  readonly names = new Map<string, readonly Target[]>()

  resolve(uri: SipUri): Promise<readonly Target[]> {
    const known = this.names.get(uri.host)
    if (known !== undefined) return Promise.resolve(known)
    if (!/^[\d.]+$/.test(uri.host)) {
      return Promise.reject(new TransportError('TRANSPORT_RESOLVE', `${uri.host} leads nowhere`))
    }
    const transport = uriParam(uri, 'transport')
    const protocol = uri.scheme === 'sips' ? 'tls' : transport === 'tcp' || transport === 'tls' ? transport : 'udp'
    return Promise.resolve([{ protocol, host: uri.host, port: uri.port ?? 5060 }])
  }
}
