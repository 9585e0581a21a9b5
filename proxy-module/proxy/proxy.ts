import { randomInt } from 'node:crypto'
import { type Clock } from '../../src/base/clock.ts'
import { CodedError } from '../../src/base/coded-error.ts'
import { TypedEmitter } from '../../src/base/typed-emitter.ts'
import { splitFirst } from '../../src/sip/message/list-values.ts'
import { createResponse, type SipMessage, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { tagOf } from '../../src/sip/message/name-addr.ts'
import { serialize } from '../../src/sip/message/serialize.ts'
import { type SipUri } from '../../src/sip/message/uri.ts'
import { parseVia } from '../../src/sip/message/via.ts'
import { type ClientListener, type ClientTransaction } from '../../src/sip/transaction/client-transaction.ts'
import { NextHops, OnlyHop, type TargetResolver } from '../../src/sip/transaction/next-hops.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type TransactionError } from '../../src/sip/transaction/transaction-error.ts'
import { TransactionLayer, type TransactionTransport } from '../../src/sip/transaction/transaction-layer.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { type Diversion } from '../diversion/diversion.ts'
import { BranchMarks, type ReadBranch } from './branch-marks.ts'
import { findFlow, FlowTokens, type FlowFinder } from './flow-token.ts'
import { Forwarder } from './forwarder.ts'
import { type OwnAddresses } from './own-address.ts'
import { takeOwnRoutes } from './own-routes.ts'
import { breadthOfEach, refusalOf } from './request-checks.ts'
import { ResponseContext, statusOf, type ResponseContextHost } from './response-context.ts'
import { type Arrival, type Branch, type Decision, type Passage, type Routing } from './routing.ts'

/** The part of the transport layer that the proxy uses. */
export interface ProxyTransport extends TransactionTransport, FlowFinder {}

/** What a proxy is made with. */
export interface ProxyOptions {
  /** Its messages go to this proxy from now on. */
  readonly transport: ProxyTransport
  readonly resolver: TargetResolver
  readonly clock: Clock
  /** 32 random bytes, kept over restarts: flow tokens are made with them. */
  readonly secret: Buffer
  readonly own: OwnAddresses
  readonly diversion: Diversion
  /** How requests that are not diverted find their way. */
  readonly routing: Routing
  /** Requests that may wait for their final response at a time; those beyond are answered 503. Default: {@link mostRequests}. */
  readonly maxRequests?: number
}

/** Each takes some 10 KiB, for as long as who is asked stays silent. */
export const mostRequests = 20_000

/** What the proxy tells to those who watch it. */
export interface ProxyEvents {
  /** An INVITE was sent on to the B2BUA at `server`. */
  diverted: [request: SipRequest, server: string]
  /** A request was answered by the proxy itself. */
  answered: [request: SipRequest, flow: Flow, status: number]
  /** A message could not be sent on, and nobody can be told. */
  undelivered: [message: SipMessage, error: Error]
  /** A message that leads nowhere was dropped. */
  dropped: [message: SipMessage, flow: Flow, why: string]
  /** Handling a message failed. */
  failed: [message: SipMessage, error: unknown]
}

/**
 * The proxy of RFC 3261 §16, before another proxy or alone. INVITEs, and what may go to several places, have a
 * transaction; everything else is passed on without one (§16.11).
 */
export class Proxy implements ResponseContextHost {
  readonly events = new TypedEmitter<ProxyEvents>()
  readonly transactions: TransactionLayer
  readonly clock: Clock
  readonly #options: ProxyOptions
  readonly #tokens: FlowTokens
  readonly #marks: BranchMarks
  readonly #forwarder: Forwarder
  readonly #contexts = new Set<ResponseContext>()
  /** Where messages go that have or need a transaction. */
  readonly #stateful: TransactionTransport

  constructor(options: ProxyOptions) {
    const { transport, resolver, clock, secret, own } = options
    this.#options = options
    this.clock = clock
    this.#tokens = new FlowTokens(secret)
    this.#marks = new BranchMarks(secret.toString('hex'))
    this.#forwarder = new Forwarder(this.#tokens, this.#marks, own)
    this.#stateful = {
      onMessage: () => undefined,
      onFlowClosed: () => undefined,
      flowTo: (target) => transport.flowTo(target),
      respond: (response, flow) => transport.respond(response, flow),
    }
    this.transactions = new TransactionLayer({ transport: this.#stateful, resolver, clock })
    this.transactions.user = {
      onRequest: (transaction) => this.#proceed(transaction),
      onAck: (ack, flow) => this.#passOn(ack, flow),
      onStrayCancel: (cancel, flow) => this.#passOn(cancel, flow),
      onStrayResponse: (response, flow) => this.#passBack(response, flow, this.#readBranch(response)),
    }
    transport.onMessage = (message, flow) => this.#receive(message, flow)
    transport.onFlowClosed = (flow) => this.#stateful.onFlowClosed(flow)
  }

  /** Requests in progress, and transactions. */
  counts(): Readonly<Record<string, number>> {
    const { server, client } = this.transactions.counts()
    return { requests: this.#contexts.size, transactions: server + client }
  }

  /** A server that requests are sent to has died: those that it has not answered go elsewhere, if they can. */
  serverDied(uri: SipUri): void {
    for (const context of this.#contexts) context.serverDied(uri)
  }

  /** Forgets what is in progress. */
  close(): void {
    for (const context of this.#contexts) context.abandon()
    this.#contexts.clear()
    this.transactions.close()
  }

  /** Part of {@link ResponseContextHost}. */
  send(passage: Passage, branch: Branch, listener: ClientListener): ClientTransaction {
    const { hop } = branch
    return this.transactions.request(this.#forwarder.prepare(passage, branch), listener, {
      ...('send' in hop ? { flow: hop } : { nextHop: hop }),
      stamp: (request, to) => this.#forwarder.stamp(request, passage, branch, to),
    })
  }

  /** Part of {@link ResponseContextHost}. */
  failed({ hop }: Branch, error: TransactionError): void {
    if (!('send' in hop)) this.#options.diversion.failed(hop, error.message)
  }

  /** Part of {@link ResponseContextHost}. */
  ended(context: ResponseContext): void {
    this.#contexts.delete(context)
  }

  #receive(message: SipMessage, flow: Flow): void {
    if (message.kind === 'response') {
      const branch = this.#readBranch(message)
      if (branch?.stateless === true) this.#passBack(message, flow, branch)
      else this.#stateful.onMessage(message, flow)
      return
    }
    const { method } = message
    const hasTransaction = method === 'INVITE' || method === 'ACK' || method === 'CANCEL'
    if (hasTransaction || this.#options.routing.needsTransaction(message)) this.#stateful.onMessage(message, flow)
    else this.#passOn(message, flow)
  }

  /** A request with a transaction. */
  #proceed(transaction: ServerTransaction): void {
    const { request, flow } = transaction
    const passage = this.#arrived(request, flow)
    const decision = this.#decisionOver(passage, transaction)
    if (decision.kind === 'answer') {
      const response = this.#answerOf(passage, decision)
      if (decision.remember === true) transaction.respond(response)
      else transaction.respondOnce(response)
    } else if (decision.kind === 'forward') {
      if (this.#contexts.size >= (this.#options.maxRequests ?? mostRequests)) {
        const headers = [['Retry-After', String(randomInt(1, 11))]] as const
        transaction.respondOnce(this.#answerOf(passage, { kind: 'answer', status: 503, headers }))
        return
      }
      this.#contexts.add(new ResponseContext(transaction, passage, decision.branches, this))
    }
  }

  /** A request without a transaction (RFC 3261 §16.11). */
  #passOn(request: SipRequest, flow: Flow): void {
    const passage = this.#arrived(request, flow)
    // the ACK of an INVITE that was answered here and forgotten
    if (request.method === 'ACK' && tagOf(request.headers.get('To')!) === this.#marks.tag(request)) return
    const decision = this.#decisionOver(passage, undefined)
    if (decision.kind === 'answer') this.#respond(passage, this.#answerOf(passage, decision))
    else if (decision.kind === 'forward') void this.#forward(passage, decision.branches[0]!)
  }

  async #forward(passage: Passage, branch: Branch): Promise<void> {
    const { transport, resolver } = this.#options
    const { hop } = branch
    try {
      const request = this.#forwarder.prepare(passage, branch)
      const hops = 'send' in hop ? new OnlyHop(hop) : new NextHops(request, hop, transport, resolver)
      const to = await hops.next()
      if (to === undefined) throw hops.error
      this.#forwarder.stampStateless(request, passage, branch, to)
      to.send(serialize(request), (error) => this.#notForwarded(passage, branch, error))
    } catch (error) {
      this.#notForwarded(passage, branch, error)
    }
  }

  /** Better than silence, which would cost the sender half a minute. */
  #notForwarded(passage: Passage, branch: Branch, error: unknown): void {
    const { request } = passage
    this.events.emit('undelivered', request, error instanceof Error ? error : new Error(String(error)))
    this.#refuse(passage, statusOf(error, branch))
  }

  /** As `#decide`; what cannot be decided is refused. */
  #decisionOver(passage: Passage, transaction: ServerTransaction | undefined): Decision {
    try {
      return this.#decide(passage, transaction)
    } catch (error) {
      this.events.emit('failed', passage.request, error)
      return { kind: 'answer', status: error instanceof CodedError ? error.status : 500 }
    }
  }

  /** RFC 3261 §16.3 to §16.5. */
  #decide(passage: Passage, transaction: ServerTransaction | undefined): Decision {
    const decision = this.#route(passage, transaction)
    const { request } = passage
    if (decision.kind !== 'forward' || request.method === 'ACK' || request.method === 'CANCEL') return decision
    passage.breadth = breadthOfEach(request, decision.branches.length)
    return passage.breadth === 0 ? { kind: 'answer', status: 440 } : decision
  }

  #route(passage: Passage, transaction: ServerTransaction | undefined): Decision {
    const { request, flow, loopMark, fromServer } = passage
    const { own, diversion, routing, transport } = this.#options
    const refusal = refusalOf(request)
    if (refusal !== undefined) return refusal
    if (this.#marks.hasPassed(request, loopMark)) return { kind: 'answer', status: 482 }
    const routes = takeOwnRoutes(request, flow, own, this.#tokens, transport, this.#marks)
    if (routes.forged) return { kind: 'answer', status: 403, reason: 'Bad flow token' }
    const known = diversion.recognises(request, flow)
    const [fromB2bua, claimsB2bua] = [known === 'proven', known === 'claimed']
    const inDialog = tagOf(request.headers.get('To')!) !== undefined
    const { routed, authentic, to } = routes
    // a To tag alone says nothing: anybody can invent one
    const misused = to !== undefined && !(inDialog && authentic) && !fromB2bua && !routing.trusts(flow)
    const arrival: Arrival = {
      ...{ request, flow, fromServer, routed, authentic, inDialog, fromB2bua, claimsB2bua, misused },
      ...(to !== undefined && !misused && { to }),
    }
    if (fromB2bua) passage.fromServer = true
    const admitted = routing.admit(arrival, transaction)
    if (admitted !== undefined) return admitted
    const diverted = diversion.branchesFor(arrival)
    if (diverted === undefined) return routing.route(arrival)
    this.events.emit('diverted', request, diverted.server)
    return { kind: 'forward', branches: [diverted.branch] }
  }

  #arrived(request: SipRequest, flow: Flow): Passage {
    const fromServer = this.#options.routing.isServer(flow)
    return { request, flow, loopMark: this.#marks.loopMark(request, fromServer), fromServer }
  }

  #answerOf({ request, flow }: Passage, answer: Decision & { kind: 'answer' }): SipResponse {
    const { status, reason, headers = [] } = answer
    this.events.emit('answered', request, flow, status)
    const toTag = this.#marks.tag(request)
    return createResponse(request, status, { toTag, headers, ...(reason !== undefined && { reason }) })
  }

  #refuse(passage: Passage, status: number): void {
    this.#respond(passage, this.#answerOf(passage, { kind: 'answer', status }))
  }

  /** ACK is never answered. */
  #respond({ request, flow }: Passage, response: SipResponse): void {
    if (request.method !== 'ACK') this.#send(response, flow)
  }

  /** A response without a transaction goes where our own Via says that its request came from (RFC 3261 §16.7, §16.11). */
  #passBack(response: SipResponse, flow: Flow, branch: ReadBranch | undefined): void {
    const ends = branch && this.#tokens.read(branch.token)
    const back = ends && findFlow(ends, this.#options.transport)
    response.headers.removeFirstValue('Via')
    if (back !== undefined && response.headers.has('Via')) {
      this.#send(response, back)
      return
    }
    const gone = ends !== undefined && back === undefined
    this.events.emit('dropped', response, flow, gone ? 'who sent the request has gone' : 'its Via is not ours')
  }

  #send(response: SipResponse, flow: Flow): void {
    const sent = this.#options.transport.respond(response, flow)
    sent?.catch((error: unknown) => this.events.emit('undelivered', response, error as Error))
  }

  #readBranch(response: SipResponse): ReadBranch | undefined {
    const { branch } = parseVia(splitFirst(response.headers.get('Via')!).first)
    return branch === undefined ? undefined : this.#marks.read(branch)
  }
}
