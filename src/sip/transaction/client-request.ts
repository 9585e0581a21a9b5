import { type Clock, type Timer } from '../../base/clock.ts'
import { emptyBody, type SipRequest, type SipResponse } from '../message/message.ts'
import { type SipUri } from '../message/uri.ts'
import { type Flow } from '../transport/flow.ts'
import { transportFailure, type ClientMachine, type ClientMachineUser } from './client-machine.ts'
import { type ClientListener, type ClientRequestOptions, type ClientTransaction } from './client-transaction.ts'
import { createCancel } from './hop-requests.ts'
import { type HeaderList } from './header-list.ts'
import { InviteClientTransaction } from './invite-client-transaction.ts'
import { OnlyHop, type Hops } from './next-hops.ts'
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts'
import { routeRequest } from './route-request.ts'
import { stampAsUserAgent } from './stamp.ts'
import { TransactionError } from './transaction-error.ts'
import { clientKey } from './transaction-key.ts'
import { transactionTimeout } from './transaction-timers.ts'

/** What a request needs of the layer that keeps it. */
export interface ClientRequestContext {
  readonly clock: Clock
  hopsOf(request: SipRequest, uri: SipUri, fallback: Flow | undefined): Hops
  add(machine: ClientMachine): void
  remove(machine: ClientMachine): void
  /** The request has its final response, or failed. */
  settled(request: ClientRequest): void
  /** A message did not leave, and nobody but the operator can be told. */
  undelivered(request: SipRequest, error: Error): void
}

/** Who hears of a request that has settled. */
const nobody: ClientListener = { onResponse: () => undefined, onFailure: () => undefined }

/**
 * A request on its way: finds the next hop, tries its targets in turn with a new branch each (RFC 3263 §4.3: after a
 * transport error, a timeout or a 503), and cancels what is under way (RFC 3261 §9.1).
 */
export class ClientRequest implements ClientTransaction, ClientMachineUser {
  /** As it was given, but for strict routing; each attempt has a copy. */
  #original: SipRequest
  #request: SipRequest
  readonly #context: ClientRequestContext
  /** Of an INVITE also when it has settled: a 2xx may come again. */
  #listener: ClientListener
  readonly #options: ClientRequestOptions
  #hops: Hops | undefined
  /** The transaction of the latest attempt, once it was sent. */
  #machine: ClientMachine | undefined
  #provisional = false
  #settled = false
  /** Header fields of the CANCEL, once one is wanted. */
  #cancel: HeaderList | undefined
  /** Runs from the CANCEL's sending on. */
  #cancelDeadline: Timer | undefined

  constructor(
    request: SipRequest,
    context: ClientRequestContext,
    listener: ClientListener,
    options: ClientRequestOptions,
  ) {
    this.#original = request
    this.#request = request
    this.#context = context
    this.#listener = listener
    this.#options = options
  }

  get request(): SipRequest {
    return this.#request
  }

