import { type SipResponse } from '../message/message.ts'
import { ServerMachine } from './server-machine.ts'
import { nonInviteTryingDelay, transactionTimeout } from './transaction-timers.ts'

/** States of the non-INVITE server transaction. */
export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated'

/** The non-INVITE server transaction: RFC 3261 §17.2.2, figure 8, with the corrections of RFC 4320. */
export class NonInviteServerTransaction extends ServerMachine {
  override readonly isInvite = false
  #state: NonInviteServerState = 'trying'

  get state(): NonInviteServerState {
    return this.#state
  }

  override get completed(): boolean {
    return this.#state === 'completed' || this.#state === 'terminated'
  }

  override handedOver(): void {
    if (this.#state === 'trying') this.retransmitAfter(nonInviteTryingDelay, () => this.#provisional(this.trying()))
  }

  override respond(response: SipResponse): void {
    switch (this.#state) {
      case 'trying':
      case 'proceeding':
        // the client learns nothing from a provisional response, and one too early makes it slower (RFC 4320 §4.1);
        // the automatic 100 comes at the right time
        if (response.status >= 200) this.#complete(response)
        return
      case 'completed':
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
      case 'trying':
      case 'terminated':
        return // absorbed
    }
  }

  override abandon(): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.release()
  }

  #provisional(response: SipResponse): void {
    this.#state = 'proceeding'
    this.lastResponse = response
    this.send(response)
  }

  #complete(response: SipResponse): void {
    this.stopRetransmission() // of the automatic 100
    this.#state = 'completed'
    if (!this.flow.reliable) this.deadlineAfter(transactionTimeout, () => this.abandon()) // timer J
    // the client has given up by then, so 408 would only confuse (RFC 4320 §4.2)
    this.lastResponse = response.status === 408 ? undefined : response
    if (this.lastResponse !== undefined) this.send(this.lastResponse)
    this.letGo()
    if (this.flow.reliable) this.abandon() // timer J is 0
  }
}
