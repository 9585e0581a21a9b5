import { randomFromPool } from '../base/random-pool.ts'
import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type ClearBeforeZrtp, type EndpointDescription, type LocalEndpoint } from '../base/endpoint-description.ts'
import { type Fingerprint } from '../base/fingerprint.ts'
import { clocksOf } from './codecs-of.ts'
import { writeCrypto } from './crypto-attribute.ts'
import { networkAddress, writeWithoutOrigin } from './description-writer.ts'
import { acceptDtls, answerDtls, dtlsLines, offerDtls, type DtlsState } from './dtls-setup.ts'
import { answerIce, iceLines, iceLite, offerIce } from './ice-lines.ts'
import {
  answeredDirection,
  dead,
  midOf,
  nameOf,
  protectionOf,
  formerKeys,
  refused,
  remoteEndpoint,
  unusableProfile,
  withRefused,
  within,
  type LegMedia,
} from './leg-media.ts'
import { profileName, type MediaProfile } from './media-profile.ts'
import { acceptSdes, answerSdes, noSdesKeys, offeredLines, offerSdes, type RandomBytes } from './sdes-keys.ts'
import { SdpError } from './sdp-error.ts'
import { agreedEvents, answerEvents, eventFormats, offerEvents, withoutEvents } from './telephone-events.ts'
import { meetZrtp, offerZrtp, returnToZrtp, type ZrtpParty, type ZrtpState } from './zrtp-lines.ts'
import { type Direction, type MediaDescription, type SessionDescription } from './session-description.ts'

