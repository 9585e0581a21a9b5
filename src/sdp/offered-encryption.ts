import { type EncryptionMode } from '../base/encryption.ts'
import { type MediaDescription, type SessionDescription } from './session-description.ts'

/** Strongest first (reference: b2bua-server §9). */
const preference: readonly EncryptionMode[] = ['zrtp', 'dtls-srtp', 'sdes', 'none']

/**
 * The encryption mode of a leg whose peer sent this offer: the strongest that any live m-line of an RTP profile has,
 * ZRTP before DTLS-SRTP before SDES before none. `a=crypto`, `a=fingerprint` and `a=zrtp-hash` count in RTP/AVP too
 * (RFC 8643); what RFC 5939 lists as a mere possibility does not.
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
