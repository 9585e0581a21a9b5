import { type EncryptionMode } from '../base/encryption.ts'
import { type EndpointDescription, type LocalEndpoint } from '../base/endpoint-description.ts'
import { randomFromPool } from '../base/random-pool.ts'
import { networkAddress, writeWithoutOrigin } from './description-writer.ts'
import { iceLite } from './ice-lines.ts'
import { answeredDirection, dead, protectionOf, withRefused, type LegMedia } from './leg-media.ts'
import { continued, LegMediaLines, unused, type LegMediaOptions } from './leg-media-lines.ts'
import { SdpError } from './sdp-error.ts'
import { agreedEvents, answerEvents, eventFormats, offerEvents, withoutEvents } from './telephone-events.ts'
import { type Direction, type MediaDescription, type SessionDescription } from './session-description.ts'

/** How one leg is described. */
export interface LegDescriptionsOptions extends LegMediaOptions {
  /** User of the o= line. Default `-`. */
  readonly username?: string
}

/** One offer with its answer, while it lasts and until the next one begins. */
interface Exchange {
  /** Who made the offer. */
  readonly offerer: 'peer' | 'server'
  /** The m-lines as the offer left them; every answer starts from here, as forks may answer differently. */
  readonly media: readonly LegMedia[]
  /** Direction that the offer states for each m-line. */
  readonly directions: readonly Direction[]
  answered: boolean
}

/** What was written, and what the other leg's phone had said. */
interface WrittenText {
  readonly text: string
  readonly template: SessionDescription
  readonly version: number
}

/**
 * The offer/answer state of one leg of a call (RFC 3264), in either role at any time. What the other leg's phone says is
 * the template; addresses, ports, keys and the o= line are this leg's own. Nothing changes when a method throws.
 */
export class LegDescriptions {
  /**
   * The other leg's phone takes keys by other means than telephone events: this leg offers them where that phone does not, and
   * answers them where it does not.
   */
  addsEvents = false
  readonly #lines: LegMediaLines
  readonly #username: string
  readonly #sessionId: string
  /** o= address: the first that is known, for the life of the leg (RFC 8866 §5.2). */
  #address: string | undefined
  /** The m-lines on which both sides last agreed. */
  #agreed: readonly LegMedia[] = []
  #exchange: Exchange | undefined
  /** The server's list was offered first on this leg: then it binds the peer's later offers too. */
  #suitesBind: boolean | undefined
  /** Last text written, and the one that was last agreed on; without o= lines. */
  #written: WrittenText | undefined
  #agreedText: WrittenText | undefined
  /** Highest version that was ever written. */
  #version = 0

  /** @throws SdpError `SDP_MODE_UNAVAILABLE` for a mode that is not negotiated here */
  constructor({ username = '-', ...options }: LegDescriptionsOptions) {
    this.#username = username
    this.#sessionId = String((options.randomBytes ?? randomFromPool)(4).readUInt32BE())
    this.#lines = new LegMediaLines(options)
  }

  get mode(): EncryptionMode {
    return this.#lines.mode
  }