/** How one leg is described. */
export interface LegDescriptionsOptions {
  readonly mode: EncryptionMode
  /** What this server offers on the leg when its mode is SDES, in order. */
  readonly suites: readonly CryptoSuite[]
  /** Of this server's certificate; needed where the mode is DTLS-SRTP. */
  readonly fingerprint?: Fingerprint
  /** Needed where the mode is ZRTP. */
  readonly zrtp?: {
    /** The value of `a=zrtp-hash` for the Hello that is made of a seed. */
    readonly hash: (seed: Buffer) => string
    /** Whom the phone talks to, as it sees it. */
    readonly party: string
    /** What a leg of ZRTP does with a phone that speaks none. */
    readonly clear: ClearBeforeZrtp
    /** A leg without encryption takes ZRTP from a phone that begins it; nothing is written about it. */
    readonly opportunistic: boolean
  }
  /** Present: ICE is offered, and answered when the peer offers it. `addresses` are those of a NAT in front of this server. */
  readonly ice?: { readonly addresses: readonly string[] }
  /** Source of keys and of the session id. Default: that of `node:crypto`. */
  readonly randomBytes?: RandomBytes
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
  readonly mode: EncryptionMode
  /**
   * The other leg's phone takes keys by other means than telephone events: this leg offers them where that phone does not, and
   * answers them where it does not.
   */
  addsEvents = false
  readonly #suites: readonly CryptoSuite[]
  readonly #fingerprint: Fingerprint | undefined
  readonly #zrtp: LegDescriptionsOptions['zrtp']
  readonly #takesZrtp: boolean
  readonly #ice: LegDescriptionsOptions['ice']
  readonly #random: RandomBytes
  readonly #username: string
  readonly #sessionId: string
  /** Names the leg's sessions of ZRTP; never written. */
  readonly #zrtpSession: string
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
  constructor({
    mode,
    suites,
    fingerprint,
    zrtp,
    ice,
    randomBytes: random = randomFromPool,
    username = '-',
  }: LegDescriptionsOptions) {
    if ((mode === 'zrtp' && zrtp === undefined) || (mode === 'dtls-srtp' && fingerprint === undefined)) {
      throw new SdpError('SDP_MODE_UNAVAILABLE', `media encryption ${mode} cannot be described`)
    }
    this.mode = mode
    this.#suites = suites
    this.#fingerprint = fingerprint
    this.#zrtp = zrtp
    this.#ice = ice
    this.#random = random
    this.#username = username
    this.#sessionId = String(random(4).readUInt32BE())
    this.#takesZrtp = mode === 'zrtp' || (mode === 'none' && zrtp?.opportunistic === true)
    this.#zrtpSession = this.#takesZrtp ? random(16).toString('hex') : ''
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
      const before = this.#before(one)
      try {
        return this.#answerable(one, before)
      } catch (error) {
        if (!(error instanceof SdpError)) throw error
        if (before !== undefined) throw error
        refusals.push(error)
        return this.#refused(one, one.protocol)
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
      this.#answered(one, offered[index]!, this.#agreed[index], answered ? this.#agreed[index]?.dtls : undefined),
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
      const wanted = live && this.addsEvents ? offerEvents(one, this.#before(one)?.events?.receive) : one
      written.push(wanted)
      media.push(live ? this.#offerable(wanted, wanted !== one) : this.#refused(one, this.#protocol(one)))
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
      protection: protectionOf(media, this.#party()),
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

  /** The live m-line that this one continues. */
  #before({ index, kind }: MediaDescription): LegMedia | undefined {
    const before = this.#agreed[index]
    return before?.live === true && before.kind === kind ? before : undefined
  }

  /** An m-line with port 0; what its keys were is not forgotten. */
  #refused(media: MediaDescription, protocol: string): LegMedia {
    const before = this.#agreed[media.index]
    return { ...refused(media, protocol), ...(before?.kind === media.kind && formerKeys(before)) }
  }

  /** The m-line that has ended where this one begins: the stream may be there again. */
  #former({ index, kind }: MediaDescription): LegMedia | undefined {
    const former = this.#agreed[index]
    return former?.live === false && former.kind === kind ? former : undefined
  }

  /** ZRTP of the {@link #former}, in the session that is still the leg's. */
  #formerZrtp(media: MediaDescription): ZrtpState | undefined {
    const zrtp = this.#former(media)?.zrtp
    return zrtp?.peerHash !== undefined && zrtp.generation === this.#generation() ? zrtp : undefined
  }

  /** An m-line of the peer's offer, as it can be answered. */
  #answerable(media: MediaDescription, before: LegMedia | undefined): LegMedia {
    const { kind, protocol, profile, formats, direction } = media
    if (!media.relayable || profile === undefined) return this.#refused(media, protocol)
    const { iceCredentials, rtcpMux: mux } = media
    const mid = midOf(media.attributes)
    const ice =
      this.#ice === undefined || iceCredentials === undefined
        ? undefined
        : answerIce(before?.ice, iceCredentials, this.#random)
    const accepted = {
      ...{ kind, protocol, profile, formats, live: true, remote: remoteEndpoint(media), mux, sdes: noSdesKeys },
      ...(mid !== undefined && { mid }),
      ...(ice !== undefined && { ice }),
      ...(media.acfg !== undefined && { acfg: media.acfg }),
      ...{ offeredEvents: eventFormats(media), clocks: clocksOf(media) },
    }
    const own = answeredDirection(direction, 'sendrecv')
    if (this.mode === 'none' || this.mode === 'zrtp') {
      if (profile.security !== 'rtp') {
        throw unusableProfile(media, this.mode === 'none' ? 'on a leg without encryption' : 'on a leg with ZRTP')
      }
      if (!this.#takesZrtp) return { ...accepted, direction: own }
      const former = this.#formerZrtp(media)
      const offered = offerZrtp(before?.zrtp, this.#generation(), this.#random)
      const zrtp =
        former === undefined
          ? meetZrtp(offered, media, ice !== undefined, this.#random)
          : returnToZrtp(former, offered, media, ice !== undefined)
      return { ...accepted, direction: own, zrtp }
    }
    if (this.mode === 'dtls-srtp') {
      if (before?.dtls !== undefined && !media.fingerprint) {
        throw new SdpError(
          'DTLS_DOWNGRADE',
          `${nameOf(media)}: a re-offer without a=fingerprint of a stream that had it`,
        )
      }
      const former = this.#former(media)?.dtls
      const dtls = within(media, () => answerDtls(before?.dtls, media, ice !== undefined, this.#random, former))
      return { ...accepted, direction: own, dtls }
    }
    if (profile.security === 'dtls-srtp') throw unusableProfile(media, 'on a leg with SDES')
    if (before?.sdes.agreed !== undefined && media.crypto.length === 0) {
      throw new SdpError('SDES_DOWNGRADE', `${nameOf(media)}: a re-offer without a=crypto of a stream that had it`)
    }
    const acceptable = (suite: CryptoSuite): boolean =>
      this.#suitesBind !== true || this.#suites.includes(suite) || suite === before?.sdes.agreed?.send.suite
    const sdes = within(media, () => answerSdes(before?.sdes ?? noSdesKeys, media.crypto, acceptable, this.#random))
    return { ...accepted, direction: own, sdes }
  }

  /** A live m-line of the other leg, as this leg offers it. */
  #offerable(media: MediaDescription, addedEvents: boolean): LegMedia {
    const before = this.#before(media)
    const profile = this.#profile(media.profile!, before)
    const ice = this.#ice !== undefined && (before === undefined || before.ice !== undefined)
    const mid = before?.mid ?? midOf(media.attributes)
    return {
      kind: media.kind,
      protocol: profileName(profile),
      profile,
      formats: media.formats,
      ...{ offeredEvents: eventFormats(media), addedEvents, clocks: clocksOf(media) },
      ...(mid !== undefined && { mid }),
      live: true,
      direction: media.direction,
      ...(before?.remote !== undefined && { remote: before.remote }),
      // browsers take nothing else, and an answerer that does not know it says nothing (RFC 5761 §5.1.1)
      mux: before?.mux ?? (media.rtcpMux || ice || this.mode === 'dtls-srtp'),
      ...(ice && { ice: offerIce(before?.ice, this.#random) }),
      ...(this.mode === 'dtls-srtp' && { dtls: offerDtls(before?.dtls, this.#random, this.#former(media)?.dtls) }),
      ...(this.#takesZrtp && {
        zrtp: this.#formerZrtp(media) ?? offerZrtp(before?.zrtp, this.#generation(), this.#random),
      }),
      sdes: this.mode === 'sdes' ? offerSdes(before?.sdes ?? noSdesKeys, this.#suites, this.#random) : noSdesKeys,
    }
  }

  /**
   * An m-line of the peer's answer to what was offered.
   * @param before what was last agreed on, be it by an earlier answer to the same offer
   * @param fork the association of such an answer
   */
  #answered(
    media: MediaDescription,
    offered: LegMedia,
    before: LegMedia | undefined,
    fork: DtlsState | undefined,
  ): LegMedia {
    if (media.kind !== offered.kind) {
      throw new SdpError('SDP_MEDIA_LINES_DIFFER', `${nameOf(media)} answers an offer of ${offered.kind}`)
    }
    if (!offered.live || media.port === 0) return dead(offered)
    const dtls = this.mode === 'dtls-srtp' && offered.profile?.security === 'dtls-srtp'
    if (media.profile === undefined || (media.profile.security === 'dtls-srtp') !== dtls) {
      throw unusableProfile(media, `in answer to ${offered.protocol}`)
    }
    const events = agreedEvents(offered.offeredEvents, eventFormats(media), media)
    const answered = {
      ...this.#answeredIce(media, offered),
      ...(events !== undefined && { events }),
      remote: remoteEndpoint(media),
      mux: offered.mux && media.rtcpMux,
    }
    if (offered.dtls !== undefined) {
      return {
        ...answered,
        dtls: within(media, () => acceptDtls(offered.dtls!, fork, media, answered.ice !== undefined)),
      }
    }
    if (this.mode === 'sdes') {
      return {
        ...answered,
        sdes: within(media, () => acceptSdes(offered.sdes, before?.sdes ?? noSdesKeys, media.crypto)),
      }
    }
    if (media.profile.security !== 'rtp') throw unusableProfile(media, `in answer to ${offered.protocol}`)
    if (media.crypto.length > 0) {
      throw new SdpError('SDES_NOT_OFFERED', `${nameOf(media)}: a=crypto in answer to an offer without`)
    }
    if (offered.zrtp === undefined) return answered
    const ice = answered.ice !== undefined
    // a phone with another Hello meets the one that was offered
    const returned = before?.live === false && offered.zrtp.peerHash !== undefined
    if (returned) return { ...answered, zrtp: returnToZrtp(offered.zrtp, offered.zrtp, media, ice) }
    return { ...answered, zrtp: meetZrtp(offered.zrtp, media, ice, this.#random) }
  }

  #party(): ZrtpParty {
    const { party = '', clear = 'never' } = this.#zrtp ?? {}
    return { session: this.#zrtpSession, party, clear: this.mode === 'none' ? 'until-keyed' : clear }
  }

  /** Of the leg's session of ZRTP: streams that are added join it. */
  #generation(): number {
    return Math.max(1, ...this.#agreed.map(({ zrtp }) => zrtp?.generation ?? 1))
  }

  /** ICE is agreed when both do it (RFC 8839 §4.2). */
  #answeredIce({ iceCredentials }: MediaDescription, { ice, ...offered }: LegMedia): LegMedia {
    if (ice === undefined || iceCredentials === undefined) return offered
    return { ...offered, ice: { local: ice.local, remote: iceCredentials } }
  }

  /** The mode decides the profile, the other leg its feedback. A peer that wants its keys in RTP/AVP keeps it (RFC 8643). */
  #profile({ feedback }: MediaProfile, before: LegMedia | undefined): MediaProfile {
    const opportunistic = before?.profile?.security === 'rtp'
    const security = this.mode === 'sdes' ? 'srtp' : this.mode === 'dtls-srtp' ? 'dtls-srtp' : 'rtp'
    return { security: opportunistic ? 'rtp' : security, feedback }
  }

  #protocol({ profile, protocol }: MediaDescription): string {
    return profile === undefined ? protocol : profileName(this.#profile(profile, undefined))
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
      own: one.live ? this.#ownLines(one, local[index]!, offer) : [],
    }))
    const address = lines.find((line) => line.local !== undefined)?.local?.address ?? own
    const ice = media.some((one) => one.live && one.ice !== undefined)
    const text = writeWithoutOrigin(template, address, lines, ice ? [iceLite] : [])
    this.#written = { text, template, version: this.#versionOf(text) }
    const origin = `o=${this.#username} ${this.#sessionId} ${this.#written.version} ${networkAddress(own)}\r\n`
    const afterVersion = text.indexOf('\n') + 1
    return Buffer.from(text.slice(0, afterVersion) + origin + text.slice(afterVersion), 'latin1')
  }

  /** What belongs to this leg alone of one m-line. */
  #ownLines({ mux, sdes, dtls, zrtp, ice, acfg }: LegMedia, local: LocalEndpoint, offer: boolean): readonly string[] {
    const keys = offer
      ? offeredLines(sdes)
      : sdes.agreed === undefined
        ? []
        : [writeCrypto(sdes.agreed.tag, sdes.agreed.send)]
    return [
      ...(mux ? ['rtcp-mux'] : []),
      ...keys.map((value) => `crypto:${value}`),
      ...(dtls === undefined ? [] : dtlsLines(dtls, this.#fingerprint!, offer)),
      ...(zrtp === undefined || this.mode === 'none' ? [] : [`zrtp-hash:${this.#zrtp!.hash(zrtp.seed)}`]),
      ...(acfg === undefined || offer ? [] : [`acfg:${acfg}`]),
      ...(ice === undefined ? [] : iceLines(ice, local, this.#ice!.addresses, mux && !offer)),
    ]
  }

  /** The version stays while the text does; after a failed re-offer the agreed text has its old version again. */
  #versionOf(text: string): number {
    if (text === this.#agreedText?.text) return this.#agreedText.version
    if (text === this.#written?.text) return this.#written.version
    return ++this.#version
  }
}
