import { isIP } from 'node:net'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { type TargetResolver } from '../../src/sip/transaction/next-hops.ts'
import { routeRequest } from '../../src/sip/transaction/route-request.ts'
import { formatAddress, type Flow } from '../../src/sip/transport/flow.ts'
import { isLoopback } from '../../src/sip/transport/local-addresses.ts'
import { answerToOptions } from './answer-to-options.ts'
import { type OwnAddresses } from './own-address.ts'
import { type Arrival, type Decision, type Routing } from './routing.ts'

/**
 * The way of requests before another proxy, the next hop: phones' requests go there, its own to where they say, and those
 * that it sends to phones over the flows that their Path names.
 */
export class FrontRouting implements Routing {
  readonly #nextHop: SipUri
  readonly #own: OwnAddresses
  readonly #hosts = new Set<string>()
  readonly #addresses = new Set<string>()

  constructor(nextHop: SipUri, own: OwnAddresses) {
    this.#nextHop = nextHop
    this.#own = own
    if (isIP(nextHop.host) !== 0) this.#hosts.add(nextHop.host)
  }

  /**
   * Learns the addresses of the next hop, by which its requests are known.
   * @throws CodedError when its name leads nowhere
   */
  async learn(resolver: TargetResolver): Promise<void> {
    for (const { host, port } of await resolver.resolve(this.#nextHop)) {
      this.#hosts.add(host)
      this.#addresses.add(formatAddress({ host, port }))
    }
  }

  needsTransaction(): boolean {
    return false
  }

  /** On this machine everybody has the next hop's address; so there a phone may use the tokens that it knows. */
  trusts({ remote }: Flow): boolean {
    return this.#hosts.has(remote.host)
  }

  isServer({ remote }: Flow): boolean {
    return this.#addresses.has(formatAddress(remote)) || (this.#hosts.has(remote.host) && !isLoopback(remote.host))
  }

  admit({ request, inDialog, fromServer }: Arrival): Decision | undefined {
    return inDialog || fromServer ? undefined : answerToOptions(request, this.#own)
  }

  route(arrival: Arrival): Decision {
    const { request, to, misused } = arrival
    if (misused) return { kind: 'answer', status: 403, reason: 'Not your flow' }
    if (to !== undefined && to !== 'gone') return { kind: 'forward', branches: [{ hop: to, phone: true }] }
    if (this.#followsRoute(arrival)) {
      const hop = routeRequest(request)
      // what a number means the next hop should have said
      if (hop.scheme !== 'sip' && hop.scheme !== 'sips') return { kind: 'answer', status: 416 }
      return { kind: 'forward', branches: [{ hop }] }
    }
    if (to === 'gone') return { kind: 'answer', status: 480 }
    return { kind: 'forward', branches: [{ hop: this.#nextHop, only: true }] }
  }

  /**
   * Whether a request may go where its Route or Request-URI says. Who is neither the next hop nor in a dialog that came about
   * through this proxy may not: it would be open to everybody as a relay to everywhere.
   */
  #followsRoute({ request, fromServer, to, routed, authentic, inDialog, fromB2bua }: Arrival): boolean {
    const known = fromServer || fromB2bua || (authentic && inDialog)
    if (!known) return false
    if (hasRoute(request)) return true
    if (to === 'gone') return false
    return inDialog ? routed : fromServer
  }
}

function hasRoute({ headers }: SipRequest): boolean {
  return headers.has('Route') && headers.values('Route').length > 0
}
