import { type SipRequest } from '../sip/message/message.ts'
import { type HeaderList } from '../sip/transaction/header-list.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type CodecRestriction } from '../sdp/restrict-codecs.ts'
import { type SessionDescription } from '../sdp/session-description.ts'
import { CallError, verdictOf } from './call-error.ts'
import { type CallMedia } from './call-media.ts'
import { acceptableOffer, descriptionIn, sdpType, type Leg } from './leg.ts'
import { reinviteOptions, relayedOptions } from './option-tags.ts'
import { relayedHeaders, type HeaderRules } from './relayed-headers.ts'
import { relayedReply } from './request-relay.ts'

/** One side of the exchange: a leg whose dialog is established. */
export interface Side {
  readonly leg: Leg
  readonly session: InviteSession
}

/** What the relay of an offer needs of its call. */
export interface OfferRelayContext {
  readonly media: CallMedia
  readonly codecs: CodecRestriction
  readonly rules: HeaderRules
  /** Header fields of the far leg's request alone. */
  readonly added: HeaderList
  /** The two sides can no longer be brought to agree: ends the call. */
  onBroken(error: unknown): void
  onDone(): void
}

/**
 * Relays one re-INVITE, UPDATE or PRACK with its offer/answer exchange (RFC 3264, RFC 6337) from the leg it came in on to the
 * other leg, and the outcome back. A failure on the far leg restores what both legs had agreed on before. One instance
 * serves one request.
 */
export class OfferRelay {
  readonly #near: Side
  readonly #far: Side
  readonly #transaction: ServerTransaction
  readonly #context: OfferRelayContext
  #answered = false

  constructor(near: Side, far: Side, transaction: ServerTransaction, context: OfferRelayContext) {
    this.#near = near
    this.#far = far
    this.#transaction = transaction
    this.#context = context
  }

  /** Starts the relay; every outcome answers the request and calls `onDone` of the context. */
  async start(): Promise<void> {
    try {
      const offer = descriptionIn(this.#transaction.request)
      await this.#forward(offer === undefined ? undefined : this.#acceptable(offer, this.#near))
    } catch (error) {
      this.#refuse(error)
    }
  }

  async #forward(offer: SessionDescription | undefined): Promise<void> {
    const { request } = this.#transaction
    let body: Buffer | undefined
    if (offer !== undefined) {
      const accepted = this.#near.leg.descriptions.receiveOffer(offer)
      await this.#context.media.prepare(accepted)
      if (this.#transaction.completed) {
        this.#rollback() // cancelled while the ports were opened
        this.#context.onDone()
        return
      }
      body = this.#far.leg.descriptions.writeOffer(accepted, this.#context.media.local(this.#far.leg.name))
      this.#context.media.expect(this.#far.leg.name, this.#far.leg.descriptions)
    }
    const options = this.#transaction.isInvite ? reinviteOptions : relayedOptions
    const far = this.#far.session.request(request.method, {
      headers: [...relayedHeaders(request.headers, this.#context.rules, options), ...this.#context.added],
      ...(body === undefined ? {} : { body, contentType: sdpType }),
      listener: {
        onResponse: (response) => {
          if (response.status < 200) return
          if (response.status >= 300) {
            this.#rollback()
            this.#reply(response.status, relayedReply(response, this.#context.rules))
          } else {
            this.#agree(offer, response).catch((error: unknown) => this.#brokenBy(error))
          }
        },
        onFailure: (error) => {
          this.#rollback()
          this.#reply(error.status, {})
        },
      },
    })
    this.#transaction.onCancel = () => far.cancel()
  }

  /** The far side said 2xx: its answer (or, to a request without an offer, its offer) goes back to the near side. */
  async #agree(offer: SessionDescription | undefined, response: Parameters<typeof relayedReply>[0]): Promise<void> {
    const description = descriptionIn(response)
    if (offer !== undefined) {
      this.#acknowledgeFar()
      if (description === undefined)
        throw new CallError('incompatible-media', 'an offer was accepted without an answer')
      const accepted = this.#far.leg.descriptions.receiveAnswer(description)
      const body = this.#near.leg.descriptions.writeAnswer(accepted, this.#context.media.local(this.#near.leg.name))
      this.#applyBoth()
      this.#reply(response.status, { ...relayedReply(response, this.#context.rules), body, contentType: sdpType })
      return
    }
    if (description === undefined) {
      this.#acknowledgeFar()
      this.#reply(response.status, relayedReply(response, this.#context.rules))
      return
    }
    const accepted = this.#far.leg.descriptions.receiveOffer(this.#acceptable(description, this.#far))
    await this.#context.media.prepare(accepted)
    const body = this.#near.leg.descriptions.writeOffer(accepted, this.#context.media.local(this.#near.leg.name))
    this.#context.media.expect(this.#near.leg.name, this.#near.leg.descriptions)
    this.#near.session.onAck = (ack) => this.#answerInAck(ack)
    this.#reply(response.status, { ...relayedReply(response, this.#context.rules), body, contentType: sdpType }, false)
  }

  /** The answer to an offerless re-INVITE's offer comes in the ACK (RFC 3261 §13.2.1) and goes on in ours. */
  #answerInAck(ack: SipRequest): void {
    this.#near.session.onAck = undefined
    try {
      const answer = descriptionIn(ack)
      if (answer === undefined) throw new CallError('incompatible-media', 'the ACK has no answer to the offer')
      const accepted = this.#near.leg.descriptions.receiveAnswer(answer)
      const body = this.#far.leg.descriptions.writeAnswer(accepted, this.#context.media.local(this.#far.leg.name))
      this.#applyBoth()
      this.#far.session.acknowledge({ body, contentType: sdpType })
      this.#context.onDone()
    } catch (error) {
      this.#acknowledgeFar()
      this.#context.onBroken(error)
    }
  }

  /** An established leg stays in its mode, whatever else is offered. */
  #acceptable(offer: SessionDescription, { leg }: Side): SessionDescription {
    return acceptableOffer(offer, this.#context.codecs, (mode) => mode === leg.descriptions.mode)
  }

  #applyBoth(): void {
    this.#context.media.apply(this.#near.leg, this.#far.leg)
  }

  #acknowledgeFar(): void {
    if (this.#transaction.isInvite) this.#far.session.acknowledge()
  }

  #rollback(): void {
    this.#near.leg.descriptions.rollback()
    this.#far.leg.descriptions.rollback()
    this.#applyBoth()
  }

  /** Before anything was agreed: the request is refused and the call goes on as it was. */
  #refuse(error: unknown): void {
    this.#rollback()
    this.#reply(verdictOf(error).status, {})
  }

  /** The far side has changed already and the near side cannot follow: there is no way back but the end. */
  #brokenBy(error: unknown): void {
    this.#reply(verdictOf(error).status, {})
    this.#context.onBroken(error)
  }

  #reply(status: number, options: Parameters<InviteSession['reply']>[2], done = true): void {
    if (this.#answered) return
    this.#answered = true
    if (!this.#transaction.completed) this.#near.session.reply(this.#transaction, status, options)
    if (done) this.#context.onDone()
  }
}
