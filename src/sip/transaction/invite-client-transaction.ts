import { type Clock } from '../../base/clock.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { serialize } from '../message/parse.ts'
import { type Flow } from '../transport/flow.ts'
import { ClientMachine, transportFailure, type ClientMachineUser } from './client-machine.ts'
import { type HeaderList } from './header-list.ts'
import { createFailureAck } from './hop-requests.ts'
import { t1, timerD, transactionTimeout } from './transaction-timers.ts'

/** States of the INVITE client transaction. */
export type InviteClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated'

/** The INVITE client transaction: RFC 3261 §17.1.1.2, figure 5, as RFC 6026 §7.2 amends it with state Accepted. */
export class InviteClientTransaction extends ClientMachine {
  readonly #repeated: HeaderList
  #state: InviteClientState = 'calling'
  #timerA = t1
  #ack: Buffer | undefined

  /** @param repeated - header fields that the ACK of a failure response carries too */
  constructor(
    request: SipRequest,
    key: string,
    flow: Flow,
    clock: Clock,
    user: ClientMachineUser,
    repeated: HeaderList = [],
  ) {
    super(request, key, flow, clock, user)
    this.#repeated = repeated
  }

  get state(): InviteClientState {
    return this.#state
  }

  override start(): void {
    this.deadlineAfter(transactionTimeout, () => this.#timerB())
    if (!this.flow.reliable) this.retransmitAfter(this.#timerA, () => this.#onTimerA())
    this.sendRequest()
  }

  override receive(response: SipResponse): void {
    switch (this.#state) {
      case 'calling':
      case 'proceeding':
        if (response.status < 200) this.#proceed(response)
        else if (response.status < 300) this.#accept(response)
        else this.#complete(response)
        return
      case 'completed':
        // the ACK was lost: the response came again
        if (response.status >= 300) this.#sendAck()
        return
      case 'accepted':
        // repeated 2xx, and those of other forks: the TU acknowledges each (RFC 6026 §7.2)
        if (response.status >= 200 && response.status < 300) this.user.passResponse(this, response)
        return
      case 'terminated':
        return
    }
  }

  override transportError(error: Error): void {
    switch (this.#state) {
      case 'calling':
      case 'proceeding':
        this.stopTimers()
        this.#state = 'terminated'
        this.user.transportFailed(this, transportFailure(error))
        this.user.terminated(this)
        return
      case 'completed':
        // only the ACK did not leave; the user has its final response
        this.#terminate()
        return
      case 'accepted':
      case 'terminated':
        return
    }
  }

  override abandon(): void {
    if (this.#state !== 'terminated') this.#terminate()
  }

  #onTimerA(): void {
    this.#timerA *= 2
    this.retransmitAfter(this.#timerA, () => this.#onTimerA())
    this.sendRequest()
  }

  #timerB(): void {
    this.stopTimers()
    this.#state = 'terminated'
    this.user.timedOut(this)
    this.user.terminated(this)
  }

  #proceed(response: SipResponse): void {
    if (this.#state === 'calling') {
      this.stopTimers()
      this.#state = 'proceeding'
    }
    this.user.passResponse(this, response)
  }

  #accept(response: SipResponse): void {
    this.stopTimers()
    this.#state = 'accepted'
    this.deadlineAfter(transactionTimeout, () => this.#terminate()) // timer M
    this.user.passResponse(this, response)
  }

  #complete(response: SipResponse): void {
    this.stopTimers()
    this.#state = 'completed'
    this.#ack = serialize(createFailureAck(this.request, response, this.#repeated))
    this.#sendAck()
    if (!this.flow.reliable) this.deadlineAfter(timerD, () => this.#terminate())
    this.user.passResponse(this, response)
    if (this.flow.reliable) this.#terminate() // timer D is 0
  }

  #sendAck(): void {
    this.flow.send(this.#ack!, this.onSendError)
  }

  #terminate(): void {
    this.stopTimers()
    this.#state = 'terminated'
    this.user.terminated(this)
  }
}
