import { newTag } from '../sip/message/identifiers.ts'
import { withTag } from '../sip/message/name-addr.ts'
import { type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../sip/usage/incoming-invite.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type InviteFailure, type OutgoingInvite } from '../sip/usage/outgoing-invite.ts'
import { reliableSequence } from '../sip/usage/reliable-provisional.ts'
import { type UserAgent } from '../sip/usage/user-agent.ts'
import { type Clock, type Timer } from '../base/clock.ts'
import { type EncryptionMode } from '../base/encryption.ts'
import { offeredEncryption } from '../sdp/offered-encryption.ts'
import { type SessionDescription } from '../sdp/session-description.ts'
import { type DtmfKey } from '../media/dtmf/telephone-event.ts'
import { type KeyExchangeReport, type MediaEngine } from '../media/media-engine.ts'
import { type Application, type Destination } from './application.ts'
import { CallError, verdictOf } from './call-error.ts'
import { endByCancel, endByDecline, endByError, endByRefusal, endByServer, type CallEnd } from './call-end.ts'
import { CallMedia, type LegName } from './call-media.ts'
import { type CallSettings } from './call-settings.ts'
import { type CallSummary } from './call-summary.ts'
import { DtmfRelay } from './dtmf.ts'
import { endReasons, type EndReason } from './end-reason.ts'
import { Forks, type Fork } from './forks.ts'
import { LegPair } from './leg-pair.ts'
import { type Side } from './offer-relay.ts'
import { InCallRelay } from './in-call-relay.ts'
import { acceptableOffer, descriptionIn, isAvailable, sdpType, type Leg } from './leg.ts'
import { saysOption } from './option-tags.ts'
import { reasonHeader } from './reason-headers.ts'
import { recipientOf } from './recipient.ts'
import { type ReferRelay } from './refer-relay.ts'
import { credentialsOf, relayedHeaders, type HeaderRules } from './relayed-headers.ts'
import { type BridgedDialogs } from './replaces.ts'
import { redirectTarget } from './redirect-target.ts'
import { relayedReply } from './request-relay.ts'

/** What a call needs of its surroundings. */
export interface CallSurroundings {
  readonly userAgent: UserAgent
  readonly engine: MediaEngine
  readonly clock: Clock
  readonly application: Application
  readonly settings: CallSettings
  readonly dialogs: BridgedDialogs
  readonly refers: ReferRelay
  /** Leg B's INVITE is about to leave. */
  onRouted(call: Call, destination: Destination): void
  onAnswered(call: Call): void
  /** The recipient refused a mode, and is called again with another one. */
  onFallback(call: Call, refused: EncryptionMode, why: string): void
  /** A handshake has brought a leg's keys. */
  onKeyed(call: Call, report: KeyExchangeReport): void
  /** Something that the call survives but an operator should know. */
  onWarning(call: Call, what: string): void
  /** Called once; the call has let go of everything. */
  onEnded(call: Call, summary: CallSummary): void
}

/** Statuses with which a recipient says that it does not like the media (RFC 3261 §21.4.13, §21.4.26, §21.6.4). */
const mediaRefusals: ReadonlySet<number> = new Set([415, 488, 606])

/** What is told of a request whose outcome changes nothing. */
const deaf = { onResponse: () => {}, onFailure: () => {} }

/**
 * One call: leg A, as the INVITE brought it, and leg B, which this server makes. It relays what each side says about the
 * call to the other (reference: b2bua-server §2, §3 and §7) and keeps media in step with what was agreed.
 */
export class Call {
  /** Names the call in logs; means nothing to any peer. */
  readonly id = newTag()
  readonly invite: IncomingInvite
  /** Leg A's To in URI-only form. */
  readonly recipient: string
  readonly #world: CallSurroundings
  readonly #timers: Timer[] = []
  readonly #legs: LegPair
  readonly #rules: HeaderRules
  #media: CallMedia | undefined
  #outgoing: OutgoingInvite | undefined
  /** Modes with which leg B may still be tried. */
  #fallback: EncryptionMode[] = []
  readonly #dtmf = new DtmfRelay((what) => this.#world.onWarning(this, what))
  /** Legs whose handshake has brought keys. */
  readonly #keyed = new Set<LegName>()
  #destination: Destination | undefined
  #answeredAt: number | undefined
  #ended = false
  #relay: InCallRelay | undefined
  readonly #forks = new Forks()
  /** Where the recipient has redirected the call to. */
  #redirected: string | undefined

