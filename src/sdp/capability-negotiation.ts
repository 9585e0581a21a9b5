import { type EncryptionMode } from '../base/encryption.ts'
import { type Attribute } from './attributes.ts'
import { mediaProfile, type MediaProfile } from './media-profile.ts'
import { strongestUsable, type UsableMode } from './offered-encryption.ts'
import {
  readCapabilities,
  readConfigurations,
  requiresMore,
  type Capabilities,
  type Configuration,
} from './potential-configuration.ts'
import { describeMedia, type MediaDescription, type SessionDescription } from './session-description.ts'

/** Alternatives of one offer that are looked at; linphone lists seven for each m-line. */
const mostAlternatives = 64

type IsUsable = (mode: EncryptionMode) => boolean

/**
 * Makes a plain offer of one that leaves choices: of the potential configurations of an m-line (RFC 5939) the one whose
 * encryption is the strongest, ZRTP before DTLS-SRTP before SDES before none, and of m-lines that offer one stream in
 * several profiles ("best effort") the best. What the m-line itself offers stays where nothing is stronger. The mode
 * that `offeredEncryption` then names is one that is usable, if there is any.
 * @param isUsable modes that the leg can be in. For the first offer those that this server terminates; for a later one
 *   the leg's own, as it does not change. Default: what `LegDescriptions` describes
 * @returns the offer itself when there is nothing to choose
 */
export function chooseConfiguration(
  offer: SessionDescription,
  isUsable: IsUsable = (mode) => mode !== 'zrtp',
): SessionDescription {
  const session = readCapabilities(offer.attributes)
  const ignored = requiresMore(offer.attributes)
  let left = mostAlternatives
  const chosen = offer.media.map((media) => {
    if (!media.relayable) return media
    const configurations =
      ignored || requiresMore(media.attributes) ? [] : readConfigurations(media.attributes).slice(0, left)
    left -= configurations.length
    return strongest(media, configurations, offer.attributes, session, isUsable)
  })
  const media = withoutAlternatives(chosen, isUsable)
  return media.every((one, index) => one === offer.media[index]) ? offer : { ...offer, media }
}

/** The m-line in its strongest configuration, with the keys of that mode only. */
function strongest(
  actual: MediaDescription,
  configurations: readonly Configuration[],
  sessionAttributes: readonly Attribute[],
  session: Capabilities,
  isUsable: IsUsable,
): MediaDescription {
  let best = { media: actual, usable: strongestUsable(actual, isUsable) }
  if (configurations.length > 0) {
    const own = readCapabilities(actual.attributes)
    for (const configuration of configurations) {
      const media = configured(actual, configuration, own, session, sessionAttributes)
      const usable = media && strongestUsable(media, isUsable)
      if (usable !== undefined && usable.strength > (best.usable?.strength ?? 0)) best = { media: media!, usable }
    }
  }
  return best.usable === undefined ? actual : withKeysOf(best.media, best.usable)
}

/** The m-line in a potential configuration; `undefined` when it names what is not there, or is no stream of RTP. */
function configured(
  actual: MediaDescription,
  { acfg, deletes, attributes, optional, transport }: Configuration,
  own: Capabilities,
  session: Capabilities,
  sessionAttributes: readonly Attribute[],
): MediaDescription | undefined {
  const protocol =
    transport === undefined ? actual.protocol : (own.transports.get(transport) ?? session.transports.get(transport))
  const known = (number: number): boolean => own.attributes.has(number) || session.attributes.has(number)
  if (protocol === undefined || mediaProfile(protocol) === undefined || !attributes.every(known)) return undefined
  const from = ({ attributes: capabilities }: Capabilities): readonly Attribute[] =>
    [...attributes, ...optional].map((number) => capabilities.get(number)).filter((one) => one !== undefined)
  // what is added stands before what was there: where a value can be had once only, that of the configuration holds
  const media = [...from(own), ...(deletes.media ? [] : actual.attributes)]
  const shared = [...from(session), ...(deletes.session ? [] : sessionAttributes)]
  return { ...describeMedia({ ...actual, protocol }, media, shared), acfg }
}

/** Without what would let the m-line be taken for one of a stronger mode, which is not usable. */
function withKeysOf(media: MediaDescription, { mode }: UsableMode): MediaDescription {
  const zrtpHash = media.zrtpHash && mode === 'zrtp'
  const fingerprint = media.fingerprint && (mode === 'zrtp' || mode === 'dtls-srtp')
  if (zrtpHash === media.zrtpHash && fingerprint === media.fingerprint) return media
  return { ...media, zrtpHash, fingerprint, fingerprints: fingerprint ? media.fingerprints : [] }
}

const ranks: Readonly<Record<MediaProfile['security'], number>> = { rtp: 1, srtp: 2, 'dtls-srtp': 3 }

/**
 * Of m-lines of one kind in different profiles, RTP/SAVP and RTP/AVP, the best that is usable: they are one stream that is
 * offered twice, whatever their ports. Several in the same profile are several streams.
 */
function withoutAlternatives(lines: readonly MediaDescription[], isUsable: IsUsable): readonly MediaDescription[] {
  const rankOf = lines.map((media) =>
    media.relayable && strongestUsable(media, isUsable) !== undefined ? ranks[media.profile!.security] : 0,
  )
  return lines.map((media, index) => {
    if (!media.relayable) return media
    const best = lines.reduce(
      (rank, { kind }, other) => (kind === media.kind ? Math.max(rank, rankOf[other]!) : rank),
      0,
    )
    return rankOf[index]! < best ? { ...media, relayable: false } : media
  })
}
