import { type Clock, type Timer } from '../../base/clock.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { serialize } from '../message/parse.ts'
import { type Flow } from '../transport/flow.ts'
import { TransactionError } from './transaction-error.ts'

/** Who drives a client machine: the transaction user of RFC 3261's figures. */
export interface ClientMachineUser {
  /** A response that the figure passes to the TU. */
  passResponse(machine: ClientMachine, response: SipResponse): void
  /** Timer B or F: no final response. `terminated` follows. */
  timedOut(machine: ClientMachine): void
  /** The request could not be sent, or its connection is gone. `terminated` follows. */
  transportFailed(machine: ClientMachine, error: TransactionError): void
  /** Nothing of the machine is left. */
  terminated(machine: ClientMachine): void
}

/** What both client machines of RFC 3261 §17.1 have in common: one request on one flow, and at most two timers. */
export abstract class ClientMachine {
  readonly request: SipRequest
  readonly flow: Flow
  /** Under which responses find this machine: {@link clientKey}. */
  readonly key: string
  readonly #clock: Clock
  /** The request as it is sent, as long as it may be sent again. */
  #bytes: Buffer | undefined
  #retransmission: Timer | undefined
  #deadline: Timer | undefined
  protected readonly user: ClientMachineUser

  /**
   * @param request - with its Via; it must not change any more
   * @param key - of the request's branch and method
   */
  constructor(request: SipRequest, key: string, flow: Flow, clock: Clock, user: ClientMachineUser) {
    this.request = request
    this.key = key
    this.flow = flow
    this.user = user
    this.#clock = clock
    this.#bytes = serialize(request)
  }

  /** Sends the request for the first time. */
  abstract start(): void

  /** Takes a response with this machine's branch, method and CSeq number. */
  abstract receive(response: SipResponse): void

  /** The transport says that the request did not leave, or that its connection is gone. */
  abstract transportError(error: Error): void

  /** Ends the machine at once, without a word to its user but `terminated`. Harmless when it has ended. */
  abstract abandon(): void

  protected sendRequest(): void {
    if (this.#bytes !== undefined) this.flow.send(this.#bytes, this.onSendError)
  }

  /** One function for every send: a message costs no closure. */
  protected readonly onSendError = (error: Error): void => this.transportError(error)

  /** Starts timer A or E; the one that ran before is over. */
  protected retransmitAfter(delay: number, fire: () => void): void {
    this.#retransmission?.cancel()
    this.#retransmission = this.#clock.after(delay, fire)
  }

  protected stopRetransmission(): void {
    this.#retransmission?.cancel()
    this.#retransmission = undefined
  }

  /** Starts the timer that ends the present state: B, D, F, K or M. */
  protected deadlineAfter(delay: number, fire: () => void): void {
    this.#deadline?.cancel()
    this.#deadline = this.#clock.after(delay, fire)
  }

  /** Also lets go of the request's bytes: a machine may have to live on for half a minute. */
  protected stopTimers(): void {
    this.stopRetransmission()
    this.#bytes = undefined
    this.#deadline?.cancel()
    this.#deadline = undefined
  }
}

/** A transport's failure as the transaction user sees it: 503 (RFC 3261 §8.1.3.1). */
export function transportFailure(cause: unknown): TransactionError {
  if (cause instanceof TransactionError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new TransactionError('TRANSACTION_TRANSPORT', why, { cause })
}
