import { type SipRequest, type SipResponse } from '../message/message.ts'
import { type Flow } from '../transport/flow.ts'
import { type ServerMachine } from './server-machine.ts'
import { type ServerTransaction } from './server-transaction.ts'

/**
 * A server transaction as its user has it. The machine, which must live on for half a minute after the answer, does not hold
 * it any more by then: the request, and all that its user hung on it, go when the user lets go.
 */
export class ReceivedRequest implements ServerTransaction {
  readonly request: SipRequest
  readonly #machine: ServerMachine

  constructor(request: SipRequest, machine: ServerMachine) {
    this.request = request
    this.#machine = machine
  }

  get flow(): Flow {
    return this.#machine.flow
  }

  get isInvite(): boolean {
    return this.#machine.isInvite
  }

  get completed(): boolean {
    return this.#machine.completed
  }

  respond(response: SipResponse): void {
    this.#machine.respond(response)
  }

  respondOnce(response: SipResponse): void {
    this.#machine.respondOnce(response)
  }

  set onCancel(listener: ((cancel: SipRequest) => void) | undefined) {
    this.#machine.onCancel = listener
  }

  set onTransportError(listener: ((error: Error) => void) | undefined) {
    this.#machine.onTransportError = listener
  }

  set onUnacknowledged(listener: (() => void) | undefined) {
    this.#machine.onUnacknowledged = listener
  }
}
