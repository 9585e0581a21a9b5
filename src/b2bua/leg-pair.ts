import { type EncryptionMode } from '../base/encryption.ts'
import { parseNameAddr } from '../sip/message/name-addr.ts'
import { type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { offeredEncryption } from '../sdp/offered-encryption.ts'
import { type SessionDescription } from '../sdp/session-description.ts'
import { type Destination } from './application.ts'
import { CallError } from './call-error.ts'
import { type CallMedia, type LegName } from './call-media.ts'
import { type CallSettings } from './call-settings.ts'
import { takesInfo } from './dtmf.ts'
import { type Fork } from './forks.ts'
import { acceptableOffer, descriptionIn, isAvailable, makeLeg, type Leg } from './leg.ts'

/** What the legs of a call are made of. */
export interface LegPairOptions {
  /** Leg A's INVITE. */
  readonly request: SipRequest
  /** Leg A's To in URI-only form. */
  readonly recipient: string
  readonly settings: CallSettings
}

/**
 * The two legs of a call while it is set up: what one side offers or answers becomes an offer or answer of the other leg, and
 * media keeps in step.
 */
export class LegPair {
  a: Leg | undefined
  b: Leg | undefined
  /** Leg A's offer as it was accepted: what every offer to leg B is made of. */
  accepted: SessionDescription | undefined
  /** Leg B's answer to our offer, once it has given one, even in a provisional response. */
  answer: SessionDescription | undefined
  /** The fork of leg B whose answer media follows. */
  live: Fork | undefined
  media: CallMedia | undefined
  destination: Destination | undefined
  readonly #options: LegPairOptions
  /** Takes both legs back to the offer of the INVITE. */
  #returnToOffer: () => void = () => undefined

  constructor(options: LegPairOptions) {
    this.#options = options
  }

  /** @throws CallError 488 for a mode that this server cannot terminate */
  makeLeg(name: LegName, mode: EncryptionMode): Leg {
    const { request, recipient, settings } = this.#options
    if (name === 'a') return makeLeg('a', mode, settings.suites, recipient, settings)
    const caller = parseNameAddr(request.headers.get('From')!).uri
    const leg = makeLeg('b', mode, this.destination!.suites, caller, settings)
    leg.descriptions.addsEvents = takesInfo(request.headers) === true
    return leg
  }

  /** Leg A offers. */
  async takeOfferOfA(offer: SessionDescription): Promise<void> {
    this.accepted = this.a!.descriptions.receiveOffer(offer)
    await this.media!.prepare(this.accepted)
  }

  /** @returns leg B's offer; `undefined` where leg A has made none */
  offerToB(): Buffer | undefined {
    if (this.accepted === undefined) return undefined
    this.#returnToOffer()
    const body = this.b!.descriptions.writeOffer(this.accepted, this.media!.local('b'))
    const kept = [this.a!.descriptions.keepOffer(), this.b!.descriptions.keepOffer()]
    this.#returnToOffer = () => {
      for (const back of kept) back()
    }
    this.media!.expect('b', this.b!.descriptions)
    return body
  }

  /**
   * Takes the answer of leg B's fork, if the response has one; the last one holds.
   * @throws SdpError, CallError 488
   */
  readAnswer(response: SipResponse, fork: Fork): SessionDescription | undefined {
    const description = descriptionIn(response)
    if (description === undefined || this.b === undefined) return undefined
    this.a!.descriptions.addsEvents = takesInfo(response.headers) !== false
    this.#returnToOffer()
    this.answer = this.b.descriptions.receiveAnswer(description)
    fork.answer = description
    this.live = fork
    return this.answer
  }

  /** Media follows this fork, which had answered before another one did. */
  returnTo(fork: Fork): void {
    if (fork === this.live || fork.answer === undefined) return
    this.#returnToOffer()
    this.writeAnswer(this.b!.descriptions.receiveAnswer(fork.answer))
    this.live = fork
  }

  /** @returns leg A's answer */
  writeAnswer(answer: SessionDescription): Buffer {
    const body = this.a!.descriptions.writeAnswer(answer, this.media!.local('a'))
    this.#applyBoth()
    return body
  }

  /**
   * Leg B offers, in the 200 or a reliable provisional response, to an offerless INVITE: both legs are made.
   * @returns the offer as it is accepted
   * @throws SdpError, CallError 488
   */
  takeOfferOfB(response: SipResponse): SessionDescription {
    const description = descriptionIn(response)
    if (description === undefined) {
      throw new CallError('incompatible-media', 'the answer to an offerless INVITE has no offer')
    }
    const { mode } = this.destination!
    const { settings } = this.#options
    const usable = (one: EncryptionMode): boolean => (mode === undefined ? isAvailable(one, settings) : one === mode)
    const offer = acceptableOffer(description, settings.codecs, usable)
    const offered = offeredEncryption(offer)
    // Without a rule both legs take what the recipient offers; with one the caller, who named nothing, is met in clear
    this.a = this.makeLeg('a', mode === undefined ? offered : 'none')
    this.b = this.makeLeg('b', mode ?? offered)
    this.a.descriptions.addsEvents = takesInfo(response.headers) !== false
    this.media!.forget('a')
    this.media!.forget('b')
    return this.b.descriptions.receiveOffer(offer)
  }

  /** @returns leg A's offer */
  async offerToA(accepted: SessionDescription): Promise<Buffer> {
    await this.media!.prepare(accepted)
    const body = this.a!.descriptions.writeOffer(accepted, this.media!.local('a'))
    this.media!.expect('a', this.a!.descriptions)
    return body
  }

  /**
   * The caller answers leg B's offer.
   * @returns leg B's answer
   */
  answerOffer(message: SipRequest): Buffer {
    const answer = descriptionIn(message)
    if (answer === undefined) {
      throw new CallError('incompatible-media', `the ${message.method} has no answer to the offer`)
    }
    const accepted = this.a!.descriptions.receiveAnswer(answer)
    const body = this.b!.descriptions.writeAnswer(accepted, this.media!.local('b'))
    this.#applyBoth()
    return body
  }

  #applyBoth(): void {
    this.media!.apply(this.a!, this.b!)
  }
}