  /** Routes and sends the request; every outcome reaches the listener. */
  async start(): Promise<void> {
    if (this.#settled || this.#cancel !== undefined) return
    try {
      this.#hops = this.#hopsOf(this.#original)
    } catch (error) {
      this.#fail(transportFailure(error))
      return
    }
    await this.#attempt()
  }

  cancel(headers: HeaderList = []): void {
    if (this.#request.method !== 'INVITE' || this.#settled || this.#cancel !== undefined) return
    this.#cancel = headers
    if (this.#machine === undefined) {
      queueMicrotask(() => this.#fail(new TransactionError('TRANSACTION_CANCELLED', 'cancelled before it was sent')))
    } else if (this.#provisional) this.#sendCancel()
  }

  /** Forgets the request without a word to its listener. */
  abandon(): void {
    this.#settle()
  }

  passResponse(machine: ClientMachine, response: SipResponse): void {
    if (machine !== this.#machine) return
    if (response.status < 200) {
      if (this.#settled) return
      this.#provisional = true
      if (this.#cancel !== undefined && this.#cancelDeadline === undefined) this.#sendCancel()
      this.#listener.onResponse(response, machine.flow)
      return
    }
    if (this.#settled) {
      // only an INVITE's 2xx comes more than once
      if (response.status < 300) this.#listener.onResponse(response, machine.flow)
      return
    }
    if (response.status === 503 && this.#mayFailOver()) {
      void this.#attempt()
      return
    }
    const listener = this.#listener
    this.#settle()
    listener.onResponse(response, machine.flow)
  }

  timedOut(machine: ClientMachine): void {
    this.#attemptFailed(machine, new TransactionError('TRANSACTION_TIMEOUT', 'no final response in time'))
  }

  transportFailed(machine: ClientMachine, error: TransactionError): void {
    this.#attemptFailed(machine, error)
  }

  terminated(machine: ClientMachine): void {
    this.#context.remove(machine)
  }

  #attemptFailed(machine: ClientMachine, error: TransactionError): void {
    if (machine !== this.#machine || this.#settled) return
    if (this.#mayFailOver()) void this.#attempt()
    else this.#fail(error)
  }

  /** A provisional response means that somebody may be ringing: another branch would ring twice. */
  #mayFailOver(): boolean {
    return !this.#provisional && this.#cancel === undefined && this.#hops?.exhausted === false
  }

  async #attempt(): Promise<void> {
    this.#machine = undefined
    const hops = this.#hops!
    const flow = await hops.next()
    if (this.#settled || this.#cancel !== undefined) return
    if (flow === undefined) {
      this.#fail(transportFailure(hops.error ?? 'no way to the next hop'))
      return
    }
    // a copy: an earlier attempt may still have to acknowledge its 503 with its own Via
    this.#request = { ...this.#original, headers: this.#original.headers.clone() }
    try {
      const branch = (this.#options.stamp ?? stampAsUserAgent)(this.#request, flow)
      this.#machine = this.#createMachine(clientKey(branch, this.#request.method), flow)
    } catch (error) {
      this.#fail(transportFailure(error)) // it cannot be written, e.g. one header field too many
      return
    }
    this.#context.add(this.#machine)
    this.#machine.start()
  }

  #createMachine(key: string, flow: Flow): ClientMachine {
    const { clock } = this.#context
    return this.#request.method === 'INVITE'
      ? new InviteClientTransaction(this.#request, key, flow, clock, this, this.#options.repeated)
      : new NonInviteClientTransaction(this.#request, key, flow, clock, this)
  }

  #hopsOf(request: SipRequest): Hops {
    const { flow, nextHop, fallback } = this.#options
    if (flow !== undefined) return new OnlyHop(flow)
    return this.#context.hopsOf(request, nextHop ?? routeRequest(request), fallback)
  }

  /** The CANCEL is a transaction of its own on the same flow; only the INVITE's outcome counts (RFC 3261 §9.1). */
  #sendCancel(): void {
    const invite = this.#machine!
    this.#cancelDeadline = this.#context.clock.after(transactionTimeout, () => {
      invite.abandon()
      this.#fail(new TransactionError('TRANSACTION_CANCELLED', 'no final response to the cancelled INVITE'))
    })
    const request = createCancel(this.#request, [...(this.#options.repeated ?? []), ...this.#cancel!])
    const context = this.#context
    const machine = new NonInviteClientTransaction(
      request,
      invite.key.replace(/INVITE$/, 'CANCEL'),
      invite.flow,
      context.clock,
      {
        passResponse: () => undefined,
        timedOut: () => undefined,
        transportFailed: (_, error) => context.undelivered(request, error),
        terminated: (one) => context.remove(one),
      },
    )
    context.add(machine)
    machine.start()
  }

  #fail(error: TransactionError): void {
    if (this.#settled) return
    const listener = this.#listener
    this.#settle()
    listener.onFailure(error)
  }

  /** From here on nothing is tried again: what that would need is let go of, as a 2xx keeps the rest for half a minute. */
  #settle(): void {
    this.#settled = true
    this.#hops = undefined
    this.#request.body = emptyBody
    this.#original = this.#request
    if (this.#request.method !== 'INVITE') this.#listener = nobody
    this.#cancelDeadline?.cancel()
    this.#context.settled(this)
  }
}
