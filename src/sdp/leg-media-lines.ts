import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type ClearBeforeZrtp, type LocalEndpoint } from '../base/endpoint-description.ts'
import { type Fingerprint } from '../base/fingerprint.ts'
import { randomFromPool } from '../base/random-pool.ts'
import { clocksOf } from './codecs-of.ts'
import { writeCrypto } from './crypto-attribute.ts'
import { acceptDtls, answerDtls, dtlsLines, offerDtls, type DtlsState } from './dtls-setup.ts'
import { answerIce, iceLines, offerIce } from './ice-lines.ts'
import {
  answeredDirection,
  dead,
  formerKeys,
  midOf,
  nameOf,
  refused,
  remoteEndpoint,
  unusableProfile,
  within,
  type LegMedia,
} from './leg-media.ts'
import { profileName, type MediaProfile } from './media-profile.ts'
import { acceptSdes, answerSdes, noSdesKeys, offeredLines, offerSdes, type RandomBytes } from './sdes-keys.ts'
import { SdpError } from './sdp-error.ts'
import { type MediaDescription } from './session-description.ts'
import { agreedEvents, eventFormats } from './telephone-events.ts'
import { meetZrtp, offerZrtp, returnToZrtp, type ZrtpParty, type ZrtpState } from './zrtp-lines.ts'

/** How the m-lines of one leg are described. */
export interface LegMediaOptions {
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
  /** Source of keys, and of the session id. Default: that of `node:crypto`. */
  readonly randomBytes?: RandomBytes
}

/**
 * How a leg of one mode offers, answers and takes each m-line. It remembers nothing of them: `agreed` are the m-lines on which
 * both sides last agreed.
 */
export class LegMediaLines {
  readonly mode: EncryptionMode
  readonly #suites: readonly CryptoSuite[]
  readonly #fingerprint: Fingerprint | undefined
  readonly #zrtp: LegMediaOptions['zrtp']
  readonly #takesZrtp: boolean
  readonly #ice: LegMediaOptions['ice']
  readonly #random: RandomBytes
  /** Names the leg's sessions of ZRTP; never written. */
  readonly #zrtpSession: string

  /** @throws SdpError `SDP_MODE_UNAVAILABLE` for a mode that is not negotiated here */
  constructor({ mode, suites, fingerprint, zrtp, ice, randomBytes: random = randomFromPool }: LegMediaOptions) {
    if ((mode === 'zrtp' && zrtp === undefined) || (mode === 'dtls-srtp' && fingerprint === undefined)) {
      throw new SdpError('SDP_MODE_UNAVAILABLE', `media encryption ${mode} cannot be described`)
    }
    this.mode = mode
    this.#suites = suites
    this.#fingerprint = fingerprint
    this.#zrtp = zrtp
    this.#ice = ice
    this.#random = random
    this.#takesZrtp = mode === 'zrtp' || (mode === 'none' && zrtp?.opportunistic === true)
    this.#zrtpSession = this.#takesZrtp ? random(16).toString('hex') : ''
  }

  /**
   * An m-line of the peer's offer, as it can be answered.
   * @param suitesBind only the server's suites will do, and the one that is in use
   * @throws SdpError 488 when it cannot
   */
  answerable(media: MediaDescription, suitesBind: boolean, agreed: readonly LegMedia[]): LegMedia {
    const before = continued(media, agreed)
    const { kind, protocol, profile, formats, direction } = media
    if (!media.relayable || profile === undefined) return unused(media, protocol, agreed)
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
      const former = formerZrtp(media, agreed)
      const offered = offerZrtp(before?.zrtp, generation(agreed), this.#random)
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
      const former = ended(media, agreed)?.dtls
      const dtls = within(media, () => answerDtls(before?.dtls, media, ice !== undefined, this.#random, former))
      return { ...accepted, direction: own, dtls }
    }
    if (profile.security === 'dtls-srtp') throw unusableProfile(media, 'on a leg with SDES')
    if (before?.sdes.agreed !== undefined && media.crypto.length === 0) {
      throw new SdpError('SDES_DOWNGRADE', `${nameOf(media)}: a re-offer without a=crypto of a stream that had it`)
    }
    const acceptable = (suite: CryptoSuite): boolean =>
      !suitesBind || this.#suites.includes(suite) || suite === before?.sdes.agreed?.send.suite
    const sdes = within(media, () => answerSdes(before?.sdes ?? noSdesKeys, media.crypto, acceptable, this.#random))
    return { ...accepted, direction: own, sdes }
  }

  /** A live m-line of the other leg, as this leg offers it. */
  offerable(media: MediaDescription, addedEvents: boolean, agreed: readonly LegMedia[]): LegMedia {
    const before = continued(media, agreed)
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
      ...(this.mode === 'dtls-srtp' && { dtls: offerDtls(before?.dtls, this.#random, ended(media, agreed)?.dtls) }),
      ...(this.#takesZrtp && {
        zrtp: formerZrtp(media, agreed) ?? offerZrtp(before?.zrtp, generation(agreed), this.#random),
      }),
      sdes: this.mode === 'sdes' ? offerSdes(before?.sdes ?? noSdesKeys, this.#suites, this.#random) : noSdesKeys,
    }
  }

  /**
   * An m-line of the peer's answer to what was offered.
   * @param before what was last agreed on, be it by an earlier answer to the same offer
   * @param fork the association of such an answer
   * @throws SdpError 488 when it is none
   */
  answered(
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

  /** Whom the phone talks to by ZRTP. */
  get party(): ZrtpParty {
    const { party = '', clear = 'never' } = this.#zrtp ?? {}
    return { session: this.#zrtpSession, party, clear: this.mode === 'none' ? 'until-keyed' : clear }
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

  /** The protocol of an m-line of the other leg, as this leg writes it. */
  protocol({ profile, protocol }: MediaDescription): string {
    return profile === undefined ? protocol : profileName(this.#profile(profile, undefined))
  }

  /** What belongs to this leg alone of one m-line. */
  ownLines({ mux, sdes, dtls, zrtp, ice, acfg }: LegMedia, local: LocalEndpoint, offer: boolean): readonly string[] {
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
}

/** The live m-line that this one continues. */
export function continued({ index, kind }: MediaDescription, agreed: readonly LegMedia[]): LegMedia | undefined {
  const before = agreed[index]
  return before?.live === true && before.kind === kind ? before : undefined
}

/** An m-line with port 0; what its keys were is not forgotten. */
export function unused(media: MediaDescription, protocol: string, agreed: readonly LegMedia[]): LegMedia {
  const before = agreed[media.index]
  return { ...refused(media, protocol), ...(before?.kind === media.kind && formerKeys(before)) }
}

/** The m-line that has ended where this one begins: the stream may be there again. */
function ended({ index, kind }: MediaDescription, agreed: readonly LegMedia[]): LegMedia | undefined {
  const former = agreed[index]
  return former?.live === false && former.kind === kind ? former : undefined
}

/** ZRTP of the m-line that has {@link ended}, in the session that is still the leg's. */
function formerZrtp(media: MediaDescription, agreed: readonly LegMedia[]): ZrtpState | undefined {
  const zrtp = ended(media, agreed)?.zrtp
  return zrtp?.peerHash !== undefined && zrtp.generation === generation(agreed) ? zrtp : undefined
}

/** Of the leg's session of ZRTP: streams that are added join it. */
function generation(agreed: readonly LegMedia[]): number {
  return Math.max(1, ...agreed.map(({ zrtp }) => zrtp?.generation ?? 1))
}
