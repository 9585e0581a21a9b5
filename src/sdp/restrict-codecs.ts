import { attributeName } from './attributes.ts'
import { codecsOf } from './codecs-of.ts'
import { attributesOf, formatOf } from './attributes-of-formats.ts'
import { SdpError } from './sdp-error.ts'
import { type MediaDescription, type SessionDescription } from './session-description.ts'

/** The only codec of a kind that calls may use; absent: all that the phones agree on. */
export interface CodecRestriction {
  /** `audio-codec`: `name/rate`, e.g. `PCMU/8000`. Case does not matter. */
  readonly audio?: string
  /** `video-codec`: name, e.g. `VP8`. Case does not matter. */
  readonly video?: string
}

/**
 * The description with only the allowed codecs left in its live m-lines; an m-line that has none of them is no longer
 * relayable. telephone-event stays: Flexisip disables every other payload type and sends keys by other means, but
 * here payloads cross unchanged and a call without it has no DTMF. `raw` stays what was received.
 * @throws SdpError `SDP_NO_COMMON_CODEC` (488) when no live m-line is left
 */
export function restrictCodecs(description: SessionDescription, restriction: CodecRestriction): SessionDescription {
  if (restriction.audio === undefined && restriction.video === undefined) return description
  const media = description.media.map((one) => {
    const allowed = one.kind === 'audio' ? restriction.audio : one.kind === 'video' ? restriction.video : undefined
    if (allowed === undefined || !one.relayable) return one
    return restrictMedia(one, allowed.toLowerCase())
  })
  if (description.media.some((one) => one.relayable) && !media.some((one) => one.relayable)) {
    const wanted = [restriction.audio, restriction.video].filter((codec) => codec !== undefined).join(', ')
    throw new SdpError('SDP_NO_COMMON_CODEC', `none of the offered codecs is ${wanted}`)
  }
  return { ...description, media }
}

function restrictMedia(media: MediaDescription, allowed: string): MediaDescription {
  const codecs = codecsOf(media)
  const isAllowed = (format: string): boolean => {
    const codec = codecs.get(format) ?? ''
    return codec === allowed || codec.split('/', 1)[0] === allowed
  }
  if (!media.formats.some(isAllowed)) return { ...media, relayable: false }
  const kept = media.formats.filter((one) => isAllowed(one) || codecs.get(one)?.startsWith('telephone-event/') === true)
  const repeated = repeatedFormats(media)
  const formats = media.formats.filter((one) => {
    const original = codecs.get(one)?.startsWith('rtx/') === true ? repeated.get(one) : undefined
    return kept.includes(one) || (original !== undefined && kept.includes(original))
  })
  return { ...media, formats, attributes: attributesOf(formats, media.attributes) }
}

/** The payload type that one of retransmission repeats: `fmtp:97 apt=96`. */
function repeatedFormats({ attributes }: MediaDescription): ReadonlyMap<string, string> {
  const repeated = new Map<string, string>()
  for (const one of attributes) {
    const original = attributeName(one) === 'fmtp' ? /[ \t;]apt=(\d+)/i.exec(one)?.[1] : undefined
    if (original !== undefined) repeated.set(formatOf(one), original)
  }
  return repeated
}
