import { type Dialog } from '../dialog/dialog.ts'
import { type SipRequest } from '../message/message.ts'
import { type SuccessAck } from '../transaction/success-ack.ts'

/** What an ACK carries. */
export interface AckOptions {
  readonly body?: Buffer
  readonly contentType?: string
}

/** The acknowledgement that one 2xx of one INVITE needs: given once, repeated with each repeated 2xx (RFC 3261 §13.2.2.4). */
export class SuccessAcknowledgement {
  /** The INVITE made no offer, so that its 2xx did, and the ACK must bring the answer. */
  readonly bringsAnswer: boolean
  readonly #dialog: Dialog
  readonly #seq: number
  readonly #send: (ack: SipRequest, options: AckOptions) => SuccessAck
  #ack: SuccessAck | undefined

  /**
   * @param seq - CSeq number of the INVITE
   * @param send - finishes the ACK and hands it to the transaction layer
   */
  constructor(
    dialog: Dialog,
    seq: number,
    bringsAnswer: boolean,
    send: (ack: SipRequest, options: AckOptions) => SuccessAck,
  ) {
    this.bringsAnswer = bringsAnswer
    this.#dialog = dialog
    this.#seq = seq
    this.#send = send
  }

  get given(): boolean {
    return this.#ack !== undefined
  }

  /** Sends the ACK, once. */
  give(options: AckOptions = {}): void {
    if (this.#ack !== undefined) return
    this.#ack = this.#send(this.#dialog.createRequest('ACK', this.#seq, options.body), options)
    this.#ack.send()
  }

  /** The 2xx came again: so goes the ACK, if it has gone before. */
  repeat(): void {
    this.#ack?.send()
  }
}
