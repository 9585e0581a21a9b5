import { type Clock } from '../../base/clock.ts'
import { Dialog } from '../dialog/dialog.ts'
import { dialogKey } from '../dialog/dialog-key.ts'
import { newTag } from '../message/identifiers.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { tagOf } from '../message/name-addr.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { type TransactionLayer } from '../transaction/transaction-layer.ts'
import { type IncomingInvite, type ReplyOptions } from './incoming-invite.ts'
import { InviteSession } from './invite-session.ts'
import { type OutgoingInvite, type OutgoingInviteSpec } from './outgoing-invite.ts'
import { createReply } from './reply.ts'
import { refusalOf } from './request-checks.ts'
import { SessionTimer } from './session-timer.ts'
import { UacInvite } from './uac-invite.ts'
import { UasInvite } from './uas-invite.ts'
import { addCapabilities, type UsageContext } from './usage-context.ts'

/** What a user agent is made with. */
export interface UserAgentOptions {
  /** Its messages go to this user agent from now on. */
  readonly transactions: TransactionLayer
  readonly clock: Clock
  /** Value of User-Agent in requests and of Server in responses. */
  readonly userAgent: string
  /** Header fields of every request, CANCEL and ACK included. */
  readonly requestHeaders: HeaderList
  /** Adds to a request of ours, which is complete but for its Via, what depends on it; not to ACK and CANCEL. */
  readonly mark?: (request: SipRequest) => void
  /** Whether a request that came was once made here: a proxy has sent it back, and would for ever (RFC 3261 §8.2.2.2). */
  readonly isOwn?: (request: SipRequest) => boolean
  /** Option tags that a request may require, in lower case, and that every INVITE says; of others it gets 420. */
  readonly supported: readonly string[]
  /** Option tags that a request may require although they are for its user to see to, who says where they are supported. */
  readonly passed?: readonly string[]
  /** Methods that are taken; others get 405 or 501. */
  readonly allow: readonly string[]
}

/** How many of what there are; all zero when every call is over and its last transaction has faded. */
export interface UserAgentCounts {
  /** Dialogs, early ones, those whose BYE is under way and those that only a subscription uses included. */
  readonly dialogs: number
  /** INVITEs outside of dialogs, both ways, without a final response. */
  readonly invites: number
  /** Transactions, both ways, those included that only absorb retransmissions. */
  readonly transactions: number
  /** Requests of ours without a final response. */
  readonly pending: number
}

/** Methods that make no sense outside of a dialog: 481 (RFC 3261 §12.2.2, §15.1.2; RFC 3262, 3311, 6086, 6665). */
const dialogMethods: ReadonlySet<string> = new Set(['BYE', 'PRACK', 'UPDATE', 'INFO', 'NOTIFY'])

/** How a request outside of a dialog is refused that only makes sense in one; a SUBSCRIBE as Flexisip does (reference: b2bua-server §8). */
function statusOutside(method: string): number {
  if (method === 'SUBSCRIBE') return 488
  return dialogMethods.has(method) ? 481 : 405
}

/** The user agent of this server (RFC 3261 §8): calls and is called, and finds the dialog that a request belongs to. */
export class UserAgent {
  /** An INVITE outside of a dialog; it must be answered. */
  onInvite: (invite: IncomingInvite) => void = (invite) => invite.reject(503)
  /**
   * Another request outside of a dialog, past the checks; answer it with `reply`. Where there is no listener, or it returns false, OPTIONS is
   * answered 200, everything else refused.
   */
  onRequest: ((transaction: ServerTransaction) => boolean) | undefined
  readonly #options: UserAgentOptions
  readonly #sessions = new Map<string, InviteSession>()
  readonly #outgoing = new Set<UacInvite>()
  readonly #incoming = new Set<UasInvite>()
  readonly #context: UsageContext

