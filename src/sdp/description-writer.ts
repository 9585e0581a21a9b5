import { type LocalEndpoint } from '../base/endpoint-description.ts'
import { isIPv6 } from 'node:net'
import { type SessionDescription as RawDescription } from 'sdp-transform'
import { attributeName, type Attribute } from './attributes.ts'
import { crosses } from './crossing-attributes.ts'
import { type LegMedia } from './leg-media.ts'
import { writeRaw } from './sdp-grammar.ts'
import { type MediaDescription, type SessionDescription } from './session-description.ts'

/** What is to be written for one m-line. */
export interface MediaToWrite {
  readonly media: LegMedia
  /** The other leg's m-line, whose codecs and unknown attributes cross. */
  readonly template: MediaDescription | undefined
  /** Present when the m-line is live. */
  readonly local: LocalEndpoint | undefined
  /** Attributes of this leg alone: keys, candidates, multiplexing. */
  readonly own: readonly Attribute[]
}

const directions: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive'])

/** `IN IP4 192.0.2.1`, as c= and o= lines have it. */
export function networkAddress(address: string): string {
  return `IN IP${isIPv6(address) ? 6 : 4} ${address}`
}

/**
 * Writes the description of one leg but for its o= line, which depends on whether the rest has changed.
 *
 * Attributes are written in the order and the very bytes in which they came, as lines that `sdp-transform` does not
 * decode: decoding drops what it does not expect (second fingerprints, tails of lines) and changes the order.
 * @param address of the session's c= line
 * @param own attributes of the session that are this leg's alone
 */
export function writeWithoutOrigin(
  template: SessionDescription,
  address: string,
  lines: readonly MediaToWrite[],
  own: readonly Attribute[],
): string {
  const raw = {
    version: 0,
    name: '-',
    timing: { start: 0, stop: 0 },
    connection: connection(address),
    bandwidth: template.bandwidths.map(bandwidth),
    invalid: [...template.attributes.filter((one) => crosses(one) && !directions.has(attributeName(one))), ...own].map(
      verbatim,
    ),
    media: lines.map((line) => rawMedia(line, address)),
  }
  // The types ask for more than the writer does: an o= line, decoded attributes, and five bandwidth types only
  return writeRaw(raw as unknown as RawDescription)
}

function rawMedia({ media, template, local, own }: MediaToWrite, address: string): object {
  const { kind, protocol, formats, mid } = media
  const mLine = { type: kind, port: local?.rtpPort ?? 0, protocol, payloads: formats.join(' ') }
  if (local === undefined) {
    // a=mid stays, so that both sides number refused m-lines alike (RFC 5888 §9.1)
    return { ...mLine, invalid: mid === undefined ? [] : [verbatim(`mid:${mid}`)] }
  }
  const attributes = [
    ...withMid(withDirection((template?.attributes ?? []).filter(crosses), media.direction), mid),
    ...(local.rtcpPort === local.rtpPort + 1 ? [] : [`rtcp:${local.rtcpPort}`]),
    ...own,
  ]
  return {
    ...mLine,
    ...(template?.title !== undefined && { description: template.title }),
    ...(local.address !== address && { connection: connection(local.address) }),
    bandwidth: template?.bandwidths.map(bandwidth) ?? [],
    invalid: attributes.map(verbatim),
  }
}

/** The attributes with one direction at most, in the place of the first; `sendrecv` is left out where nobody wrote it. */
function withDirection(attributes: readonly Attribute[], direction: string): readonly Attribute[] {
  const place = attributes.findIndex((one) => directions.has(attributeName(one)))
  const others = attributes.filter((one) => !directions.has(attributeName(one)))
  if (place >= 0) return others.toSpliced(place, 0, direction)
  return direction === 'sendrecv' ? others : [...others, direction]
}

/** The attributes with this leg's `a=mid`, in the place of the other's. */
function withMid(attributes: readonly Attribute[], mid: string | undefined): readonly Attribute[] {
  const place = attributes.findIndex((one) => attributeName(one) === 'mid')
  const others = attributes.filter((one) => attributeName(one) !== 'mid')
  if (mid === undefined) return others
  return place >= 0 ? others.toSpliced(place, 0, `mid:${mid}`) : [...others, `mid:${mid}`]
}

const verbatim = (value: Attribute): { value: string } => ({ value })

function connection(address: string): { version: number; ip: string } {
  return { version: isIPv6(address) ? 6 : 4, ip: address }
}

function bandwidth(line: string): { type: string; limit: string } {
  const colon = line.indexOf(':')
  return { type: line.slice(0, colon), limit: line.slice(colon + 1) }
}
