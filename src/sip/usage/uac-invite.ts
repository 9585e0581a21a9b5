import { Dialog } from '../dialog/dialog.ts'
import { Headers } from '../message/headers.ts'
import { newCallId, newTag } from '../message/identifiers.ts'
import { createRequest, type SipRequest, type SipResponse } from '../message/message.ts'
import { tagOf, withTag } from '../message/name-addr.ts'
import { type ClientListener, type ClientTransaction } from '../transaction/client-transaction.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type TransactionError } from '../transaction/transaction-error.ts'
import { type Flow } from '../transport/flow.ts'
import { InviteSession } from './invite-session.ts'
import { type InviteFailure, type OutgoingInvite, type OutgoingInviteSpec } from './outgoing-invite.ts'
import { type SuccessAcknowledgement } from './success-acknowledgement.ts'
import { finishRequest, ownRequestHeaders, type UsageContext } from './usage-context.ts'

/** CSeq number of an initial INVITE: any will do (RFC 3261 §8.1.1.5). */
const firstSeq = 1

/** An INVITE of ours outside of a dialog and everything that its forks answer (RFC 3261 §13.2). */
export class UacInvite implements OutgoingInvite, ClientListener {
  readonly callId = newCallId()
  readonly localTag = newTag()
  readonly #uri: string
  readonly #withOffer: boolean
  /** Let go of when the INVITE is settled: its transaction outlives the call by half a minute. */
  #listener: Pick<OutgoingInviteSpec, 'onProvisional' | 'onSuccess' | 'onFailure'> | undefined
  readonly #context: UsageContext
  readonly #onSettled: (invite: UacInvite) => void
  readonly #transaction: ClientTransaction
  /** Early dialogs by To tag. */
  readonly #early = new Map<string, InviteSession>()
  /** By To tag, the ACK of each 2xx: one a fork. */
  readonly #acknowledgements = new Map<string, SuccessAcknowledgement>()
  #settled = false
  /** Header fields of the BYE for a 2xx that crosses our CANCEL, once we gave up. */
  #cancelled: HeaderList | undefined

  /**
   * Sends the INVITE.
   * @param onSettled - called when `settled` becomes true, before the listener of the spec
   * @throws HeaderError when the spec has header fields that cannot be written
   */
  constructor(spec: OutgoingInviteSpec, context: UsageContext, onSettled: (invite: UacInvite) => void) {
    this.#uri = spec.uri
    this.#withOffer = (spec.body?.length ?? 0) > 0
    this.#listener = spec
    this.#context = context
    this.#onSettled = onSettled
    this.#transaction = context.transactions.request(this.#createRequest(spec), this, {
      repeated: ownRequestHeaders(context),
    })
  }

  get settled(): boolean {
    return this.#settled
  }

  cancel(headers: HeaderList = []): void {
    if (this.#settled || this.#cancelled !== undefined) return
    this.#cancelled = headers
    if (this.#acknowledgements.size === 0) this.#transaction.cancel(headers)
    // forks that answered were given up one by one: there is nothing left to CANCEL (RFC 3261 §9.1)
    else queueMicrotask(() => this.#fail({ status: 487, cause: 'cancelled' }))
  }

  onResponse(response: SipResponse, flow: Flow): void {
    if (response.status < 200) this.#provisional(response, flow)
    else if (response.status < 300) this.#success(response, flow)
    else this.#fail({ status: response.status, response, cause: 'response' })
  }

  onFailure(error: TransactionError): void {
    const cause =
      error.code === 'TRANSACTION_CANCELLED'
        ? 'cancelled'
        : error.code === 'TRANSACTION_TIMEOUT'
          ? 'timeout'
          : 'transport'
    this.#fail({ status: error.status, cause, error })
  }

  #createRequest(spec: OutgoingInviteSpec): SipRequest {
    const { uri, to, from, route, maxForwards, body, headers: extra, contentType } = spec
    const headers = new Headers()
    for (const value of route) headers.add('Route', value)
    headers.add('Max-Forwards', String(maxForwards))
    headers.add('From', withTag(from, this.localTag))
    headers.add('To', to)
    headers.add('Call-ID', this.callId)
    headers.add('CSeq', `${firstSeq} INVITE`)
    return finishRequest(createRequest('INVITE', uri, headers, body), this.#context, extra, contentType)
  }

  #provisional(response: SipResponse, flow: Flow): void {
    if (this.#settled || this.#cancelled !== undefined) return
    const tag = tagOf(response.headers.get('To') ?? '')
    const early = response.status === 100 || tag === undefined ? undefined : this.#earlySession(tag, response, flow)
    if (early?.takesProvisional(response) === false) return
    this.#listener?.onProvisional(response, early)
  }

  /** The session of a fork; RFC 3261 §12.1.2: it begins with the first response that has its tag. */
  #earlySession(tag: string, response: SipResponse, flow: Flow): InviteSession {
    const known = this.#early.get(tag)
    if (known !== undefined) return known
    const session = this.#newSession(response, flow)
    this.#early.set(tag, session)
    return session
  }

  #newSession(response: SipResponse, flow: Flow): InviteSession {
    const dialog = Dialog.ofCaller(this.#transaction.request, this.#uri, response, flow.secure)
    return new InviteSession(dialog, 'caller', this.#context)
  }

  #success(response: SipResponse, flow: Flow): void {
    const tag = tagOf(response.headers.get('To') ?? '') ?? ''
    const acknowledgement = this.#acknowledgements.get(tag)
    if (acknowledgement !== undefined) {
      acknowledgement.repeat()
      return
    }
    const early = this.#early.get(tag)
    this.#early.delete(tag)
    const givenUp = early?.state === 'terminated'
    const session = early === undefined || givenUp ? this.#newSession(response, flow) : early
    this.#acknowledgements.set(tag, session.confirmAsCaller(response, firstSeq, this.#withOffer))
    if (this.#settled || this.#cancelled !== undefined || givenUp) {
      // another fork was first, or the answer crossed our CANCEL or BYE: ACK and BYE (RFC 3261 §13.2.2.4, §9.1)
      session.bye(this.#cancelled)
      if (!givenUp || this.#early.size === 0) this.#fail({ status: 487, cause: 'cancelled' })
      return
    }
    const listener = this.#listener
    this.#settle()
    listener?.onSuccess(response, session)
  }

  #fail(failure: InviteFailure): void {
    if (this.#settled) return
    const listener = this.#listener
    this.#settle()
    listener?.onFailure(failure)
  }

  /** Nothing more is reported, and the early dialogs are over (RFC 3261 §13.2.2.3, §13.2.2.4). */
  #settle(): void {
    this.#settled = true
    this.#listener = undefined
    this.#onSettled(this)
    for (const session of this.#early.values()) session.abandon()
    this.#early.clear()
  }
}
