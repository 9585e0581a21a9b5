import { type EncryptionMode } from '../base/encryption.ts'
import { type MediaDescription, type SessionDescription } from './session-description.ts'

/** Strongest first (reference: b2bua-server §9). */
const preference: readonly EncryptionMode[] = ['zrtp', 'dtls-srtp', 'sdes', 'none']

/**
 * The encryption mode of a leg whose peer sent this offer: the strongest that any live m-line of an RTP profile has,
 * ZRTP before DTLS-SRTP before SDES before none. `a=crypto`, `a=fingerprint` and `a=zrtp-hash` count in RTP/AVP too
 * (RFC 8643); what RFC 5939 lists as a mere possibility does not: `chooseConfiguration` makes an offer of it first.
 */
export function offeredEncryption(offer: SessionDescription): EncryptionMode {
  const offered = new Set(offer.media.filter((media) => media.relayable).map(encryptionOf))
  return preference.find((mode) => offered.has(mode)) ?? 'none'
}

function encryptionOf({ profile, zrtpHash, fingerprint, crypto }: MediaDescription): EncryptionMode {
  if (zrtpHash) return 'zrtp'
  if (fingerprint || profile?.security === 'dtls-srtp') return 'dtls-srtp'
  // A secured profile without a usable key is still no offer of clear media; a clear one with unusable keys is
  return profile?.security === 'srtp' || crypto.some((line) => line.usable) ? 'sdes' : 'none'
}

/** A mode that a stream can be given. */
export interface UsableMode {
  readonly mode: EncryptionMode
  /** The greater the stronger. */
  readonly strength: number
}

/**
 * The strongest mode that an m-line has the keys for, of those that are usable; `undefined` when there is none. Clear media
 * is what an m-line offers that has no key at all, never what remains of one whose keys cannot be used.
 */
export function strongestUsable(
  media: MediaDescription,
  isUsable: (mode: EncryptionMode) => boolean,
): UsableMode | undefined {
  const place = preference.findIndex((mode) => isUsable(mode) && offers(media, mode))
  return place < 0 ? undefined : { mode: preference[place]!, strength: preference.length - place }
}

function offers(media: MediaDescription, mode: EncryptionMode): boolean {
  const { profile, zrtpHash, fingerprints, crypto } = media
  if (mode === 'zrtp') return zrtpHash
  if (mode === 'dtls-srtp') return fingerprints.length > 0
  if (mode === 'sdes') return profile?.security !== 'dtls-srtp' && crypto.some((line) => line.usable)
  return encryptionOf(media) === 'none'
}
