import { type EventFormat, type TelephoneEvents } from '../base/endpoint-description.ts'
import { attributesOf } from './attributes-of-formats.ts'
import { codecsOf } from './codecs-of.ts'
import { type MediaDescription } from './session-description.ts'

const name = 'telephone-event'
/** Formats of an m-line that are no codec. */
const noCodecs: ReadonlySet<string> = new Set([name, 'cn', 'red', 'rtx', 'ulpfec', 'flexfec'])
/** The payload type that most phones use. */
const usual = 101

/** The payload types of telephone-event of an m-line (RFC 4733 §7.1.1), in its order. */
export function eventFormats(media: MediaDescription): readonly EventFormat[] {
  if (media.kind !== 'audio') return []
  const codecs = codecsOf(media)
  return media.formats.flatMap((format) => {
    const [codec, rate] = split(codecs.get(format))
    return codec === name && rate > 0 ? [{ payloadType: Number(format), clockRate: rate }] : []
  })
}

/**
 * What both sides have, if they do.
 * @param ours in this server's own description
 * @param peers in that of the phone
 * @param answer whose first codec is the one that will be used
 */
export function agreedEvents(
  ours: readonly EventFormat[] = [],
  peers: readonly EventFormat[] = [],
  answer: MediaDescription,
): TelephoneEvents | undefined {
  const send = fitting(peers, answer)
  return ours.length === 0 || send === undefined ? undefined : { receive: ours, send }
}

/**
 * An offer that has telephone events, for each clock that its codecs have (RFC 4733 §2.1).
 * @param before the payload types that the leg used so far: a number keeps its meaning (RFC 3264 §8.3.2)
 */
export function offerEvents(media: MediaDescription, before: readonly EventFormat[] = []): MediaDescription {
  if (media.kind !== 'audio' || eventFormats(media).length > 0) return media
  const codecs = codecsOf(media)
  const used = new Set([...codecs.keys()].map(Number))
  const added: EventFormat[] = []
  for (const clockRate of new Set(clockRates(media))) {
    const known = before.find((one) => one.clockRate === clockRate && !used.has(one.payloadType))
    const payloadType = known?.payloadType ?? freeNumber(used, before)
    if (payloadType === undefined) break
    used.add(payloadType)
    added.push({ payloadType, clockRate })
  }
  return withEvents(media, added)
}

/**
 * An answer that takes the telephone events of an offer.
 * @param offered its payload types of them
 */
export function answerEvents(media: MediaDescription, offered: readonly EventFormat[] = []): MediaDescription {
  if (media.kind !== 'audio' || !media.relayable || eventFormats(media).length > 0) return media
  const taken = fitting(offered, media)
  if (taken === undefined || codecsOf(media).has(String(taken.payloadType))) return media
  return withEvents(media, [taken])
}

/** The m-line without telephone events, unless nothing would be left of it. */
export function withoutEvents(media: MediaDescription): MediaDescription {
  const events = eventFormats(media).map(({ payloadType }) => String(payloadType))
  const formats = media.formats.filter((format) => !events.includes(format))
  if (events.length === 0 || formats.length === 0) return media
  return { ...media, formats, attributes: attributesOf(formats, media.attributes) }
}

function withEvents(media: MediaDescription, events: readonly EventFormat[]): MediaDescription {
  const lines = events.flatMap(({ payloadType, clockRate }) => [
    `rtpmap:${payloadType} ${name}/${clockRate}`,
    `fmtp:${payloadType} 0-16`,
  ])
  return {
    ...media,
    formats: [...media.formats, ...events.map(({ payloadType }) => String(payloadType))],
    attributes: [...media.attributes, ...lines],
  }
}

/** That of the codec's clock, or else the first. */
function fitting(events: readonly EventFormat[], media: MediaDescription): EventFormat | undefined {
  const [rate] = clockRates(media)
  return events.find(({ clockRate }) => clockRate === rate) ?? events[0]
}

/** Of the codecs of an m-line, in its order. */
function clockRates(media: MediaDescription): readonly number[] {
  const codecs = codecsOf(media)
  return media.formats.flatMap((format) => {
    const [codec, rate] = split(codecs.get(format))
    return rate > 0 && !noCodecs.has(codec) ? [rate] : []
  })
}

/** A dynamic payload type (RFC 3551 §6) that nothing else has. */
function freeNumber(used: ReadonlySet<number>, before: readonly EventFormat[]): number | undefined {
  const isFree = (number: number): boolean =>
    !used.has(number) && !before.some(({ payloadType }) => payloadType === number)
  if (isFree(usual)) return usual
  for (let number = 96; number < 128; number++) if (isFree(number)) return number
  return undefined
}

function split(codec = ''): readonly [string, number] {
  const [head = '', rate = ''] = codec.split('/')
  return [head, Number(rate)]
}
