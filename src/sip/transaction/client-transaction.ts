import { type SipRequest, type SipResponse } from '../message/message.ts'
import { type SipUri } from '../message/uri.ts'
import { type Flow } from '../transport/flow.ts'
import { type HeaderList } from './header-list.ts'
import { type TransactionError } from './transaction-error.ts'

/** A request on its way, as the one who sent it sees it: one or, after fail-over, several transactions in turn. */
export interface ClientTransaction {
  /** The request; its Via, Contact and, with strict routing, Request-URI and Route are those of the latest attempt. */
  readonly request: SipRequest
  /**
   * Cancels an INVITE; harmless for other methods, the second time, and after the final response. The CANCEL waits for
   * the first provisional response (RFC 3261 §9.1); when nothing was sent yet, nothing ever is. The outcome still comes:
   * a final response (a 2xx may cross the CANCEL), or a failure.
   * @param headers - added to the CANCEL, e.g. Reason
   */
  cancel(headers?: HeaderList): void
}

/** What comes back. Nothing is called before `TransactionLayer.request` has returned. */
export interface ClientListener {
  /** A response other than a retransmission: provisional ones, then a final one. Of an INVITE every 2xx, repeated ones too. */
  onResponse(response: SipResponse, flow: Flow): void
  /** There is no final response, and none will come. */
  onFailure(error: TransactionError): void
}

/** How a request is sent. */
export interface ClientRequestOptions {
  /** Where it goes, whatever its Route and Request-URI say, which stay as they are: a proxy has read them already. */
  readonly nextHop?: SipUri | undefined
  /** The only flow that will do: nothing is resolved. */
  readonly flow?: Flow | undefined
  /**
   * Makes the request of one attempt ready for its flow: adds Via, and what else depends on the flow. The default adds Via and
   * Contact.
   * @param request - a copy of its own
   * @returns the branch in Via, which no other attempt has
   */
  readonly stamp?: ((request: SipRequest, flow: Flow) => string) | undefined
  /** The peer's own connection, on which it can be reached when every resolved target fails. */
  readonly fallback?: Flow | undefined
  /** Header fields that the layer's own ACK and CANCEL of this INVITE repeat, e.g. User-Agent. */
  readonly repeated?: HeaderList
}
