import { newTag } from '../sip/message/identifiers.ts'
import { withTag } from '../sip/message/name-addr.ts'
import { type IncomingInvite } from '../sip/usage/incoming-invite.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type InviteFailure, type OutgoingInvite } from '../sip/usage/outgoing-invite.ts'
import { type UserAgent } from '../sip/usage/user-agent.ts'
import { type Clock, type Timer } from '../base/clock.ts'
import { type EncryptionMode } from '../base/encryption.ts'
import { offeredEncryption } from '../sdp/offered-encryption.ts'
import { type DtmfKey } from '../media/dtmf/telephone-event.ts'
import { type KeyExchangeReport, type MediaEngine } from '../media/media-engine.ts'
import { AnswerRelay } from './answer-relay.ts'
import { type Application, type Destination } from './application.ts'
import { endByCancel, endByDecline, endByError, endByRefusal, endByServer, type CallEnd } from './call-end.ts'
import { CallMedia, type LegName } from './call-media.ts'
import { type CallSettings } from './call-settings.ts'
import { type CallSummary } from './call-summary.ts'
import { DtmfRelay } from './dtmf.ts'
import { endReasons, type EndReason } from './end-reason.ts'
import { LegPair } from './leg-pair.ts'
import { InCallRelay } from './in-call-relay.ts'
import { acceptableOffer, descriptionIn, isAvailable, sdpType, type Leg } from './leg.ts'
import { reasonHeader } from './reason-headers.ts'
import { recipientOf } from './recipient.ts'
import { type ReferRelay } from './refer-relay.ts'
import { credentialsOf, relayedHeaders, type HeaderRules } from './relayed-headers.ts'
import { type BridgedDialogs } from './replaces.ts'
import { redirectTarget } from './redirect-target.ts'

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
  #answers: AnswerRelay | undefined
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
    this.#answers = new AnswerRelay({
      ...{ invite: this.invite, legs: this.#legs, relay: this.#relay, rules: this.#rules },
      isOver: () => this.#ended,
      mayFallBack: () => this.#fallback.length > 0,
      fallBack: (why) => this.#fallBack(why),
      follow: (near, far) => this.#follow(near, far),
      onEstablished: () => this.#established(),
      onWarning: (what) => this.#world.onWarning(this, what),
      onFailure: (error) => this.#fail(error),
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
      onProvisional: (response, early) => this.#answers!.provisional(response, early),
      onSuccess: (response, session) => this.#answers!.success(response, session),
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

  /** Both legs are answered. */
  #established(): void {
    this.#answeredAt = this.#world.clock.now()
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
    const media = this.answered ? this.#media?.counters() : undefined
    this.#world.onEnded(this, { id: this.id, reason, by, detail, talked, media, status: this.answered ? 200 : status })
    this.#media?.close().catch((error: unknown) => this.#world.onWarning(this, `media not released: ${String(error)}`))
  }

  #after(delay: number, act: () => void): void {
    this.#timers.push(this.#world.clock.after(delay, act))
  }
}
