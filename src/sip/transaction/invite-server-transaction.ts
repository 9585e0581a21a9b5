import { type SipResponse } from '../message/message.ts'
import { ServerMachine } from './server-machine.ts'
import { t1, t2, t4, transactionTimeout, tryingDelay } from './transaction-timers.ts'

/** States of the INVITE server transaction. */
export type InviteServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated'

/** The INVITE server transaction: RFC 3261 §17.2.1, figure 7, as RFC 6026 §7.1 amends it with state Accepted. */
export class InviteServerTransaction extends ServerMachine {
  override readonly isInvite = true
  #state: InviteServerState = 'proceeding'
  #timerG = t1

  get state(): InviteServerState {
    return this.#state
  }

  override get completed(): boolean {
    return this.#state !== 'proceeding'
  }

  override handedOver(): void {
    if (this.#state === 'proceeding' && this.lastResponse === undefined) {
      this.retransmitAfter(tryingDelay, () => this.respond(this.trying()))
    }
  }

  override respond(response: SipResponse): void {
    switch (this.#state) {
      case 'proceeding':
        this.stopRetransmission() // of the automatic 100
        if (response.status < 200) {
          this.lastResponse = response
          this.send(response)
        } else if (response.status < 300) this.#accept(response)
        else this.#complete(response)
        return
      case 'accepted':
        if (response.status >= 200 && response.status < 300) this.send(response) // the TU repeats its 2xx
        return
      case 'completed':
      case 'confirmed':
      case 'terminated':
        return
    }
  }

  override receiveRetransmission(): void {
    switch (this.#state) {
      case 'proceeding':
      case 'completed':
        if (this.lastResponse !== undefined) this.send(this.lastResponse)
        return
      case 'confirmed':
      case 'accepted':
      case 'terminated':
        return // absorbed
    }
  }

  /**
   * Takes an ACK with this transaction's branch.
   * @returns whether it belongs to the TU: the ACK of a 2xx from a client that keeps the INVITE's branch (RFC 6026 §7.1)
   */
  receiveAck(): boolean {
    switch (this.#state) {
      case 'completed':
        this.#confirm()
        return false
      case 'accepted':
        return true
      case 'proceeding':
      case 'confirmed':
      case 'terminated':
        return false
    }
  }

  override abandon(): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.release()
  }

  #accept(response: SipResponse): void {
    this.#state = 'accepted'
    this.lastResponse = undefined
    this.deadlineAfter(transactionTimeout, () => this.abandon()) // timer L
    this.send(response)
    this.letGo() // what becomes of the call is the dialog's
  }

  #complete(response: SipResponse): void {
    this.#state = 'completed'
    this.lastResponse = response
    this.deadlineAfter(transactionTimeout, () => this.#unacknowledged()) // timer H
    if (!this.flow.reliable) this.retransmitAfter(this.#timerG, () => this.#onTimerG())
    this.send(response)
  }

  #onTimerG(): void {
    this.#timerG = Math.min(this.#timerG * 2, t2)
    this.retransmitAfter(this.#timerG, () => this.#onTimerG())
    this.send(this.lastResponse!)
  }

  #confirm(): void {
    this.stopTimers()
    this.#state = 'confirmed'
    this.lastResponse = undefined
    if (this.flow.reliable)
      this.abandon() // timer I is 0
    else this.deadlineAfter(t4, () => this.abandon())
  }

  #unacknowledged(): void {
    this.abandon()
    this.onUnacknowledged?.()
  }
}