  /** @throws CodedError 400 when To is nobody who could be called */
  constructor(invite: IncomingInvite, surroundings: CallSurroundings) {
    this.invite = invite
    this.recipient = recipientOf(invite.request)
    this.#world = surroundings
    const { recipient } = this
    this.#rules = { policy: surroundings.settings.headerPolicy, dialogs: surroundings.dialogs }
    this.#legs = new LegPair({ request: invite.request, recipient, settings: surroundings.settings })
  }

  get answered(): boolean {
    return this.#answeredAt !== undefined
  }

  /** Encryption of each leg as far as it is decided. */
  get modes(): { readonly a: EncryptionMode | undefined; readonly b: EncryptionMode | undefined } {
    return { a: this.#legs.a?.descriptions.mode, b: this.#legs.b?.descriptions.mode }
  }

  get callIds(): { readonly a: string; readonly b: string | undefined } {
    return { a: this.invite.request.headers.get('Call-ID')!, b: this.#outgoing?.callId }
  }

  /** Of the other leg than that whose dialog has this key; undefined when neither has it, or the other is not established. */
  farSession(key: string): InviteSession | undefined {
    const [a, b] = [this.#legs.a?.session, this.#legs.b?.session]
    if (a?.dialog.key === key) return b
    return b?.dialog.key === key ? a : undefined
  }

  /** Which header fields cross between its legs. */
  get rules(): HeaderRules {
    return this.#rules
  }

  /** Takes the call on: decides where it goes and calls there. Every failure ends the call with a verdict. */
  start(): void {
    this.invite.onCancelled = (cancel) => this.#end(endByCancel(cancel, this.#rules.policy))
    this.invite.onFailed = (error) => this.#end({ reason: 'dialog-lost', by: 'a', detail: error.message })
    this.#after(this.#world.settings.unansweredTimeout, () => {
      if (!this.answered) this.#endBySelf('no-answer')
    })
    this.#callOut().catch((error: unknown) => this.#fail(error))
  }

  /** Ends the call on this server's own account, on whichever legs there are. Harmless when it has ended. */
  end(reason: EndReason): void {
    this.#endBySelf(reason)
  }

  async #callOut(): Promise<void> {
    const { request } = this.invite
    const { application, engine, settings } = this.#world
    const offered = descriptionIn(request)
    const available = (mode: EncryptionMode): boolean => isAvailable(mode, settings)
    const offer = offered === undefined ? undefined : acceptableOffer(offered, settings.codecs, available)
    const destination = application.decide({
      request,
      recipient: this.recipient,
      offered: offer === undefined ? undefined : offeredEncryption(offer),
    })
    if (destination.kind === 'decline') {
      this.#end(endByDecline(destination.status, destination.why))
      return
    }
    this.#destination = this.#legs.destination = destination
    const mode = offer === undefined ? undefined : (destination.mode ?? offeredEncryption(offer))
    if (offer !== undefined) this.#legs.a = this.#legs.makeLeg('a', offeredEncryption(offer))
    if (mode !== undefined) this.#legs.b = this.#legs.makeLeg('b', mode)
    this.#fallback = destination.fallback.filter((other) => other !== mode && isAvailable(other, settings))
    this.#media = this.#legs.media = await CallMedia.open(engine, {
      ...settings.media,
      onNoRtp: ({ leg, seconds }) => this.#onSilence(leg, seconds),
      onKeyExchange: (report) => this.#onKeyExchange(report),
      onDtmf: (key) => this.#onDtmf(key),
      onFailure: (error) => this.#endBySelf('media-failure', error.message),
    })
    this.#relay = new InCallRelay({
      ...{
        media: this.#media,
        codecs: settings.codecs,
        rules: this.#rules,
        dtmf: this.#dtmf,
        refers: this.#world.refers,
      },
      onBroken: (error) => this.#fail(error),
    })
    if (offer !== undefined && !this.#ended) await this.#legs.takeOfferOfA(offer)
    if (this.#ended) {
      await this.#media.close() // cancelled while the ports were opened
      return
    }
    this.#world.onRouted(this, destination)
    this.#callRecipient()
  }

  /** Sends leg B's INVITE: once, and again for each mode of the fallback that is tried. */
  #callRecipient(): void {
    const { headers } = this.invite.request
    const { uri: first, route } = this.#destination!
    const uri = this.#redirected ?? first
    const body = this.#legs.offerToB()
    const hops = Number(headers.get('Max-Forwards') ?? 70)
    this.#outgoing = this.#world.userAgent.invite({
      uri,
      to: withTag(headers.get('To')!, undefined),
      from: withTag(headers.get('From')!, undefined),
      route,
      maxForwards: Math.max(0, hops - 1),
      headers: [...relayedHeaders(headers, this.#rules), ...credentialsOf(headers)],
      ...(body === undefined ? {} : { body, contentType: sdpType }),
      onProvisional: (response, early) => this.#relayProvisional(response, early),
      onSuccess: (response, session) => this.#onSuccess(response, session),
      onFailure: (failure) => this.#refused(failure),
    })
  }

  /**
   * Calls again with the next mode of the fallback.
   * @returns false when there is none, or the call is over
   */
  #fallBack(why: string): boolean {
    const mode = this.#fallback.shift()
    if (mode === undefined || this.#ended || this.#legs.accepted === undefined) return false
    this.#world.onFallback(this, this.#legs.b!.descriptions.mode, why)
    this.#callAgain(mode)
    return true
  }

  #callAgain(mode: EncryptionMode | undefined): void {
    if (mode !== undefined) this.#legs.b = this.#legs.makeLeg('b', mode)
    this.#legs.answer = undefined
    this.#media!.forget('b')
    this.#callRecipient()
  }

  /** @returns false for a failure that is no redirection, or not the first */
  #followRedirection({ response }: InviteFailure): boolean {
    if (!this.#world.settings.followRedirects || this.#redirected !== undefined || this.#ended) return false
    this.#redirected = response && redirectTarget(response)
    if (this.#redirected === undefined) return false
    this.invite.provisional(181, {})
    this.#callAgain(this.#legs.b?.descriptions.mode)
    return true
  }

  #onDtmf(key: DtmfKey & { readonly leg: LegName }): void {
    const far = key.leg === 'a' ? 'b' : 'a'
    this.#dtmf.send(key, far, this.answered ? this.#legs[far] : undefined)
  }

  #onKeyExchange(report: KeyExchangeReport): void {
    const { leg, stream, failure } = report
    if (failure === undefined) {
      this.#keyed.add(leg)
      this.#world.onKeyed(this, report)
      return
    }
    const what = `key exchange of leg ${leg}, stream ${stream + 1}, failed: ${failure}`
    // a handshake of DTLS is tried again; ZRTP has tried for seconds, and a phone that speaks none of it would stay silent
    const mayBeClear = this.#world.settings.zrtp?.clear === 'if-unanswered'
    if (this.answered && this.modes[leg] === 'zrtp' && !mayBeClear) this.#endBySelf('key-exchange-failed', what)
    else this.#world.onWarning(this, what)
  }

  #onSilence(leg: LegName, seconds: number): void {
    if (!this.answered) return // while it rings a caller may well be silent; the report comes again
    if (['dtls-srtp', 'zrtp'].includes(this.modes[leg]!) && !this.#keyed.has(leg)) {
      this.#endBySelf('key-exchange-failed', `no keys for leg ${leg} within ${seconds} s`)
    } else this.#endBySelf('no-rtp', `nothing from leg ${leg} for ${seconds} s`)
  }

  /**
   * 180, 181, 182, 183 …: relayed with their description, if any, as early media (RFC 3960); reliably where leg B's is, and
   * the caller can do that (RFC 3262).
   */
  #relayProvisional(response: SipResponse, early: InviteSession | undefined): void {
    if (this.#ended || response.status === 100) return
    const reliable = early !== undefined && reliableSequence(response) !== undefined
    if (reliable && this.#legs.b === undefined && response.body.length > 0) {
      this.#offerToA(response)
        .then((body) => this.#ring(response, early, body))
        .catch((error: unknown) => this.#fail(error))
      return
    }
    let body: Buffer | undefined
    try {
      const fork = this.#forks.of(early)
      // what was exchanged reliably is not answered again, and may have changed since
      const answer = fork.settled ? undefined : this.#legs.readAnswer(response, fork)
      this.#demandMedia(answer)
      if (answer !== undefined) body = this.#legs.writeAnswer(answer)
    } catch (error) {
      // The final answer may still be right: ring without early media
      this.#world.onWarning(this, `early media of ${response.status} not relayed: ${verdictOf(error).why}`)
    }
    this.#ring(response, early, body)
  }

  #ring(response: SipResponse, early: InviteSession | undefined, body: Buffer | undefined): void {
    if (this.#ended) return
    const fork = this.#forks.of(early)
    const reliable = early !== undefined && reliableSequence(response) !== undefined
    const acknowledged = reliable && saysOption(this.invite.request.headers, '100rel')
    if (reliable && !acknowledged) early.prack(response, { listener: deaf })
    if (acknowledged && body !== undefined && this.#legs.accepted !== undefined) fork.settled = true
    const near = this.invite.provisional(response.status, {
      ...relayedReply(response, this.#rules),
      ...(body === undefined ? {} : { body, contentType: sdpType }),
      ...(fork.toTag !== undefined && { toTag: fork.toTag }),
      ...(acknowledged && { onPrack: (prack) => this.#relayPrack(response, { fork, early, near: near! }, prack) }),
    })
    if (early === undefined || near === undefined || this.#legs.a === undefined || this.#legs.b === undefined) return
    const [a, b] = [
      { leg: this.#legs.a, session: near },
      { leg: this.#legs.b, session: early },
    ]
    near.onRequest = (transaction) => this.#relayEarly(fork, a, b, transaction)
    early.onRequest = (transaction) => this.#relayEarly(fork, b, a, transaction)
  }

  #relayEarly(fork: Fork, near: Side, far: Side, transaction: ServerTransaction): void {
    if (fork.settled && transaction.request.method === 'UPDATE') this.#legs.returnTo(fork)
    this.#relay!.relayEarly(fork, near, far, transaction, this.#legs.accepted === undefined ? 'b' : 'a')
  }

  /** The caller has heard a reliable response: now leg B learns that she has, and what she says to its offer. */
  #relayPrack(
    response: SipResponse,
    { fork, early, near }: { readonly fork: Fork; readonly early: InviteSession; readonly near: InviteSession },
    prack: ServerTransaction,
  ): void {
    const answers = this.#legs.accepted === undefined && response.body.length > 0 && !fork.settled
    if (!answers || this.#legs.a === undefined || this.#legs.b === undefined) {
      if (fork.settled && prack.request.body.length > 0) this.#legs.returnTo(fork)
      const [a, b] = [this.#legs.a ?? this.#legs.makeLeg('a', 'none'), this.#legs.b ?? this.#legs.makeLeg('b', 'none')]
      this.#relay!.relayPrack({ leg: a, session: near }, { leg: b, session: early }, prack, response)
      return
    }
    try {
      const body = this.#answerOffer(prack.request)
      fork.settled = true
      early.prack(response, {
        ...{ body, contentType: sdpType },
        listener: {
          onResponse: ({ status }) => status >= 200 && near.reply(prack, status),
          onFailure: (error) => near.reply(prack, error.status),
        },
      })
    } catch (error) {
      near.reply(prack, verdictOf(error).status)
      this.#fail(error)
    }
  }

  /**
   * While there is another mode to try, an answer that refuses every stream is none.
   * @throws CallError 488
   */
  #demandMedia(answer: SessionDescription | undefined): void {
    if (answer === undefined || this.#fallback.length === 0 || answer.media.some(({ relayable }) => relayable)) return
    throw new CallError('incompatible-media', 'the answer refuses every stream')
  }

  /** Leg B was answered: so is leg A, unless the two cannot agree. */
  #onSuccess(response: SipResponse, session: InviteSession): void {
    if (this.#ended) {
      session.acknowledge()
      session.bye()
      return
    }
    const fork = this.#forks.of(session)
    // what another fork has offered, or this one in a response that nobody has acknowledged, is no offer any more
    if (this.#legs.b === undefined || (this.#legs.accepted === undefined && !fork.settled)) {
      this.#acceptedWithOffer(response, session).catch((error: unknown) => {
        session.acknowledge()
        this.#legs.b ??= this.#legs.makeLeg('b', 'none')
        this.#legs.b.session = session
        this.#fail(error)
      })
      return
    }
    session.acknowledge()
    if (fork.settled) {
      this.#legs.b.session = session
      try {
        this.#legs.returnTo(fork)
        this.#establish(response, undefined)
      } catch (error) {
        this.#fail(error)
      }
      return
    }
    try {
      this.#demandMedia(this.#legs.readAnswer(response, fork))
    } catch (error) {
      const refused = this.#legs.b
      if (this.#fallBack(verdictOf(error).why)) {
        session.bye([reasonHeader('incompatible-media')])
        return
      }
      refused.session = session
      this.#fail(error)
      return
    }
    this.#legs.b.session = session
    try {
      if (this.#legs.answer === undefined)
        throw new CallError('incompatible-media', 'the answer has no session description')
      this.#establish(response, this.#legs.writeAnswer(this.#legs.answer))
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The call had no offer: leg B's 200 has one, leg A's ACK the answer, and leg B's ACK takes it on. */
  async #acceptedWithOffer(response: SipResponse, session: InviteSession): Promise<void> {
    const body = await this.#offerToA(response, session)
    if (this.#ended) return // the end has seen to leg B
    this.#establish(response, body)
    this.#legs.a!.session!.onAck = (ack) => this.#answerInAck(ack)
  }

  /** @param session that leg B is in from now on */
  async #offerToA(response: SipResponse, session?: InviteSession): Promise<Buffer> {
    const accepted = this.#legs.takeOfferOfB(response)
    const { a, b } = this.#legs
    if (session !== undefined) {
      b!.session = session
      this.#follow(b!, a!) // leg B may hang up while the ports are opened
    }
    this.#relay!.offerer = 'b' // until it is answered
    return this.#legs.offerToA(accepted)
  }

  #answerOffer(message: SipRequest): Buffer {
    this.#relay!.offerer = undefined
    return this.#legs.answerOffer(message)
  }

  #answerInAck(ack: SipRequest): void {
    this.#legs.a!.session!.onAck = undefined
    try {
      this.#legs.b!.session!.acknowledge({ body: this.#answerOffer(ack), contentType: sdpType })
    } catch (error) {
      this.#legs.b!.session!.acknowledge()
      this.#fail(error)
    }
  }

  /** @param body absent where offer and answer were exchanged before */
  #establish(response: SipResponse, body: Buffer | undefined): void {
    this.#answeredAt = this.#world.clock.now()
    const { toTag } = this.#forks.of(this.#legs.b!.session)
    this.#legs.a!.session = this.invite.accept({
      ...relayedReply(response, this.#rules),
      ...(body !== undefined && { body, contentType: sdpType }),
      ...(toTag !== undefined && { toTag }),
    })
    this.#follow(this.#legs.a!, this.#legs.b!)
    this.#follow(this.#legs.b!, this.#legs.a!)
    const { maxDuration } = this.#world.settings
    if (maxDuration > 0) this.#after(maxDuration, () => this.#endBySelf('max-duration'))
    this.#world.onAnswered(this)
    for (const leg of [this.#legs.a!, this.#legs.b!]) this.#dtmf.answered(leg)
  }

  /** From the answer on, what happens on one leg's dialog goes to the other. */
  #follow(near: Leg, far: Leg): void {
    const session = near.session!
    session.onRequest = (transaction) => {
      if (far.session === undefined) session.reply(transaction, 481)
      else this.#relay!.relay({ leg: near, session }, { leg: far, session: far.session }, transaction)
    }
    session.onRefreshDue = () => this.#relay!.refresh({ leg: near, session })
    session.onBye = (bye) =>
      this.#end({ reason: 'hangup', by: near.name, detail: 'BYE', headers: relayedHeaders(bye.headers, this.#rules) })
    session.onEnded = (cause) => {
      if (cause === 'no-ack')
        this.#end({ reason: 'no-ack', by: near.name, detail: cause, headers: [reasonHeader('no-ack')] })
      else if (cause === 'expired')
        this.#end({
          reason: 'session-expired',
          by: near.name,
          detail: cause,
          headers: [reasonHeader('session-expired')],
        })
      else if (cause === 'dialog-gone' || cause === 'timeout') {
        this.#end({ reason: 'dialog-lost', by: near.name, detail: cause, headers: [reasonHeader('dialog-lost')] })
      }
    }
  }

  #refused(failure: InviteFailure): void {
    const { response } = failure
    if (this.#followRedirection(failure)) return
    const choosy = response !== undefined && mediaRefusals.has(response.status)
    if (!choosy || !this.#fallBack(`${response.status} ${response.reason}`))
      this.#end(endByRefusal(failure, this.#rules))
  }

  #fail(error: unknown): void {
    this.#end(endByError(error))
  }

  #endBySelf(reason: EndReason, detail?: string): void {
    this.#end(endByServer(reason, detail))
  }

  #end(end: CallEnd): void {
    if (this.#ended) return
    this.#ended = true
    for (const timer of this.#timers) timer.cancel()
    const { reason, by, detail, headers = [] } = end
    const status = end.response?.status ?? endReasons[reason].status
    this.#world.refers.callEnds([this.#legs.a?.session, this.#legs.b?.session])
    if (this.#legs.a?.session !== undefined) this.#legs.a.session.bye(headers)
    else this.invite.reject(status, end.response) // unless it was cancelled, or has been answered
    if (this.#legs.b?.session !== undefined) this.#legs.b.session.bye(headers)
    else this.#outgoing?.cancel(headers)
    const talked = this.#answeredAt === undefined ? undefined : (this.#world.clock.now() - this.#answeredAt) / 1000
    this.#world.onEnded(this, { id: this.id, reason, by, detail, talked, status: this.answered ? 200 : status })
    this.#media?.close().catch((error: unknown) => this.#world.onWarning(this, `media not released: ${String(error)}`))
  }

  #after(delay: number, act: () => void): void {
    this.#timers.push(this.#world.clock.after(delay, act))
  }
}
