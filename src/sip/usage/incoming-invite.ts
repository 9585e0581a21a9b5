import { type SipRequest } from '../message/message.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { type Flow, type SocketAddress } from '../transport/flow.ts'
import { type InviteSession } from './invite-session.ts'

/** What a response has beside its status. Contact, tag, Server, Allow and Supported are added by the stack. */
export interface ReplyOptions {
  /** Reason phrase; the status's own where absent. */
  readonly reason?: string | undefined
  readonly headers?: HeaderList | undefined
  readonly body?: Buffer | undefined
  readonly contentType?: string | undefined
}

/** What a provisional response has beside its status. */
export interface ProvisionalOptions extends ReplyOptions {
  /** To tag: another one is another early dialog (RFC 3261 §12.1), as when leg B forks. One of its own where absent. */
  readonly toTag?: string
  /**
   * Present: the response is sent until it is acknowledged (RFC 3262), and this is called with the PRACK, to be answered by the
   * early dialog's `reply`. The caller must have said that it can do that.
   */
  readonly onPrack?: (prack: ServerTransaction) => void
}

/** An INVITE outside of a dialog that waits for its answer (RFC 3261 §13.3.1). */
export interface IncomingInvite {
  readonly request: SipRequest
  readonly flow: Flow
  /** Whence it came. */
  readonly source: SocketAddress
  /** A final response was given, by us or because it was cancelled. */
  readonly settled: boolean
  /**
   * Sends a provisional response; harmless once the INVITE is settled. One that is to be acknowledged, and is not in 64*T1,
   * ends the INVITE with 504.
   * @param status - 100 to 199
   * @returns the early dialog that it made or belongs to; undefined for 100 and when settled
   */
  provisional(status: number, options?: ProvisionalOptions): InviteSession | undefined
  /**
   * Answers 200, repeated until the ACK comes (RFC 3261 §13.3.1.4); without ACK in 64*T1 the session ends itself: BYE and
   * `onEnded('no-ack')`. Other early dialogs of this INVITE end.
   * @param options - `toTag` names the early dialog that is confirmed
   * @throws UsageError `INVITE_SETTLED` when a final response was given before
   */
  accept(options?: ProvisionalOptions): InviteSession
  /**
   * Refuses the INVITE; harmless once it is settled.
   * @param status - 300 to 699
   */
  reject(status: number, options?: ReplyOptions): void
  /**
   * Refuses the INVITE and forgets it at once (RFC 3261 §8.2.7): one that comes again is told the same, or what is right by
   * then. For a server that has no room: what waits for an ACK takes room for half a minute.
   * @param status - 300 to 699
   */
  refuseOnce(status: number, options?: ReplyOptions): void
  /** The caller gave up with CANCEL, or with BYE in the only early dialog. 487 was sent already. */
  onCancelled?: ((request: SipRequest) => void) | undefined
  /** A response could not be sent, or the refusal's ACK never came. */
  onFailed?: ((error: Error) => void) | undefined
}
