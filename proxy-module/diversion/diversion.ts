import { TypedEmitter } from '../../src/base/typed-emitter.ts'
import { tokenHeader, type TokenVerdict } from '../../src/sip/auth/b2bua-token.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { parseUri, uriParam, type SipUri } from '../../src/sip/message/uri.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { type Filter } from '../filter/filter.ts'
import { type ServerPool } from './server-pool.ts'
import { type Arrival, type Branch } from '../proxy/routing.ts'

/** `[module::B2bua]` and what belongs to it; asked for with every request, so that it can change live. */
export interface DiversionSettings {
  readonly enabled: boolean
  /** Undefined: every call. */
  readonly filter: Filter | undefined
  /** Where the B2BUAs are; at least one. */
  readonly servers: readonly SipUri[]
  /** By what a request of the B2BUA is known: `user-agent` is what Flexisip does, and what anybody can forge. */
  readonly trust: 'token' | 'user-agent'
  /** `b2bua-server/user-agent`, its version filled in. */
  readonly userAgent: string
}

/** What diversion works with. */
export interface DiversionOptions {
  readonly settings: () => DiversionSettings
  /** Orders the servers for a call, and is told of those that fail. */
  readonly pool: Pick<ServerPool, 'order' | 'failed'>
  readonly verify: (request: SipRequest, flow: Flow) => TokenVerdict
}

/** What diversion tells to those who watch it. */
export interface DiversionEvents {
  /** A request came with a token that is not good; it is taken for anybody's. */
  distrusted: [request: SipRequest, verdict: TokenVerdict]
}

/** Headers by which Flexisip 2.2 and 2.3 know the B2BUA's requests, and that which later ones write (reference: proxy-module §2). */
const marks = ['flexisip-b2bua', 'X-Flexisip-B2BUA']

/** Flexisip's module::B2bua (reference: proxy-module §2): which INVITEs go to the B2BUA, and which come from it. */
export class Diversion {
  readonly events = new TypedEmitter<DiversionEvents>()
  readonly #options: DiversionOptions

  constructor(options: DiversionOptions) {
    this.#options = options
  }

  /**
   * Whether the B2BUA made a request. Its token is taken out: nobody behind this proxy shall have it.
   * @returns `claimed` where nothing but its User-Agent says so: good enough to go past the B2BUA, as in Flexisip, and for
   *   nothing else
   */
  recognises(request: SipRequest, flow: Flow): 'proven' | 'claimed' | undefined {
    const { headers } = request
    const { trust, userAgent } = this.#options.settings()
    const verdict = headers.has(tokenHeader) ? this.#options.verify(request, flow) : 'missing'
    headers.delete(tokenHeader)
    if (verdict === 'genuine') return 'proven'
    if (verdict !== 'missing') this.events.emit('distrusted', request, verdict)
    if (trust === 'token') return undefined
    const claims = headers.get('User-Agent') === userAgent || marks.some((name) => headers.has(name))
    return claims ? 'claimed' : undefined
  }

  /**
   * Where an INVITE goes instead of its recipient: own Routes have gone from it (reference: cleanAndPrependRoute), the
   * B2BUA's is put first unless it is there, and the Request-URI stays. A dialog that is known to have come about through
   * this proxy goes on as it began, whatever is configured by now: to the B2BUA that it is with, or past it.
   * @returns undefined for what goes its own way
   */
  branchesFor(arrival: Arrival): { readonly branch: Branch; readonly server: string } | undefined {
    const { request, fromB2bua, claimsB2bua, inDialog, authentic, to } = arrival
    if (request.method !== 'INVITE' || fromB2bua || claimsB2bua) return undefined
    // on the last stretch to a phone, where who registered the phone has sent it
    if (to !== undefined && !inDialog) return undefined
    const { enabled, filter, servers } = this.#options.settings()
    if (inDialog && authentic) {
      const server = servers.find((one) => isAt(request.uri, one))
      return server && { branch: branchTo(request, [server]), server: server.raw }
    }
    if (!enabled || (filter !== undefined && !filter.matches(request))) return undefined
    const order = this.#options.pool.order(request.headers.get('Call-ID')!)
    return { branch: branchTo(request, order), server: order[0]!.raw }
  }

  /** Nobody is at a place that requests were sent to; if it is a B2BUA's, calls go elsewhere meanwhile. */
  failed(hop: SipUri, why: string): void {
    this.#options.pool.failed(hop, why)
  }
}

/** The way to the first of the servers, the next one being tried when nobody answers there. */
function branchTo(request: SipRequest, servers: readonly SipUri[]): Branch {
  const [first, ...others] = servers
  const uri = first!
  return {
    hop: uri,
    only: true,
    ...(!isFirstRoute(request, uri) && { routes: [`<${uri.raw}>`] }),
    ...(others.length > 0 && { otherwise: branchTo(request, others) }),
  }
}

function isFirstRoute({ headers }: SipRequest, uri: SipUri): boolean {
  const first = headers.has('Route') ? headers.values('Route')[0] : undefined
  return first !== undefined && parseNameAddr(first).uri === uri.raw
}

/** Whether a Request-URI, a Contact of the B2BUA, is at the server's address. */
function isAt(text: string, server: SipUri): boolean {
  const uri = parseUri(text)
  return (
    uri.scheme === server.scheme &&
    uri.host.toLowerCase() === server.host.toLowerCase() &&
    uri.port === server.port &&
    transportOf(uri) === transportOf(server)
  )
}

function transportOf(uri: SipUri): string {
  const transport = uriParam(uri, 'transport')
  return typeof transport === 'string' ? transport.toLowerCase() : 'udp'
}
