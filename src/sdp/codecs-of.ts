import { type PayloadClock } from '../base/endpoint-description.ts'
import { attributeName } from './attributes.ts'
import { type MediaDescription } from './session-description.ts'

/** Payload types that need no `a=rtpmap` (RFC 3551 §6), as far as a phone may offer them. */
const staticCodecs: Readonly<Record<string, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  5: 'DVI4/8000',
  6: 'DVI4/16000',
  7: 'LPC/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  12: 'QCELP/8000',
  15: 'G728/8000',
  18: 'G729/8000',
  26: 'JPEG/90000',
  31: 'H261/90000',
  32: 'MPV/90000',
  34: 'H263/90000',
}

/** `name/rate` of each payload type, in lower case; channels are left out, as `audio-codec` has none. */
export function codecsOf({
  formats,
  attributes,
}: Pick<MediaDescription, 'formats' | 'attributes'>): ReadonlyMap<string, string> {
  const codecs = new Map(formats.map((format) => [format, (staticCodecs[format] ?? '').toLowerCase()]))
  for (const one of attributes) {
    if (attributeName(one) !== 'rtpmap') continue
    const [, format, name, rate = ''] = /:\s*(\d+)[ \t]+([^\s/]+)(?:\/(\d+))?/.exec(one) ?? []
    if (format !== undefined && name !== undefined) codecs.set(format, `${name}/${rate}`.toLowerCase())
  }
  return codecs
}

/** The payload types whose clock is known and is not one of 8,000 Hz. */
export function clocksOf(media: Pick<MediaDescription, 'formats' | 'attributes'>): readonly PayloadClock[] {
  return [...codecsOf(media)].flatMap(([format, codec]) => {
    const [payloadType, clockRate] = [Number(format), Number(codec.split('/')[1])]
    const known = payloadType < 128 && clockRate > 0 && clockRate < 2 ** 31
    return known && clockRate !== 8000 ? [{ payloadType, clockRate }] : []
  })
}
