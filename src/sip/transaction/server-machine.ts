import { type Clock, type Timer } from '../../base/clock.ts'
import { createResponse, type SipRequest, type SipResponse } from '../message/message.ts'
import { tagOf } from '../message/name-addr.ts'
import { type Flow } from '../transport/flow.ts'

/** What a server machine needs of the layer that keeps it. */
export interface ServerMachineContext {
  readonly clock: Clock
  /** Sends a response the way its request came; rejects when it cannot. */
  respond(response: SipResponse, flow: Flow): Promise<void> | void
  /** A response was not delivered, and nobody but the operator can be told. */
  undelivered(response: SipResponse, error: Error): void
  /** Nothing of the machine is left. */
  terminated(machine: ServerMachine): void
}

/** What both server machines of RFC 3261 §17.2 have in common: one request, its last response, and at most two timers. */
export abstract class ServerMachine {
  readonly flow: Flow
  /** Under which retransmissions, ACK and CANCEL find this machine: {@link serverKey}. */
  readonly key: string
  abstract readonly isInvite: boolean
  onCancel: ((cancel: SipRequest) => void) | undefined
  onTransportError: ((error: Error) => void) | undefined
  onUnacknowledged: (() => void) | undefined
  /** The response to send again when the request comes again. */
  protected lastResponse: SipResponse | undefined
  readonly #context: ServerMachineContext
  /** As long as a 100 may have to be made of it. */
  #request: SipRequest | undefined
  #retransmission: Timer | undefined
  #deadline: Timer | undefined

  constructor(request: SipRequest, key: string, flow: Flow, context: ServerMachineContext) {
    this.#request = request
    this.key = key
    this.flow = flow
    this.#context = context
  }

  abstract get completed(): boolean

  /** The To tag of the last response: that of a CANCEL has the same (RFC 3261 §9.2). */
  get toTag(): string | undefined {
    return this.lastResponse && tagOf(this.lastResponse.headers.get('To') ?? '')
  }

  /** As {@link ServerTransaction.respond}. */
  abstract respond(response: SipResponse): void

  /** As {@link ServerTransaction.respondOnce}. */
  respondOnce(response: SipResponse): void {
    if (this.completed) return
    this.send(response)
    this.abandon()
  }

  /** The same request came again. */
  abstract receiveRetransmission(): void

  /** The user has got the request: if it has not answered by now, a 100 will be sent in a while. */
  abstract handedOver(): void

  /** Ends the machine at once, without a word to its user. Harmless when it has ended. */
  abstract abandon(): void

  protected trying(): SipResponse {
    return createResponse(this.#request!, 100)
  }

  /** The user has nothing more to hear, and the request nothing more to give. */
  protected letGo(): void {
    this.#request = this.onCancel = this.onTransportError = this.onUnacknowledged = undefined
  }

  protected send(response: SipResponse): void {
    const sent = this.#context.respond(response, this.flow)
    sent?.catch((error: unknown) =>
      this.#sendFailed(response, error instanceof Error ? error : new Error(String(error))),
    )
  }

  #sendFailed(response: SipResponse, error: Error): void {
    this.#context.undelivered(response, error)
    this.onTransportError?.(error)
  }

  /** Starts timer G, or that of the automatic 100. */
  protected retransmitAfter(delay: number, fire: () => void): void {
    this.#retransmission?.cancel()
    this.#retransmission = this.#context.clock.after(delay, fire)
  }

  protected stopRetransmission(): void {
    this.#retransmission?.cancel()
    this.#retransmission = undefined
  }

  /** Starts the timer that ends the present state: H, I, J or L. */
  protected deadlineAfter(delay: number, fire: () => void): void {
    this.#deadline?.cancel()
    this.#deadline = this.#context.clock.after(delay, fire)
  }

  protected stopTimers(): void {
    this.stopRetransmission()
    this.#deadline?.cancel()
    this.#deadline = undefined
  }

  /** Leaves the layer. */
  protected release(): void {
    this.stopTimers()
    this.#context.terminated(this)
  }
}
