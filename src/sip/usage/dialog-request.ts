import { type SipResponse } from '../message/message.ts'
import { type ClientListener } from '../transaction/client-transaction.ts'
import { type TransactionError } from '../transaction/transaction-error.ts'
import { type Flow } from '../transport/flow.ts'
import { type SuccessAcknowledgement } from './success-acknowledgement.ts'

/** What a request inside a dialog tells the session that sent it. */
export interface DialogRequestOwner {
  /** An INVITE has its final response, or failed. */
  inviteSettled(): void
  /** An INVITE was accepted: its ACK is due. */
  inviteAccepted(seq: number, withOffer: boolean): SuccessAcknowledgement
  /** The peer's 2xx of a target refresh request. */
  refreshTarget(response: SipResponse): void
  /** The peer knows nothing of the dialog, or does not answer (RFC 3261 §12.2.1.2). */
  dialogLost(cause: 'dialog-gone' | 'timeout'): void
}

/** Methods whose 2xx refreshes the remote target (RFC 3261 §12.2, RFC 3311 §5.1). */
export const refreshingMethods: ReadonlySet<string> = new Set(['INVITE', 'UPDATE'])

/** One request of ours inside a dialog: sees to the dialog first, then tells the one who asked for it. */
export class DialogRequest implements ClientListener {
  readonly #method: string
  readonly #seq: number
  readonly #withOffer: boolean
  readonly #owner: DialogRequestOwner
  readonly #listener: ClientListener
  #acknowledgement: SuccessAcknowledgement | undefined

  constructor(method: string, seq: number, withOffer: boolean, owner: DialogRequestOwner, listener: ClientListener) {
    this.#method = method
    this.#seq = seq
    this.#withOffer = withOffer
    this.#owner = owner
    this.#listener = listener
  }

  onResponse(response: SipResponse, flow: Flow): void {
    const { status } = response
    if (this.#acknowledgement !== undefined) {
      this.#acknowledgement.repeat()
      return
    }
    if (status >= 200) this.#final(response)
    this.#listener.onResponse(response, flow)
    if (status === 481 || status === 408) this.#owner.dialogLost(status === 481 ? 'dialog-gone' : 'timeout')
  }

  onFailure(error: TransactionError): void {
    if (this.#method === 'INVITE') this.#owner.inviteSettled()
    this.#listener.onFailure(error)
    if (error.code === 'TRANSACTION_TIMEOUT') this.#owner.dialogLost('timeout')
  }

  #final(response: SipResponse): void {
    const success = response.status < 300
    if (success && refreshingMethods.has(this.#method)) this.#owner.refreshTarget(response)
    if (this.#method !== 'INVITE') return
    this.#owner.inviteSettled()
    if (success) this.#acknowledgement = this.#owner.inviteAccepted(this.#seq, this.#withOffer)
  }
}
