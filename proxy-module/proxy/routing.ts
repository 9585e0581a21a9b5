import { type SipRequest } from '../../src/sip/message/message.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'

/** A request on its way through the proxy. */
export interface Passage {
  readonly request: SipRequest
  /** The way it came. */
  readonly flow: Flow
  /** By which a loop is seen: see `BranchMarks.loopMark`. */
  readonly loopMark: string
  /** Max-Breadth of each branch (RFC 5393 §5); undefined for ACK and CANCEL, which make none. */
  breadth?: number
  /** Who sent it is a server, which later requests find by its address. */
  fromServer: boolean
}

/** One place that a request is sent to: a branch in the words of RFC 3261 §16. */
export interface Branch {
  /** The Request-URI from here on; unchanged when absent. */
  readonly uri?: string
  /** Values of Route that are put before those of the request. */
  readonly routes?: readonly string[]
  /** A flow that is there, or where to find one. */
  readonly hop: Flow | SipUri
  /** A phone stands there: requests back to it need this very flow, so Record-Route names it. */
  readonly phone?: boolean
  /** Every request of the kind goes there, so a 503 from there speaks for this proxy too (RFC 3261 §16.7 step 6). */
  readonly only?: boolean
  /** Where to go when nobody is there. */
  readonly otherwise?: Branch
}

/** What is to be done with a request. */
export type Decision =
  | { readonly kind: 'forward'; readonly branches: readonly Branch[] }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly reason?: string
      readonly headers?: readonly (readonly [string, string])[]
      /** It is given to somebody who is known, and is repeated until it has come; see `ServerTransaction.respondOnce`. */
      readonly remember?: true
    }
  /** It has been answered already, through its transaction. */
  | { readonly kind: 'done' }

/** What is known of a request when its own Routes have been taken away (RFC 3261 §16.4). */
export interface Arrival {
  readonly request: SipRequest
  readonly flow: Flow
  /** `Routing.isServer` of the flow. */
  readonly fromServer: boolean
  /** The flow that our own last Route names, `gone` when there is none any more; absent when it names none. */
  readonly to?: Flow | 'gone'
  /** The Route named a flow to somebody who may not use it. */
  readonly misused: boolean
  /** A Route was ours. */
  readonly routed: boolean
  /** A Route was ours beyond doubt, and made for this dialog. */
  readonly authentic: boolean
  /** To has a tag. */
  readonly inDialog: boolean
  /** Our own B2BUA made it, and could prove it. */
  readonly fromB2bua: boolean
  /** It says that the B2BUA made it, which is believed as far as diversion goes. */
  readonly claimsB2bua: boolean
}

/** How a mode of the proxy finds the way of requests that are not diverted. */
export interface Routing {
  /** Whether a request other than INVITE, ACK and CANCEL needs a transaction. */
  needsTransaction(request: SipRequest): boolean
  /** Whether flow tokens may be used from here outside of a dialog that came about through this proxy: by the proxy that registers phones, and nobody else. */
  trusts(flow: Flow): boolean
  /** Whether who is at the other end of a flow is no phone, but a server that is reached by its address. */
  isServer(flow: Flow): boolean
  /**
   * Decides over requests before they may be diverted: those to this proxy itself, and those of people who may not call.
   * @param transaction - undefined for ACK, CANCEL and what needs none
   * @returns undefined for a request that may go on
   */
  admit(arrival: Arrival, transaction: ServerTransaction | undefined): Decision | undefined
  /** Finds the way of a request. */
  route(arrival: Arrival): Decision
}
