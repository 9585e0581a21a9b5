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
  /** Until it is given: what repeats it outlives the call by half a minute. */
  #make: ((options: AckOptions) => SuccessAck) | undefined
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
    this.#make = (options) => send(dialog.createRequest('ACK', seq, options.body), options)
  }

  get given(): boolean {
    return this.#ack !== undefined
  }

  /** Sends the ACK, once. */
  give(options: AckOptions = {}): void {
    if (this.#make === undefined) return
    this.#ack = this.#make(options)
    this.#make = undefined
    this.#ack.send()
  }

  /** The 2xx came again: so goes the ACK, if it has gone before. */
  repeat(): void {
    this.#ack?.send()
  }
}
