import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseNameAddr, tagOf } from '../../src/sip/message/name-addr.ts'
import { parseUri, type SipUri } from '../../src/sip/message/uri.ts'
import { routeRequest } from '../../src/sip/transaction/route-request.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { hasDomain } from '../registrar/address-of-record.ts'
import { type Authentication } from '../registrar/authentication.ts'
import { type LocationTable } from '../registrar/location-table.ts'
import { type Registrar } from '../registrar/registrar.ts'
import { type StoredBinding } from '../registrar/stored-binding.ts'
import { answerToOptions } from './answer-to-options.ts'
import { type OwnAddresses } from './own-address.ts'
import { type Arrival, type Branch, type Decision, type Routing } from './routing.ts'

/** What the standalone proxy works with. */
export interface StandaloneOptions {
  readonly own: OwnAddresses
  readonly registrar: Registrar
  readonly table: LocationTable
  readonly authentication: Authentication
  /** `reg-domains`. */
  readonly domains: () => readonly string[]
  /** Whether an address needs no password (`trusted-hosts`). */
  readonly trustsHost: (host: string) => boolean
}

/** The way of requests where there is no other proxy: to the phones that registered here, and out into the world. */
export class StandaloneRouting implements Routing {
  readonly #options: StandaloneOptions

  constructor(options: StandaloneOptions) {
    this.#options = options
  }

  /** Outside of a dialog there may be a challenge, an answer of our own, or several phones. */
  needsTransaction({ headers }: SipRequest): boolean {
    // without a token in its Route nobody has vouched for it
    return tagOf(headers.get('To')!) === undefined || headers.get('Route')?.includes('@') !== true
  }

  /** The registrar is in this process: nobody else sends calls to phones by their tokens. */
  trusts(): boolean {
    return false
  }

  isServer(): boolean {
    return false
  }

  admit(arrival: Arrival, transaction: ServerTransaction | undefined): Decision | undefined {
    const { own, registrar, authentication, trustsHost } = this.#options
    const { request, flow, inDialog, authentic, fromB2bua } = arrival
    const known = inDialog ? undefined : answerToOptions(request, own)
    if (known !== undefined) return known
    if (fromB2bua || (inDialog && authentic)) return undefined
    // every INVITE has a transaction here, so this CANCEL is of none (RFC 3261 §9.2)
    if (request.method === 'CANCEL') return { kind: 'answer', status: 481 }
    if (transaction === undefined) return { kind: 'answer', status: 403 }
    if (registrar.handle(transaction)) return { kind: 'done' }
    if (trustsHost(flow.remote.host)) return undefined
    // nobody is ever challenged for it, so of a stranger it would go to wherever he likes
    if (request.method === 'BYE') return { kind: 'answer', status: 481 }
    return authentication.handle(transaction) ? { kind: 'done' } : undefined
  }

  route(arrival: Arrival): Decision {
    const { request, to, inDialog, authentic } = arrival
    if (to === 'gone') return refusal(480)
    if (to !== undefined) return { kind: 'forward', branches: [{ hop: to, phone: true }] }
    const { headers } = request
    if (headers.has('Route') && headers.values('Route').length > 0) {
      return { kind: 'forward', branches: [{ hop: routeRequest(request) }] }
    }
    const uri = parseUri(request.uri)
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return refusal(416)
    // in a dialog it is a Contact, whatever its domain
    if ((inDialog && authentic) || !this.#isHere(uri)) return { kind: 'forward', branches: [{ hop: uri }] }
    const branches = this.#options.table.lookup(request.uri).map((binding) => branchTo(binding))
    return branches.length === 0 ? refusal(404) : { kind: 'forward', branches }
  }

  #isHere(uri: SipUri): boolean {
    return hasDomain(this.#options.domains(), uri.host) || this.#options.own.has(uri)
  }
}

/** To somebody whose password was asked for: to ask again after a lost answer would look as if it were wrong. */
function refusal(status: number): Decision {
  return { kind: 'answer', status, remember: true }
}

/** The way to a phone: over the flow it registered by, else along its Path, else to its Contact. */
function branchTo({ contact, path, flow, uri }: StoredBinding): Branch {
  const first = path[0]
  const hop: Flow | SipUri = flow ?? (first === undefined ? uri : parseUri(parseNameAddr(first).uri))
  return { uri: contact, routes: path, hop, phone: flow !== undefined }
}
