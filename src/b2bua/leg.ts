import { type SipMessage } from '../sip/message/message.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type LegDescriptions } from '../sdp/leg-descriptions.ts'
import { parseSdp, type SessionDescription } from '../sdp/session-description.ts'
import { CallError } from './call-error.ts'
import { type LegName } from './call-media.ts'

/** The media type of a session description (RFC 8866 §8.1). */
export const sdpType = 'application/sdp'

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

/**
 * The session description that a message carries, if any.
 * @throws CallError 415 for a body of another type in a place where only a description makes sense (RFC 3261 §8.2.3)
 * @throws SdpError 400 for a malformed description
 */
export function descriptionIn(message: SipMessage): SessionDescription | undefined {
  if (message.body.length === 0) return undefined
  const type = (message.headers.get('Content-Type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type !== sdpType) {
    throw new CallError('incompatible-media', `Content-Type ${type || '(none)'} is not ${sdpType}`, { status: 415 })
  }
  return parseSdp(message.body)
}
