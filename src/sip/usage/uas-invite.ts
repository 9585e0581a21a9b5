import { randomInt } from 'node:crypto'
import { Dialog } from '../dialog/dialog.ts'
import { newTag, stableTag } from '../message/identifiers.ts'
import { type SipRequest } from '../message/message.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { type Flow, type SocketAddress } from '../transport/flow.ts'
import { type IncomingInvite, type ProvisionalOptions, type ReplyOptions } from './incoming-invite.ts'
import { InviteSession } from './invite-session.ts'
import { ReliableProvisional } from './reliable-provisional.ts'
import { createReply } from './reply.ts'
import { type UsageContext } from './usage-context.ts'
import { UsageError } from './usage-error.ts'

/** A peer's INVITE outside of a dialog, and the early dialogs that our answers make (RFC 3261 §13.3). */
export class UasInvite implements IncomingInvite {
  onCancelled: ((request: SipRequest) => void) | undefined
  onFailed: ((error: Error) => void) | undefined
  readonly #transaction: ServerTransaction
  readonly #context: UsageContext
  readonly #onSettled: (invite: UasInvite) => void
  readonly #tag = newTag()
  /** RSeq of the latest reliable response; the first may be any (RFC 3262 §3). */
  #lastSequence = randomInt(2 ** 30)
  /** Early dialogs by our tag. */
  readonly #early = new Map<string, InviteSession>()

  /**
   * @param onSettled - called when `settled` becomes true
   * @throws CodedError 400 when the INVITE cannot make a dialog: malformed From, Contact or Record-Route
   */
  constructor(transaction: ServerTransaction, context: UsageContext, onSettled: (invite: UasInvite) => void) {
    this.#transaction = transaction
    this.#context = context
    this.#onSettled = onSettled
    this.#newDialog(this.#tag) // so that a bad INVITE is refused now and not when it is answered
    transaction.onCancel = (cancel) => this.#cancelled(cancel)
    transaction.onTransportError = (error) => this.onFailed?.(error)
    transaction.onUnacknowledged = () =>
      this.onFailed?.(new UsageError('INVITE_NO_ACK', 'the refusal was never acknowledged'))
  }

  get request(): SipRequest {
    return this.#transaction.request
  }

  get flow(): Flow {
    return this.#transaction.flow
  }

  get source(): SocketAddress {
    return this.flow.remote
  }

  get settled(): boolean {
    return this.#transaction.completed
  }

  provisional(status: number, options: ProvisionalOptions = {}): InviteSession | undefined {
    if (this.settled) return undefined
    const tag = options.toTag ?? this.#tag
    const session = status === 100 ? undefined : this.#session(tag)
    if (options.onPrack !== undefined && session !== undefined) this.#reliable(session, status, tag, options)
    else this.#transaction.respond(createReply(this.#context, this.#transaction, status, tag, options))
    return session
  }

  accept(options: ProvisionalOptions = {}): InviteSession {
    if (this.settled) throw new UsageError('INVITE_SETTLED', 'the INVITE was answered or cancelled before')
    const tag = options.toTag ?? this.#tag
    const session = this.#session(tag)
    const reply = session.withTimer(this.request, options)
    const response = createReply(this.#context, this.#transaction, 200, tag, reply)
    this.#early.delete(tag)
    session.succeed(this.#transaction, response)
    this.#settle()
    return session
  }

  reject(status: number, options: ReplyOptions = {}): void {
    if (this.settled) return
    this.#transaction.respond(createReply(this.#context, this.#transaction, status, this.#tag, options))
    this.#settle()
  }

  refuseOnce(status: number, options: ReplyOptions = {}): void {
    if (this.settled) return
    const { headers } = this.request
    const tag = stableTag([headers.get('Via'), headers.get('From'), headers.get('Call-ID')].join('\n'))
    this.#transaction.respondOnce(createReply(this.#context, this.#transaction, status, tag, options))
    this.#settle()
  }

  /** Each early dialog counts for itself: its caller hears no other (RFC 3262 §4). */
  #reliable(session: InviteSession, status: number, tag: string, options: ProvisionalOptions): void {
    const sequence = ++this.#lastSequence
    const headers = [...(options.headers ?? []), ['RSeq', String(sequence)], ['Require', '100rel']] as const
    const response = createReply(this.#context, this.#transaction, status, tag, { ...options, headers })
    const send = (): void => this.#transaction.respond(response)
    const reliable = new ReliableProvisional(this.request, sequence, this.#context.clock, send, () => {
      this.reject(504)
      this.onFailed?.(new UsageError('INVITE_NO_PRACK', 'a provisional response was never acknowledged'))
    })
    session.awaitPrack(reliable, options.onPrack!)
  }

  #newDialog(tag: string): Dialog {
    return Dialog.ofCallee(this.request, tag, this.flow.secure)
  }

  #session(tag: string): InviteSession {
    const known = this.#early.get(tag)
    if (known !== undefined) return known
    const session = new InviteSession(this.#newDialog(tag), 'callee', this.#context, this.flow)
    session.refuseInvite = () => this.reject(480)
    session.onEarlyBye = (bye) => this.#earlyBye(tag, bye)
    this.#early.set(tag, session)
    return session
  }

  /** BYE in an early dialog: the caller gives that fork up, and with the last one the call (RFC 3261 §15.1.2). */
  #earlyBye(tag: string, bye: SipRequest): void {
    this.#early.delete(tag)
    if (this.#early.size === 0) this.#cancelled(bye)
  }

  #cancelled(request: SipRequest): void {
    if (this.settled) return
    this.reject(487)
    this.onCancelled?.(request)
  }

  #settle(): void {
    for (const session of this.#early.values()) session.abandon()
    this.#early.clear()
    this.#onSettled(this)
  }
}
