import { type SipRequest, type SipResponse } from '../message/message.ts'
import { type Flow } from '../transport/flow.ts'

/** A request that came in, as the one who answers it sees it. */
export interface ServerTransaction {
  readonly request: SipRequest
  /** The way it came; responses go back there. */
  readonly flow: Flow
  readonly isInvite: boolean
  /** A final response was given. */
  readonly completed: boolean
  /**
   * Sends a response. Once a final one was given only a 2xx to an INVITE is sent again (RFC 6026 §7.1); the rest is dropped.
   * To requests other than INVITE no provisional response but 100 and no 408 is sent (RFC 4320 §4).
   */
  respond(response: SipResponse): void
  /**
   * Sends a final response other than 2xx to an INVITE, and forgets the request: it is not repeated, and what comes again is
   * a new request. For who is not known: a response that is repeated would hit, many times as large as what he sent, whoever
   * he says to be, and what is kept of his requests would fill the memory (RFC 3261 §26.3.2.4).
   */
  respondOnce(response: SipResponse): void
  /** An INVITE was cancelled before its final response. The CANCEL has been answered; the INVITE has not. */
  onCancel?: ((cancel: SipRequest) => void) | undefined
  /** A response before the final one, or a refused INVITE's, could not be sent. The transaction lives on (RFC 6026 §7.1). */
  onTransportError?: ((error: Error) => void) | undefined
  /** The ACK of a refused INVITE did not come in time (timer H). */
  onUnacknowledged?: (() => void) | undefined
}
