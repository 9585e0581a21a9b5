import { type SipResponse } from '../message/message.ts'
import { ClientMachine, transportFailure } from './client-machine.ts'
import { t1, t2, t4, transactionTimeout } from './transaction-timers.ts'

/** States of the non-INVITE client transaction. */
export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated'

/** The non-INVITE client transaction: RFC 3261 §17.1.2.2, figure 6. */
export class NonInviteClientTransaction extends ClientMachine {
  #state: NonInviteClientState = 'trying'
  #timerE = t1

  get state(): NonInviteClientState {
    return this.#state
  }

  override start(): void {
    this.deadlineAfter(transactionTimeout, () => this.#timerF())
    if (!this.flow.reliable) this.retransmitAfter(this.#timerE, () => this.#onTimerE())
    this.sendRequest()
  }

  override receive(response: SipResponse): void {
    switch (this.#state) {
      case 'trying':
      case 'proceeding':
        if (response.status >= 200) {
          this.#complete(response)
          return
        }
        this.#state = 'proceeding'
        this.user.passResponse(this, response)
        return
      case 'completed':
      case 'terminated':
        return // a retransmission, absorbed
    }
  }

  override transportError(error: Error): void {
    switch (this.#state) {
      case 'trying':
      case 'proceeding':
        this.stopTimers()
        this.#state = 'terminated'
        this.user.transportFailed(this, transportFailure(error))
        this.user.terminated(this)
        return
      case 'completed':
      case 'terminated':
        return
    }
  }

  override abandon(): void {
    if (this.#state !== 'terminated') this.#terminate()
  }

  #onTimerE(): void {
    this.#timerE = this.#state === 'trying' ? Math.min(this.#timerE * 2, t2) : t2
    this.retransmitAfter(this.#timerE, () => this.#onTimerE())
    this.sendRequest()
  }

  #timerF(): void {
    this.stopTimers()
    this.#state = 'terminated'
    this.user.timedOut(this)
    this.user.terminated(this)
  }

  #complete(response: SipResponse): void {
    this.stopTimers()
    this.#state = 'completed'
    if (!this.flow.reliable) this.deadlineAfter(t4, () => this.#terminate()) // timer K
    this.user.passResponse(this, response)
    if (this.flow.reliable) this.#terminate() // timer K is 0
  }

  #terminate(): void {
    this.stopTimers()
    this.#state = 'terminated'
    this.user.terminated(this)
  }
}
