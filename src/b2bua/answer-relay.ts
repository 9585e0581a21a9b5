import { type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../sip/usage/incoming-invite.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { reliableSequence } from '../sip/usage/reliable-provisional.ts'
import { type SessionDescription } from '../sdp/session-description.ts'
import { CallError, verdictOf } from './call-error.ts'
import { Forks, type Fork } from './forks.ts'
import { type InCallRelay } from './in-call-relay.ts'
import { sdpType, type Leg } from './leg.ts'
import { type LegPair } from './leg-pair.ts'
import { type Side } from './offer-relay.ts'
import { saysOption } from './option-tags.ts'
import { reasonHeader } from './reason-headers.ts'
import { type HeaderRules } from './relayed-headers.ts'
import { relayedReply } from './request-relay.ts'

/** What it needs of its call. */
export interface AnswerRelayOptions {
  readonly invite: IncomingInvite
  readonly legs: LegPair
  readonly relay: InCallRelay
  readonly rules: HeaderRules
  isOver(): boolean
  /** Whether leg B can be tried with another mode. */
  mayFallBack(): boolean
  /** @returns false when there is no other mode, or the call is over */
  fallBack(why: string): boolean
  /** From now on what happens in the dialog of `near` goes to `far`. */
  follow(near: Leg, far: Leg): void
  /** Both legs have their sessions. */
  onEstablished(): void
  onWarning(what: string): void
  /** The call cannot go on. */
  onFailure(error: unknown): void
}

/** A reliable response, relayed to the caller. */
interface ReliableResponse {
  readonly fork: Fork
  readonly early: InviteSession
  readonly near: InviteSession
  /** The leg on which it was an offer. */
  readonly offering: Leg | undefined
}

/** What is told of a request whose outcome changes nothing. */
const deaf = { onResponse: () => {}, onFailure: () => {} }

/** Relays what leg B answers to the INVITE: provisional responses of all its forks, their early dialogs, and the 200. */
export class AnswerRelay {
  readonly #options: AnswerRelayOptions
  readonly #legs: LegPair
  readonly #forks = new Forks()

  constructor(options: AnswerRelayOptions) {
    this.#options = options
    this.#legs = options.legs
  }

  /**
   * 180, 181, 182, 183 …: relayed with their description, if any, as early media (RFC 3960); reliably where leg B's is, and
   * the caller can do that (RFC 3262).
   */
  provisional(response: SipResponse, early: InviteSession | undefined): void {
    if (this.#options.isOver() || response.status === 100) return
    const reliable = early !== undefined && reliableSequence(response) !== undefined
    if (reliable && this.#legs.b === undefined && response.body.length > 0) {
      this.#offerToA(response)
        .then((body) => this.#ring(response, early, body))
        .catch((error: unknown) => this.#options.onFailure(error))
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
      this.#options.onWarning(`early media of ${response.status} not relayed: ${verdictOf(error).why}`)
    }
    this.#ring(response, early, body)
  }

  #ring(response: SipResponse, early: InviteSession | undefined, body: Buffer | undefined): void {
    if (this.#options.isOver()) return
    const fork = this.#forks.of(early)
    const reliable = early !== undefined && reliableSequence(response) !== undefined
    const acknowledged = reliable && saysOption(this.#options.invite.request.headers, '100rel')
    if (reliable && !acknowledged) early.prack(response, { listener: deaf })
    if (acknowledged && body !== undefined && this.#legs.accepted !== undefined) fork.settled = true
    // leg A, when this is where it is offered something: the caller's PRACK has the answer, and nobody else's
    const offering = body !== undefined && this.#legs.accepted === undefined ? this.#legs.a : undefined
    const near = this.#options.invite.provisional(response.status, {
      ...relayedReply(response, this.#options.rules),
      ...(body === undefined ? {} : { body, contentType: sdpType }),
      ...(fork.toTag !== undefined && { toTag: fork.toTag }),
      ...(acknowledged && {
        onPrack: (prack) => this.#relayPrack(response, { fork, early, near: near!, offering }, prack),
      }),
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
    this.#options.relay.relayEarly(fork, near, far, transaction, this.#legs.accepted === undefined ? 'b' : 'a')
  }

  /** The caller has heard a reliable response: now leg B learns that she has, and what she says to its offer. */
  #relayPrack(
    response: SipResponse,
    { fork, early, near, offering }: ReliableResponse,
    prack: ServerTransaction,
  ): void {
    // a 200 with another offer may have come since: its legs are others
    const answers = offering !== undefined && offering === this.#legs.a && !fork.settled
    if (!answers || this.#legs.a === undefined || this.#legs.b === undefined) {
      if (fork.settled && prack.request.body.length > 0) this.#legs.returnTo(fork)
      const [a, b] = [this.#legs.a ?? this.#legs.makeLeg('a', 'none'), this.#legs.b ?? this.#legs.makeLeg('b', 'none')]
      this.#options.relay.relayPrack({ leg: a, session: near }, { leg: b, session: early }, prack, response)
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
      this.#options.onFailure(error)
    }
  }

  /**
   * While there is another mode to try, an answer that refuses every stream is none.
   * @throws CallError 488
   */
  #demandMedia(answer: SessionDescription | undefined): void {
    if (answer === undefined || !this.#options.mayFallBack() || answer.media.some(({ relayable }) => relayable)) return
    throw new CallError('incompatible-media', 'the answer refuses every stream')
  }

  /** Leg B was answered: so is leg A, unless the two cannot agree. */
  success(response: SipResponse, session: InviteSession): void {
    if (this.#options.isOver()) {
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
        this.#options.onFailure(error)
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
        this.#options.onFailure(error)
      }
      return
    }
    try {
      this.#demandMedia(this.#legs.readAnswer(response, fork))
    } catch (error) {
      const refused = this.#legs.b
      if (this.#options.fallBack(verdictOf(error).why)) {
        session.bye([reasonHeader('incompatible-media')])
        return
      }
      refused.session = session
      this.#options.onFailure(error)
      return
    }
    this.#legs.b.session = session
    try {
      if (this.#legs.answer === undefined)
        throw new CallError('incompatible-media', 'the answer has no session description')
      this.#establish(response, this.#legs.writeAnswer(this.#legs.answer))
    } catch (error) {
      this.#options.onFailure(error)
    }
  }

  /** The call had no offer: leg B's 200 has one, leg A's ACK the answer, and leg B's ACK takes it on. */
  async #acceptedWithOffer(response: SipResponse, session: InviteSession): Promise<void> {
    const body = await this.#offerToA(response, session)
    if (this.#options.isOver()) return // the end has seen to leg B
    this.#establish(response, body)
    this.#legs.a!.session!.onAck = (ack) => this.#answerInAck(ack)
  }

  /** @param session that leg B is in from now on */
  async #offerToA(response: SipResponse, session?: InviteSession): Promise<Buffer> {
    const accepted = this.#legs.takeOfferOfB(response)
    const { a, b } = this.#legs
    if (session !== undefined) {
      b!.session = session
      this.#options.follow(b!, a!) // leg B may hang up while the ports are opened
    }
    this.#options.relay.offerer = 'b' // until it is answered
    return this.#legs.offerToA(accepted)
  }

  #answerOffer(message: SipRequest): Buffer {
    this.#options.relay.offerer = undefined
    return this.#legs.answerOffer(message)
  }

  #answerInAck(ack: SipRequest): void {
    this.#legs.a!.session!.onAck = undefined
    try {
      this.#legs.b!.session!.acknowledge({ body: this.#answerOffer(ack), contentType: sdpType })
    } catch (error) {
      this.#legs.b!.session!.acknowledge()
      this.#options.onFailure(error)
    }
  }

  /** @param body absent where offer and answer were exchanged before */
  #establish(response: SipResponse, body: Buffer | undefined): void {
    const { invite, rules } = this.#options
    const { toTag } = this.#forks.of(this.#legs.b!.session)
    this.#legs.a!.session = invite.accept({
      ...relayedReply(response, rules),
      ...(body !== undefined && { body, contentType: sdpType }),
      ...(toTag !== undefined && { toTag }),
    })
    this.#options.onEstablished()
  }
}
