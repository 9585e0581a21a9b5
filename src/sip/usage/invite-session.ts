import { randomInt } from 'node:crypto'
import { type Dialog } from '../dialog/dialog.ts'
import { parseCSeq } from '../message/cseq.ts'
import { type SipMessage, type SipRequest, type SipResponse } from '../message/message.ts'
import { type ClientListener, type ClientTransaction } from '../transaction/client-transaction.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type ServerTransaction } from '../transaction/server-transaction.ts'
import { TransactionError } from '../transaction/transaction-error.ts'
import { type Flow } from '../transport/flow.ts'
import { DialogRequest, refreshingMethods, type DialogRequestOwner } from './dialog-request.ts'
import { type ReplyOptions } from './incoming-invite.ts'
import {
  acknowledgementOf,
  ReliableProvisionals,
  reliableSequence,
  type ReliableProvisional,
} from './reliable-provisional.ts'
import { createReply } from './reply.ts'
import { type Refusal } from './request-checks.ts'
import { SessionTimer } from './session-timer.ts'
import { SuccessAcknowledgement, type AckOptions } from './success-acknowledgement.ts'
import { SuccessRetransmission } from './success-retransmission.ts'
import { finishRequest, ownRequestHeaders, type DialogRole, type UsageContext } from './usage-context.ts'

/** What a request inside a session has beside its method. Contact, User-Agent, Allow and Supported are added. */
export interface SessionRequestOptions {
  readonly headers?: HeaderList
  readonly body?: Buffer
  readonly contentType?: string
  readonly listener: ClientListener
}

/**
 * Why a session ended: the peer's BYE; our `bye()`; no ACK of our 2xx in 64*T1; the peer said that it does not know the
 * dialog, or an early dialog's INVITE was settled without it; the peer did not answer; its session timer ran out.
 */
export type SessionEnd = 'bye' | 'local' | 'no-ack' | 'dialog-gone' | 'timeout' | 'expired'

/** A dialog with its INVITE usage (RFC 3261 §12 to §15), the same for both roles. */
export class InviteSession implements DialogRequestOwner {
  readonly dialog: Dialog
  readonly role: DialogRole
  /**
   * A request of the peer: re-INVITE, UPDATE, INFO, REFER, NOTIFY, MESSAGE, OPTIONS, PRACK …; answer it with `reply`. Its
   * order and overlap were checked. Without a listener OPTIONS is answered 200, everything else refused. A cancelled
   * re-INVITE is answered 487 inside, unless the listener sets `onCancel` of the transaction and so sees to it itself.
   */
  onRequest: ((transaction: ServerTransaction) => void) | undefined
  /** The peer's BYE; it has been answered, and `onEnded('bye')` follows. */
  onBye: ((bye: SipRequest) => void) | undefined
  /** The first ACK of each 2xx of ours, of the initial INVITE or a re-INVITE. */
  onAck: ((ack: SipRequest) => void) | undefined
  /** Called once. */
  onEnded: ((cause: SessionEnd) => void) | undefined
  /**
   * The session timer wants a re-INVITE, because the peer takes no UPDATE (RFC 4028 §7.4); `refreshed` hears how it went.
   * Without a listener the session expires.
   */
  onRefreshDue: (() => void) | undefined
  /** On an early dialog of the callee our end refuses the INVITE instead of a BYE; set by the INVITE. */
  refuseInvite: (() => void) | undefined
  /** The peer's BYE on an early dialog of the callee; set by the INVITE. */
  onEarlyBye: ((bye: SipRequest) => void) | undefined
  readonly #context: UsageContext
  readonly #timer: SessionTimer
  /** The peer's Allow has UPDATE. */
  #takesUpdate = false
  #fallback: Flow | undefined
  #ended = false
  #byeReceived = false
  /** The peer's latest re-INVITE. */
  #serverInvite: ServerTransaction | undefined
  /** An INVITE of ours has no final response. */
  #clientInvite: boolean
  /** That INVITE, unless it is the one that made the dialog. */
  #reinvite: ClientTransaction | undefined
  /** The ACK of the latest 2xx that the peer gave us. */
  #acknowledgement: SuccessAcknowledgement | undefined
  readonly #unacknowledged: SuccessRetransmission[] = []
  /** Provisional responses of ours that wait for their PRACK. */
  readonly #unpracked = new ReliableProvisionals()
  /** RSeq of the peer's latest one. */
  #lastReliable: number | undefined
  /** Something else than the INVITE uses the dialog too. */
  #held = false
  /** But for that, nothing does any more. */
  #left = false
  /** A BYE that waits for the ACK of our 2xx (RFC 3261 §15). */
  #postponedBye: HeaderList | undefined

