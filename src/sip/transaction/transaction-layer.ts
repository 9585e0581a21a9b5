import { type Clock } from '../../base/clock.ts'
import { CodedError } from '../../base/coded-error.ts'
import { TypedEmitter } from '../../base/typed-emitter.ts'
import { parseCSeq } from '../message/cseq.ts'
import { newTag } from '../message/identifiers.ts'
import { createResponse, type SipMessage, type SipRequest, type SipResponse } from '../message/message.ts'
import { tagOf } from '../message/name-addr.ts'
import { type SipUri } from '../message/uri.ts'
import { type Flow } from '../transport/flow.ts'
import { transportFailure, type ClientMachine } from './client-machine.ts'
import { ClientRequest, type ClientRequestContext } from './client-request.ts'
import { type ClientListener, type ClientRequestOptions, type ClientTransaction } from './client-transaction.ts'
import { InviteServerTransaction } from './invite-server-transaction.ts'
import { NextHops, type FlowSource, type Hops, type TargetResolver } from './next-hops.ts'
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts'
import { ReceivedRequest } from './received-request.ts'
import { type ServerMachine, type ServerMachineContext } from './server-machine.ts'
import { type ServerTransaction } from './server-transaction.ts'
import { SuccessAck } from './success-ack.ts'
import { clientKeyOf, serverKey } from './transaction-key.ts'

/** The part of the transport layer that transactions use. */
export interface TransactionTransport extends FlowSource {
  onMessage: (message: SipMessage, flow: Flow) => void
  onFlowClosed: (flow: Flow) => void
  respond(response: SipResponse, flow: Flow): Promise<void> | void
}

/** Who uses the transactions. What its methods throw answers the request, and is told to `events`. */
export interface TransactionUser {
  /** Any new request but ACK and CANCEL. */
  onRequest(transaction: ServerTransaction): void
  /** The ACK of a 2xx. */
  onAck(ack: SipRequest, flow: Flow): void
  /** A CANCEL that matches no INVITE; without this method it is answered 481. */
  onStrayCancel?(cancel: SipRequest, flow: Flow): void
  /** A response that matches no transaction, e.g. a 2xx of an INVITE that comes again very late. */
  onStrayResponse(response: SipResponse, flow: Flow): void
}

/** What the transactions tell to those who watch them. */
export interface TransactionEvents {
  /** A message could not be delivered, and no transaction fails by it. */
  undelivered: [message: SipMessage, error: Error]
  /** A message that makes no sense where it came was dropped. */
  dropped: [message: SipMessage, flow: Flow, why: string]
  /** Handling a message failed; a request was answered with the error's status. */
  failed: [message: SipMessage, error: unknown]
}

/** What the transaction layer is made with. */
export interface TransactionLayerOptions {
  readonly transport: TransactionTransport
  readonly resolver: TargetResolver
  readonly clock: Clock
}

/** How many of what there are; all zero when nothing is under way. */
export interface TransactionCounts {
  /** Server transactions, those included that only absorb retransmissions. */
  readonly server: number
  /** Client transactions, likewise. */
  readonly client: number
  /** Requests of ours without their final response. */
  readonly pending: number
}

/** RFC 3261 §17: keeps the transactions of both directions, matches messages to them, and sends requests. */
export class TransactionLayer implements ServerMachineContext, ClientRequestContext {
  readonly events = new TypedEmitter<TransactionEvents>()
  readonly clock: Clock
  /** Set before the first message comes. */
  user: TransactionUser | undefined
  readonly #transport: TransactionTransport
  readonly #resolver: TargetResolver
  readonly #server = new Map<string, ServerMachine>()
  readonly #client = new Map<string, ClientMachine>()
  /** Client transactions by the reliable flow that they would fail with; keyed by `Flow.id`. */
  readonly #byFlow = new Map<number, Set<ClientMachine>>()
  readonly #pending = new Set<ClientRequest>()
  #onIdle: (() => void)[] = []

  constructor(options: TransactionLayerOptions) {
    this.clock = options.clock
    this.#transport = options.transport
    this.#resolver = options.resolver
    this.#transport.onMessage = (message, flow) => this.#receive(message, flow)
    this.#transport.onFlowClosed = (flow) => this.#flowClosed(flow)
  }

  /**
   * Sends a request that is to have a response. Via is added, Contact where the method needs one and none is given, and
   * for a strict router Request-URI and Route are rearranged.
   * @param request - From, To, Call-ID, CSeq, Max-Forwards and Route as they shall be; the layer owns it from here on
   */
  request(request: SipRequest, listener: ClientListener, options: ClientRequestOptions = {}): ClientTransaction {
    const client = new ClientRequest(request, this, listener, options)
    this.#pending.add(client)
    queueMicrotask(() => void client.start()) // nothing is reported before the caller has the transaction
    return client
  }

  /**
   * Makes the ACK of a 2xx ready to be sent, as often as needed.
   * @param request - complete but for its Via; the layer owns it from here on
   * @param fallback - as in {@link ClientRequestOptions}
   */
  acknowledge(request: SipRequest, fallback?: Flow): SuccessAck {
    return new SuccessAck(request, this, fallback)
  }

