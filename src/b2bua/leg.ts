import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type SipMessage } from '../sip/message/message.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { LegDescriptions } from '../sdp/leg-descriptions.ts'
import { chooseConfiguration } from '../sdp/capability-negotiation.ts'
import { restrictCodecs, type CodecRestriction } from '../sdp/restrict-codecs.ts'
import { SdpError } from '../sdp/sdp-error.ts'
import { parseSdp, type SessionDescription } from '../sdp/session-description.ts'
import { CallError } from './call-error.ts'
import { type LegName } from './call-media.ts'
import { type CallSettings } from './call-settings.ts'

/** The media type of a session description (RFC 8866 §8.1). */
export const sdpType = 'application/sdp'

/** The media type of a Content-Type value, without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase()
}

/** One side of a call: its dialog, once there is one, and what was described on it. */
export class Leg {
  readonly name: LegName
  readonly descriptions: LegDescriptions
  session: InviteSession | undefined

  constructor(name: LegName, descriptions: LegDescriptions) {
    this.name = name
    this.descriptions = descriptions
  }
}

/** Says whether this server can terminate a mode, as it is set up. */
export function isAvailable(mode: EncryptionMode, { fingerprint, zrtp }: CallSettings): boolean {
  if (mode === 'zrtp') return zrtp !== undefined
  return mode !== 'dtls-srtp' || fingerprint !== undefined
}

/**
 * A leg without a past.
 * @param suites what this server offers on it when its mode is SDES
 * @param party URI of whom the phone of this leg talks to, as it sees it
 * @throws CallError 488 for a mode that is not available
 */
export function makeLeg(
  name: LegName,
  mode: EncryptionMode,
  suites: readonly CryptoSuite[],
  party: string,
  settings: CallSettings,
): Leg {
  if (!isAvailable(mode, settings)) {
    throw new CallError('unsupported-encryption', `media encryption ${mode} is not available`)
  }
  const { fingerprint, zrtp, ice } = settings
  const known = {
    mode,
    suites,
    ...(fingerprint !== undefined && { fingerprint }),
    ...(zrtp !== undefined && { zrtp: { ...zrtp, party } }),
    ...(ice !== undefined && { ice }),
  }
  return new Leg(name, new LegDescriptions(known))
}

/**
 * An offer as a leg takes it: of its choices the best one (RFC 5939), and no other codecs than `audio-codec` and
 * `video-codec`.
 * @param isUsable modes that the leg can be in: once it has one, that one
 * @throws SdpError 488 when no codec is left
 */
export function acceptableOffer(
  offer: SessionDescription,
  codecs: CodecRestriction,
  isUsable: (mode: EncryptionMode) => boolean,
): SessionDescription {
  return restrictCodecs(chooseConfiguration(offer, isUsable), codecs)
}

/**
 * The session description that a message carries, if any.
 * @throws CallError 415 for a request with a body of another type or encoding in a place where only a description makes sense (RFC 3261
 *   §8.2.3); 488 for whatever is wrong with the body of a response: the one who learns of it did not send it
 * @throws SdpError 400 or 413 for a malformed description in a request
 */
export function descriptionIn(message: SipMessage): SessionDescription | undefined {
  if (message.body.length === 0) return undefined
  const isRequest = message.kind === 'request'
  const wrongBody = (why: string): CallError =>
    new CallError('incompatible-media', why, isRequest ? { status: 415 } : {})
  const type = mediaType(message.headers.get('Content-Type') ?? '')
  if (type !== sdpType) throw wrongBody(`Content-Type ${type || '(none)'} is not ${sdpType}`)
  const encoding = message.headers.get('Content-Encoding')?.toLowerCase() ?? 'identity'
  if (encoding !== 'identity') throw wrongBody('the Content-Encoding of the session description is not known')
  try {
    return parseSdp(message.body)
  } catch (error) {
    if (isRequest || !(error instanceof SdpError)) throw error
    throw new CallError('incompatible-media', error.message, { cause: error })
  }
}
