import { type SipResponse } from '../message/message.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type InviteSession } from './invite-session.ts'

/** Why an outgoing INVITE was not answered with a 2xx. */
export interface InviteFailure {
  /** That of the response, or what stands for its absence: 408 timeout, 503 transport, 487 cancelled. */
  readonly status: number
  readonly response?: SipResponse
  /** `cancelled`: by us, and no final response of failure said so: none came, or a 2xx that was met with ACK and BYE. */
  readonly cause: 'response' | 'timeout' | 'transport' | 'cancelled'
  /** The failure of the transaction where there was no response. */
  readonly error?: Error
}

/** An INVITE outside of a dialog that is to be sent (RFC 3261 §13.2.1), and who hears of its fate. */
export interface OutgoingInviteSpec {
  /** Request-URI. */
  readonly uri: string
  /** Header value, no tag. */
  readonly to: string
  /** Header value; the tag is added. */
  readonly from: string
  /** Route values, in order. */
  readonly route: readonly string[]
  readonly maxForwards: number
  readonly headers: HeaderList
  readonly body?: Buffer
  readonly contentType?: string
  /**
   * A provisional response; with the early dialog where it has a To tag (RFC 3261 §12.1: not for 100). One that must be
   * acknowledged is reported once and in order; `session.prack()` must follow.
   */
  onProvisional(response: SipResponse, session: InviteSession | undefined): void
  /**
   * The first 2xx. The dialog is confirmed; `session.acknowledge()` must follow. 2xx of further forks are met with ACK and
   * BYE inside, and other early dialogs have ended.
   */
  onSuccess(response: SipResponse, session: InviteSession): void
  /** There will be no 2xx. Called once, never after `onSuccess`. */
  onFailure(failure: InviteFailure): void
}

/** An INVITE on its way. */
export interface OutgoingInvite {
  readonly callId: string
  /** Our From tag. */
  readonly localTag: string
  /** `onSuccess` or `onFailure` was called. */
  readonly settled: boolean
  /**
   * Gives the call up, at every step: harmless the second time and once settled; a 2xx that crosses it is met with ACK and
   * BYE. `onFailure` follows; no provisional response is reported any more.
   * @param headers - added to the CANCEL, and to that BYE, e.g. Reason
   */
  cancel(headers?: HeaderList): void
}