  counts(): TransactionCounts {
    return { server: this.#server.size, client: this.#client.size, pending: this.#pending.size }
  }

  /** Resolves when no request of ours waits for its final response. */
  idle(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Forgets every transaction at once: no timer is left, and no user hears of it. */
  close(): void {
    for (const request of [...this.#pending]) request.abandon()
    for (const machine of [...this.#client.values(), ...this.#server.values()]) machine.abandon()
  }

  #receive(message: SipMessage, flow: Flow): void {
    try {
      if (message.kind === 'response') this.#receiveResponse(message, flow)
      else if (message.method === 'ACK') this.#receiveAck(message, flow)
      else if (message.method === 'CANCEL') this.#receiveCancel(message, flow)
      else this.#receiveRequest(message, flow)
    } catch (error) {
      this.events.emit('failed', message, error)
    }
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKey(request, request.method)
    const known = this.#server.get(key)
    if (known !== undefined) {
      known.receiveRetransmission()
      return
    }
    const machine =
      request.method === 'INVITE'
        ? new InviteServerTransaction(request, key, flow, this)
        : new NonInviteServerTransaction(request, key, flow, this)
    this.#server.set(key, machine)
    try {
      this.user?.onRequest(new ReceivedRequest(request, machine))
    } catch (error) {
      this.events.emit('failed', request, error)
      machine.respond(createResponse(request, error instanceof CodedError ? error.status : 500, { toTag: newTag() }))
    }
    machine.handedOver()
  }

  #receiveAck(ack: SipRequest, flow: Flow): void {
    const machine = this.#server.get(serverKey(ack, 'INVITE'))
    const forUser = machine instanceof InviteServerTransaction ? machine.receiveAck() : true
    if (forUser) this.user?.onAck(ack, flow)
  }

  /**
   * RFC 3261 §9.2. A CANCEL is answered without a transaction of its own: answering it again has no other effect than the
   * transaction's repeated response would have.
   */
  #receiveCancel(cancel: SipRequest, flow: Flow): void {
    const machine = this.#server.get(serverKey(cancel, 'INVITE'))
    if (machine === undefined && this.user?.onStrayCancel !== undefined) {
      this.user.onStrayCancel(cancel, flow)
      return
    }
    const response = createResponse(cancel, machine === undefined ? 481 : 200, { toTag: machine?.toTag ?? newTag() })
    const sent = this.#transport.respond(response, flow)
    sent?.catch((error: unknown) => this.undelivered(response, error as Error))
    if (machine?.completed === false) machine.onCancel?.(cancel)
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    const key = clientKeyOf(response)
    const machine = key === undefined ? undefined : this.#client.get(key)
    if (machine === undefined) {
      if (key === undefined) this.events.emit('dropped', response, flow, 'no branch in its top Via')
      else this.user?.onStrayResponse(response, flow)
      return
    }
    if (!belongsTogether(machine.request, response)) {
      this.events.emit('dropped', response, flow, 'Via, CSeq, Call-ID or From is not that of the request')
      return
    }
    machine.receive(response)
  }

  #flowClosed(flow: Flow): void {
    const machines = this.#byFlow.get(flow.id)
    if (machines === undefined) return
    const error = transportFailure('the connection was closed before the final response')
    for (const machine of [...machines]) machine.transportError(error)
  }

  /** Part of {@link ClientRequestContext}. */
  hopsOf(request: SipRequest, uri: SipUri, fallback: Flow | undefined): Hops {
    return new NextHops(request, uri, this.#transport, this.#resolver, fallback)
  }

  /** Part of {@link ClientRequestContext}. */
  add(machine: ClientMachine): void {
    this.#client.set(machine.key, machine)
    if (!machine.flow.reliable) return
    const { id } = machine.flow
    const machines = this.#byFlow.get(id)
    if (machines === undefined) this.#byFlow.set(id, new Set([machine]))
    else machines.add(machine)
  }

  /** Part of {@link ClientRequestContext}. */
  remove(machine: ClientMachine): void {
    this.#client.delete(machine.key)
    const machines = this.#byFlow.get(machine.flow.id)
    if (machines?.delete(machine) === true && machines.size === 0) this.#byFlow.delete(machine.flow.id)
  }

  /** Part of {@link ClientRequestContext}. */
  settled(request: ClientRequest): void {
    this.#pending.delete(request)
    if (this.#pending.size > 0 || this.#onIdle.length === 0) return
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiting) resolve()
  }

  /** Part of {@link ServerMachineContext}. */
  respond(response: SipResponse, flow: Flow): Promise<void> | void {
    return this.#transport.respond(response, flow)
  }

  /** Part of {@link ServerMachineContext} and {@link ClientRequestContext}. */
  undelivered(message: SipMessage, error: Error): void {
    this.events.emit('undelivered', message, error)
  }

  /** Part of {@link ServerMachineContext}. */
  terminated(machine: ServerMachine): void {
    this.#server.delete(machine.key)
  }
}

/**
 * Whether a response with the right branch is really one to this request: nobody else's CSeq, Call-ID or From tag, and as
 * many Vias as the request had (RFC 3261 §8.1.3.3: one, when the request was ours).
 * @throws CodedError when CSeq, From or To are malformed
 */
function belongsTogether(request: SipRequest, response: SipResponse): boolean {
  const [asked, given] = [request.headers, response.headers]
  tagOf(given.get('To') ?? '')
  return (
    given.get('Call-ID') === asked.get('Call-ID') &&
    given.values('Via').length === asked.values('Via').length &&
    parseCSeq(given.get('CSeq') ?? '').number === parseCSeq(asked.get('CSeq')!).number &&
    tagOf(given.get('From') ?? '') === tagOf(asked.get('From')!)
  )
}