  constructor(options: UserAgentOptions) {
    this.#options = options
    this.#context = {
      ...options,
      addSession: (session) => this.#sessions.set(session.dialog.key, session),
      removeSession: (session) => this.#removeSession(session),
    }
    options.transactions.user = {
      onRequest: (transaction) => this.#receive(transaction),
      onAck: (ack) => this.#receiveAck(ack),
      onStrayResponse: (response) => this.#receiveStrayResponse(response),
    }
  }

  /**
   * Calls somebody.
   * @throws HeaderError when the spec has header fields that cannot be written
   */
  invite(spec: OutgoingInviteSpec): OutgoingInvite {
    const invite = new UacInvite(spec, this.#context, (settled) => this.#outgoing.delete(settled))
    this.#outgoing.add(invite)
    return invite
  }

  /**
   * Answers a request outside of a dialog that `onRequest` reported.
   * @throws HeaderError when a header field of the options cannot be written
   */
  reply(transaction: ServerTransaction, status: number, options: ReplyOptions = {}): void {
    transaction.respond(createReply(this.#context, transaction, status, newTag(), options))
  }

  /**
   * The dialog that a REFER outside of a dialog makes when it is accepted, for its subscription: nothing but NOTIFY and SUBSCRIBE
   * goes in it, until `release`. Answer the REFER with its `reply`.
   * @throws CodedError 400 when the request cannot make a dialog
   */
  openDialog({ request, flow }: ServerTransaction): InviteSession {
    const dialog = Dialog.ofCallee(request, newTag(), flow.secure)
    return new InviteSession(dialog, 'callee', this.#context, flow).withoutInvite()
  }

  counts(): UserAgentCounts {
    const { server, client, pending } = this.#options.transactions.counts()
    return {
      dialogs: this.#sessions.size,
      invites: this.#outgoing.size + this.#incoming.size,
      transactions: server + client,
      pending,
    }
  }

  /**
   * Ends what there still is with CANCEL, BYE and 503, waits for the answers, and forgets the rest.
   * @param within - longest wait in milliseconds; 0 says nothing to anybody
   */
  async close(within = 0): Promise<void> {
    const { transactions, clock } = this.#options
    if (within > 0) {
      for (const invite of [...this.#incoming]) invite.reject(503)
      for (const invite of [...this.#outgoing]) invite.cancel()
      for (const session of [...this.#sessions.values()]) {
        if (session.state === 'confirmed') session.bye() // the early ones end with their INVITE
      }
      await new Promise<void>((resolve) => {
        const timer = clock.after(within, resolve)
        void transactions.idle().then(() => {
          timer.cancel()
          resolve()
        })
      })
    }
    transactions.close()
    for (const session of [...this.#sessions.values()]) session.abandon('local')
    this.#incoming.clear()
    this.#outgoing.clear()
  }

  #receive(transaction: ServerTransaction): void {
    const { request } = transaction
    const toTag = tagOf(request.headers.get('To') ?? '')
    const refusal = refusalOf(request, this.#options, toTag !== undefined)
    if (refusal !== undefined) {
      this.reply(transaction, refusal.status, refusal)
      return
    }
    if (this.#options.isOwn?.(request) === true) {
      this.reply(transaction, 482)
      return
    }
    if (toTag !== undefined) {
      const session = this.#sessionOf(request, toTag)
      if (session === undefined) this.reply(transaction, 481)
      else session.receive(transaction)
      return
    }
    if (transaction.isInvite) this.#receiveInvite(transaction)
    else if (this.onRequest?.(transaction) === true) return
    else if (request.method === 'OPTIONS') this.#answerOptions(transaction)
    else this.reply(transaction, statusOutside(request.method), { headers: [this.#allowed()] })
  }

  #receiveAck(ack: SipRequest): void {
    this.#sessionOf(ack, tagOf(ack.headers.get('To') ?? '') ?? '')?.receiveAck(ack)
  }

  #receiveStrayResponse(response: SipResponse): void {
    const { headers, status } = response
    if (status < 200 || status >= 300 || headers.values('Via').length > 1) return
    const [local, remote] = [tagOf(headers.get('From') ?? '') ?? '', tagOf(headers.get('To') ?? '') ?? '']
    this.#sessions.get(dialogKey(headers.get('Call-ID') ?? '', local, remote))?.receiveStraySuccess()
  }

  #receiveInvite(transaction: ServerTransaction): void {
    const refusal = SessionTimer.refusalOf(transaction.request)
    if (refusal !== undefined) {
      this.reply(transaction, refusal.status, refusal)
      return
    }
    const invite = new UasInvite(transaction, this.#context, (settled) => this.#incoming.delete(settled))
    this.#incoming.add(invite)
    this.onInvite(invite)
  }

  /** RFC 3261 §11.2. */
  #answerOptions(transaction: ServerTransaction): void {
    const response = createReply(this.#context, transaction, 200, newTag(), {
      headers: [['Accept', 'application/sdp']],
    })
    addCapabilities(response.headers, this.#context)
    transaction.respond(response)
  }

  #allowed(): readonly [string, string] {
    return ['Allow', this.#options.allow.join(', ')]
  }

  #sessionOf(request: SipRequest, toTag: string): InviteSession | undefined {
    const { headers } = request
    return this.#sessions.get(dialogKey(headers.get('Call-ID') ?? '', toTag, tagOf(headers.get('From') ?? '') ?? ''))
  }

  #removeSession(session: InviteSession): void {
    if (this.#sessions.get(session.dialog.key) === session) this.#sessions.delete(session.dialog.key)
  }
}