  /**
   * The peer of this leg offers. An m-line that the leg's mode cannot meet is refused; one that was live and can no
   * longer be met refuses the offer, as does one of which nothing is left.
   * @returns the offer as this leg accepts it, to be the template of the other leg's offer
   * @throws SdpError 488
   */
  receiveOffer(offer: SessionDescription): SessionDescription {
    const refusals: SdpError[] = []
    const media = offer.media.map((one) => {
      try {
        return this.#lines.answerable(one, this.#suitesBind === true, this.#agreed)
      } catch (error) {
        if (!(error instanceof SdpError)) throw error
        if (continued(one, this.#agreed) !== undefined) throw error
        refusals.push(error)
        return unused(one, one.protocol, this.#agreed)
      }
    })
    if (!media.some((one) => one.live)) {
      if (refusals[0] !== undefined) throw refusals[0]
      if (this.#agreed.length === 0)
        throw new SdpError('SDP_NO_USABLE_MEDIA', 'no stream that can be relayed is offered')
    }
    this.#exchange = {
      offerer: 'peer',
      media,
      directions: offer.media.map(({ direction }) => direction),
      answered: false,
    }
    this.#suitesBind ??= false
    return withRefused(offer, media)
  }

  /**
   * The peer of this leg answers what {@link writeOffer} wrote. May come again for the same offer, with other keys.
   * @returns the answer as this leg accepts it, to be the template of the other leg's answer
   * @throws SdpError 488
   */
  receiveAnswer(answer: SessionDescription): SessionDescription {
    const { media: offered, answered } = this.#exchangeOf('server')
    if (answer.media.length !== offered.length) {
      throw new SdpError(
        'SDP_MEDIA_LINES_DIFFER',
        `${answer.media.length} m-lines in the answer, ${offered.length} in the offer`,
      )
    }
    const media = answer.media.map((one, index) =>
      this.#lines.answered(one, offered[index]!, this.#agreed[index], answered ? this.#agreed[index]?.dtls : undefined),
    )
    this.#settle(media)
    const crossing = answer.media.map((one, index) => (offered[index]!.addedEvents ? withoutEvents(one) : one))
    return withRefused({ ...answer, media: crossing }, media)
  }

  /**
   * Writes this leg's offer.
   * @param template what the other leg's phone offers
   * @param local ports of this leg by m-line; an m-line without is offered with port 0
   */
  writeOffer(template: SessionDescription, local: readonly (LocalEndpoint | undefined)[]): Buffer {
    const media: LegMedia[] = []
    const written: MediaDescription[] = []
    for (const [index, one] of template.media.entries()) {
      const live = one.relayable && local[index] !== undefined
      const wanted = live && this.addsEvents ? offerEvents(one, continued(one, this.#agreed)?.events?.receive) : one
      written.push(wanted)
      media.push(
        live
          ? this.#lines.offerable(wanted, wanted !== one, this.#agreed)
          : unused(one, this.#lines.protocol(one), this.#agreed),
      )
    }
    // An offer never has fewer m-lines than the one before (RFC 3264 §8)
    media.push(...this.#agreed.slice(media.length).map((one) => dead(one)))
    const directions = media.map(({ direction }) => direction)
    this.#exchange = { offerer: 'server', media, directions, answered: false }
    this.#suitesBind ??= true
    return this.#write({ ...template, media: written }, media, local, true)
  }

  /** Writes the offer that changes nothing: what the other leg's phone last said, once more. */
  repeatOffer(local: readonly (LocalEndpoint | undefined)[]): Buffer {
    return this.writeOffer(this.#agreedText!.template, local)
  }

  /**
   * Writes this leg's answer to the last {@link receiveOffer}. May be called again for the same offer.
   * @param template what the other leg's phone answers
   * @param local ports of this leg by m-line; an m-line without is refused
   */
  writeAnswer(template: SessionDescription, local: readonly (LocalEndpoint | undefined)[]): Buffer {
    const { media: accepted, directions } = this.#exchangeOf('peer')
    const written = template.media.map((one, index) =>
      this.addsEvents ? answerEvents(one, accepted[index]?.offeredEvents) : one,
    )
    const media = accepted.map((one, index): LegMedia => {
      const answered = written[index]
      if (!one.live || answered?.relayable !== true || local[index] === undefined) {
        return dead(one)
      }
      const direction = answeredDirection(directions[index]!, answered.direction)
      const events = agreedEvents(eventFormats(answered), one.offeredEvents, answered)
      return { ...one, formats: answered.formats, direction, ...(events !== undefined && { events }) }
    })
    const body = this.#write({ ...template, media: written }, media, local, false)
    this.#settle(media)
    return body
  }

  /** What media must know of the m-line, as far as it is known; `undefined` when it is refused or does not exist. */
  endpoint(index: number): EndpointDescription | undefined {
    const pending = this.#exchange?.answered === false ? this.#exchange.media : this.#agreed
    const media = pending[index]
    if (media?.live !== true) return undefined
    const { direction, remote, mux, ice, clocks = [] } = media
    const { events } = this.#agreed[index] ?? {} // an offer without an answer changes nothing of them
    return {
      ...(remote !== undefined && { remote }),
      rtcpMux: mux && this.#exchange?.answered !== false,
      direction,
      protection: protectionOf(media, this.#lines.party),
      ...(ice !== undefined && { ice }),
      ...(events !== undefined && { events }),
      ...(clocks.length > 0 && { clocks }),
    }
  }

  /** The offer under way has failed: back to what was last agreed. Harmless when none is under way. */
  rollback(): void {
    if (this.#exchange?.answered === false) this.#exchange = undefined
  }

  /**
   * Remembers the offer that was made last.
   * @returns what takes the leg back to it: another fork may yet answer it, whatever was offered to this one since
   */
  keepOffer(): () => void {
    const kept = this.#exchange
    return () => {
      this.#exchange = kept
    }
  }

  #exchangeOf(offerer: Exchange['offerer']): Exchange {
    if (this.#exchange?.offerer !== offerer) {
      throw new SdpError('SDP_OUT_OF_ORDER', `an answer where the ${offerer} has not offered`)
    }
    return this.#exchange
  }

  #settle(media: readonly LegMedia[]): void {
    this.#agreed = media
    this.#agreedText = this.#written
    this.#exchange!.answered = true
  }

  #write(
    template: SessionDescription,
    media: readonly LegMedia[],
    local: readonly (LocalEndpoint | undefined)[],
    offer: boolean,
  ): Buffer {
    this.#address ??= local.find((one) => one !== undefined)?.address
    const own = this.#address ?? '0.0.0.0'
    const lines = media.map((one, index) => ({
      media: one,
      template: template.media[index],
      local: one.live ? local[index] : undefined,
      own: one.live ? this.#lines.ownLines(one, local[index]!, offer) : [],
    }))
    const address = lines.find((line) => line.local !== undefined)?.local?.address ?? own
    const ice = media.some((one) => one.live && one.ice !== undefined)
    const text = writeWithoutOrigin(template, address, lines, ice ? [iceLite] : [])
    this.#written = { text, template, version: this.#versionOf(text) }
    const origin = `o=${this.#username} ${this.#sessionId} ${this.#written.version} ${networkAddress(own)}\r\n`
    const afterVersion = text.indexOf('\n') + 1
    return Buffer.from(text.slice(0, afterVersion) + origin + text.slice(afterVersion), 'latin1')
  }

  /** The version stays while the text does; after a failed re-offer the agreed text has its old version again. */
  #versionOf(text: string): number {
    if (text === this.#agreedText?.text) return this.#agreedText.version
    if (text === this.#written?.text) return this.#written.version
    return ++this.#version
  }
}