  /** @param fallback - the peer's own connection, for requests that reach no other way */
  constructor(dialog: Dialog, role: DialogRole, context: UsageContext, fallback?: Flow) {
    this.dialog = dialog
    this.role = role
    this.#context = context
    this.#fallback = fallback?.reliable === true ? fallback : undefined
    this.#clientInvite = role === 'caller'
    this.#timer = new SessionTimer(context.clock, role, {
      onRefreshDue: () => this.#refresh(),
      onExpired: () => this.#giveUp('expired'),
    })
    context.addSession(this)
  }

  get state(): 'early' | 'confirmed' | 'terminated' {
    return this.dialog.state
  }

  /** Sends the ACK of the last 2xx, of the INVITE or a re-INVITE; it repeats itself when the 2xx does. Once is enough. */
  acknowledge(options: AckOptions = {}): void {
    this.#acknowledgement?.give(options)
  }

  /**
   * Sends a request inside the dialog. Responses come as they are; 481, 408 and a timeout end the session afterwards
   * (RFC 3261 §12.2.1.2). An INVITE while another is in progress fails with 491 (§14.1), every request after the end
   * with 481, both without being sent.
   */
  request(method: string, options: SessionRequestOptions): ClientTransaction {
    if (!this.#takes(method)) return this.#refuse(method, options, 'TRANSACTION_NO_DIALOG', 'the session has ended')
    if (method !== 'INVITE') return this.#send(method, options)
    if (this.#clientInvite || this.#serverInvite?.completed === false) {
      return this.#refuse(method, options, 'TRANSACTION_PENDING', 'another INVITE is in progress')
    }
    this.#reinvite = this.#send(method, options)
    this.#clientInvite = true
    return this.#reinvite
  }

  /** Acknowledges a reliable provisional response of the peer, in the early dialog (RFC 3262 §4). */
  prack(response: SipResponse, options: SessionRequestOptions): ClientTransaction {
    return this.request('PRACK', {
      ...options,
      headers: [...(options.headers ?? []), ['RAck', acknowledgementOf(response)]],
    })
  }

  /**
   * Answers a request that `onRequest` reported; harmless when it has a final response, and possible after the session's
   * end. A 2xx of a re-INVITE is repeated until its ACK comes.
   */
  reply(transaction: ServerTransaction, status: number, options: ReplyOptions = {}): void {
    if (transaction.completed) return
    const { request } = transaction
    const refreshes = status >= 200 && status < 300 && refreshingMethods.has(request.method)
    const reply = refreshes ? this.withTimer(request, options) : options
    const response = createReply(this.#context, transaction, status, this.dialog.localTag, reply)
    if (!refreshes) {
      transaction.respond(response)
      return
    }
    this.dialog.refreshTarget(request)
    if (transaction.isInvite) this.succeed(transaction, response)
    else transaction.respond(response)
  }

  /**
   * Ends the session with BYE; harmless the second time. The callee's waits for the ACK of its 2xx; on an early dialog
   * the caller's ends that fork only, and the callee's refuses the INVITE with 480 (RFC 3261 §15).
   * @param headers - added to the BYE, e.g. Reason
   */
  bye(headers: HeaderList = []): void {
    if (this.#ended || this.#byeReceived) return
    if (this.state === 'early' && this.role === 'callee') {
      this.refuseInvite?.()
      return
    }
    this.#acknowledgement?.give()
    if (this.#unacknowledged.length > 0) this.#postponedBye = headers
    else this.#sendBye(headers)
    this.#end('local')
  }

  /**
   * A subscription uses the dialog too (RFC 5057): when the session has ended, NOTIFY and SUBSCRIBE still come to `onRequest`, and
   * can be sent, until `release`.
   */
  hold(): void {
    this.#held = true
  }

  /** Nothing but the INVITE uses the dialog; harmless when that was so. */
  release(): void {
    this.#held = false
    if (this.#left) this.#leave()
  }

  // What follows is for the usages of this directory.

  /** The dialog was made by another request than INVITE: it is held, and its session has ended. */
  withoutInvite(): this {
    this.hold()
    this.#end('local')
    this.#leave()
    return this
  }

  /** A reliable provisional response of ours has left. */
  awaitPrack(reliable: ReliableProvisional, onPrack: (prack: ServerTransaction) => void): void {
    this.#unpracked.add(reliable, onPrack)
  }

  /**
   * Whether a provisional response of the peer is to be looked at: a reliable one once, and none before those that it follows
   * (RFC 3262 §4), which come again.
   */
  takesProvisional(response: SipResponse): boolean {
    const sequence = reliableSequence(response)
    if (sequence === undefined) return true
    if (this.#lastReliable !== undefined && sequence !== this.#lastReliable + 1) return false
    this.#lastReliable = sequence
    return true
  }

  /**
   * Our INVITE was answered: the dialog is confirmed and waits for its ACK.
   * @param seq - CSeq number of the INVITE
   */
  confirmAsCaller(response: SipResponse, seq: number, withOffer: boolean): SuccessAcknowledgement {
    this.dialog.confirm(response)
    this.#clientInvite = false
    this.#hear(response)
    this.#timer.accepted(response)
    return this.inviteAccepted(seq, withOffer)
  }

  /** A 2xx to this INVITE or UPDATE of the peer, with what its session timer needs. */
  withTimer(request: SipRequest, options: ReplyOptions): ReplyOptions {
    this.#hear(request)
    return { ...options, headers: [...(options.headers ?? []), ...this.#timer.answer(request)] }
  }

  /** Sends our 2xx of an INVITE until its ACK comes. */
  succeed(transaction: ServerTransaction, response: SipResponse): void {
    this.dialog.state = this.#ended ? 'terminated' : 'confirmed'
    this.#unpracked.stop()
    const seq = parseCSeq(transaction.request.headers.get('CSeq')!).number
    const { clock } = this.#context
    this.#unacknowledged.push(new SuccessRetransmission(transaction, seq, response, clock, (one) => this.#noAck(one)))
  }

  /** Ends an early dialog whose INVITE was settled without it, or any session whose user agent closes. Nothing is sent. */
  abandon(cause: SessionEnd = 'dialog-gone'): void {
    for (const one of this.#unacknowledged.splice(0)) one.stop()
    this.#held = false
    this.#end(cause)
    this.#leave()
  }

  /** A request of the peer inside the dialog, past the checks that every request undergoes. */
  receive(transaction: ServerTransaction): void {
    const { request, flow } = transaction
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      this.reply(transaction, refusal.status, refusal)
      return
    }
    if (flow.reliable) this.#fallback = flow
    if (request.method === 'BYE') {
      this.#receiveBye(transaction)
      return
    }
    if (transaction.isInvite) {
      this.#serverInvite = transaction
      transaction.onCancel = () => this.reply(transaction, 487)
    }
    if (request.method === 'PRACK') {
      const onPrack = this.#unpracked.take(request)
      if (onPrack === undefined)
        this.reply(transaction, 481) // RFC 3262 §3
      else onPrack(transaction)
      return
    }
    // a refresh of the leg's own timer is no business of the other leg (RFC 4028 §7.4)
    const onlyRefreshes =
      request.method === 'UPDATE' && request.body.length === 0 && request.headers.has('Session-Expires')
    if (onlyRefreshes) this.reply(transaction, 200)
    else if (this.onRequest !== undefined) this.onRequest(transaction)
    else if (request.method === 'OPTIONS') this.reply(transaction, 200, { headers: [['Accept', 'application/sdp']] })
    else this.reply(transaction, refreshingMethods.has(request.method) ? 491 : 405)
  }

  /** An ACK of the peer inside the dialog. */
  receiveAck(ack: SipRequest): void {
    const { number } = parseCSeq(ack.headers.get('CSeq') ?? '')
    const at = this.#unacknowledged.findIndex(({ seq }) => seq === number)
    if (at < 0) return // of a 2xx that was acknowledged before, or of none
    this.#unacknowledged.splice(at, 1)[0]!.stop()
    this.onAck?.(ack)
    if (this.#unacknowledged.length === 0) this.#sendPostponedBye()
  }

  /** A 2xx that matches no transaction any more (RFC 3261 §13.2.2.4). */
  receiveStraySuccess(): void {
    this.#acknowledgement?.repeat()
  }

  /** Part of {@link DialogRequestOwner}. */
  inviteSettled(): void {
    this.#clientInvite = false
    this.#reinvite = undefined
  }

  /** Part of {@link DialogRequestOwner}. */
  inviteAccepted(seq: number, withOffer: boolean): SuccessAcknowledgement {
    const acknowledgement = new SuccessAcknowledgement(this.dialog, seq, !withOffer, (ack, options) => {
      finishRequest(ack, this.#context, [], options.contentType)
      return this.#context.transactions.acknowledge(ack, this.#fallback)
    })
    this.#acknowledgement = acknowledgement
    if (this.#ended) acknowledgement.give() // nobody is left to give it
    return acknowledgement
  }

  /** Part of {@link DialogRequestOwner}. */
  refreshTarget(response: SipResponse): void {
    this.dialog.refreshTarget(response)
    this.#hear(response)
    this.#timer.accepted(response)
  }

  /** A re-INVITE that the session timer asked for was refused, or could not be sent. */
  notRefreshed(response?: SipResponse): void {
    if (response === undefined) this.#timer.retry()
    else this.#timer.refused(response)
  }

  /** Part of {@link DialogRequestOwner}: the peer may have lost the dialog or the way back, so it is told once more. */
  dialogLost(cause: 'dialog-gone' | 'timeout'): void {
    this.#giveUp(cause)
  }

  #giveUp(cause: SessionEnd): void {
    if (this.#ended) return
    for (const one of this.#unacknowledged.splice(0)) one.stop()
    this.#sendBye([])
    this.#end(cause)
  }

  #takes(method: string): boolean {
    return !this.#ended || (this.#held && (method === 'NOTIFY' || method === 'SUBSCRIBE'))
  }

  /** What the peer says that it can do. */
  #hear({ headers }: SipMessage): void {
    const allow = headers.values('Allow')
    if (allow.length > 0) this.#takesUpdate = allow.includes('UPDATE')
  }

  /** An UPDATE without a description changes nothing but the time (RFC 4028 §7.4). */
  #refresh(): void {
    if (!this.#takesUpdate) {
      this.onRefreshDue?.()
      return
    }
    this.request('UPDATE', {
      listener: {
        onResponse: (response) => {
          if (response.status === 405 || response.status === 501) {
            this.#takesUpdate = false
            this.onRefreshDue?.()
          } else if (response.status >= 300) this.#timer.refused(response)
        },
        onFailure: () => this.#timer.retry(),
      },
    })
  }

  /** RFC 3261 §12.2.2 for the order of requests, §14.2 for INVITEs that overlap. */
  #refusalOf(request: SipRequest): Refusal | undefined {
    const { number } = parseCSeq(request.headers.get('CSeq') ?? '')
    const { dialog } = this
    if (!this.#takes(request.method) && request.method !== 'BYE') return { status: 481 }
    if (dialog.remoteSeq !== undefined && number < dialog.remoteSeq) return { status: 500 }
    dialog.remoteSeq = number
    const tooShort = refreshingMethods.has(request.method) ? SessionTimer.refusalOf(request) : undefined
    if (tooShort !== undefined) return tooShort
    if (request.method !== 'INVITE') return undefined
    if (this.#serverInvite?.completed === false || (this.role === 'callee' && this.state === 'early')) {
      return { status: 500, headers: [['Retry-After', String(randomInt(11))]] }
    }
    const awaitsAnswer = this.#unacknowledged.some((one) => one.awaitsAnswer)
    const owesAnswer = this.#acknowledgement?.given === false && this.#acknowledgement.bringsAnswer
    if (this.#clientInvite || awaitsAnswer || owesAnswer) return { status: 491 }
    return undefined
  }

  #receiveBye(transaction: ServerTransaction): void {
    this.reply(transaction, 200)
    if (this.#ended) return // both sides said BYE at once
    for (const one of this.#unacknowledged.splice(0)) one.stop()
    const onEarlyBye = this.state === 'early' ? this.onEarlyBye : undefined
    this.#byeReceived = true // whoever listens may end both legs of a call: this one has had its BYE
    this.onBye?.(transaction.request)
    this.#end('bye')
    this.#leave()
    onEarlyBye?.(transaction.request)
  }

  #noAck(one: SuccessRetransmission): void {
    this.#unacknowledged.splice(this.#unacknowledged.indexOf(one), 1)
    if (this.#ended) {
      this.#sendPostponedBye()
      return
    }
    for (const other of this.#unacknowledged.splice(0)) other.stop()
    this.#sendBye([])
    this.#end('no-ack')
  }

  #send(method: string, options: SessionRequestOptions): ClientTransaction {
    const { dialog } = this
    const request = dialog.createRequest(method, undefined, options.body)
    const timer = refreshingMethods.has(method) ? this.#timer.offer() : []
    finishRequest(request, this.#context, [...(options.headers ?? []), ...timer], options.contentType)
    const listener = new DialogRequest(method, dialog.localSeq, request.body.length > 0, this, options.listener)
    return this.#context.transactions.request(request, listener, {
      fallback: this.#fallback,
      repeated: ownRequestHeaders(this.#context),
    })
  }

  #refuse(
    method: string,
    options: SessionRequestOptions,
    code: 'TRANSACTION_NO_DIALOG' | 'TRANSACTION_PENDING',
    why: string,
  ): ClientTransaction {
    queueMicrotask(() => options.listener.onFailure(new TransactionError(code, why)))
    return { request: this.dialog.createRequest(method, this.dialog.localSeq), cancel: () => undefined }
  }

  /** The dialog stays known until the BYE is answered, so that a BYE that crosses it is too. */
  #sendBye(headers: HeaderList): void {
    const request = finishRequest(this.dialog.createRequest('BYE'), this.#context, headers)
    const leave = (): void => this.#leave()
    this.#context.transactions.request(
      request,
      { onResponse: (response) => response.status >= 200 && leave(), onFailure: leave },
      { fallback: this.#fallback },
    )
  }

  #sendPostponedBye(): void {
    if (this.#postponedBye === undefined) return
    this.#sendBye(this.#postponedBye)
    this.#postponedBye = undefined
  }

  #end(cause: SessionEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.dialog.state = 'terminated'
    this.#timer.stop()
    this.#unpracked.stop()
    if (this.#serverInvite !== undefined) this.reply(this.#serverInvite, 487) // unless answered (RFC 3261 §15.1.2)
    this.#reinvite?.cancel() // a peer that let it ring may never say more
    this.onEnded?.(cause)
  }

  /** The transactions that still know this session must not keep what its user knows. */
  #leave(): void {
    this.#left = true
    if (this.#held) return
    this.#context.removeSession(this)
    this.onRequest = this.onBye = this.onAck = this.onEnded = this.onRefreshDue = undefined
    this.refuseInvite = this.onEarlyBye = undefined
  }
}
