import { type SessionDescription as RawDescription } from 'sdp-transform'
import { type IceCredentials } from '../base/endpoint-description.ts'
import { type Fingerprint } from '../base/fingerprint.ts'
import { attributeName, attributeValue, hasAttribute, type Attribute } from './attributes.ts'
import { readCrypto, type CryptoLine } from './crypto-attribute.ts'
import { readFingerprints } from './fingerprint-lines.ts'
import { readIceCredentials } from './ice-lines.ts'
import { mediaProfile, type MediaProfile } from './media-profile.ts'
import { parseRaw } from './sdp-grammar.ts'
import { malformed, readLines, type SdpLine, type SdpSection } from './sdp-lines.ts'

/** A direction attribute (RFC 8866 §6.7), as the party that wrote it means it. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Where RTCP is wanted, when an `a=rtcp` says so (RFC 3605). */
export interface RtcpAttribute {
  readonly port: number
  /** Absent: the address of the m-line. */
  readonly address?: string
}

/** What the lines of an m-line other than its attributes say. */
export interface MediaLine {
  /** Place among the m-lines, from 0. */
  readonly index: number
  /** `audio`, `video`, … as written. */
  readonly kind: string
  /** 0: refused, or ended. */
  readonly port: number
  /** The profile as written, e.g. `RTP/SAVPF`. */
  readonly protocol: string
  /** Payload types, or whatever the profile has in their place. */
  readonly formats: readonly string[]
  /** Address of the c= line that applies, as written: an IP literal or a name; absent only where it does not matter. */
  readonly address?: string
  readonly rtcp?: RtcpAttribute
  /** The b= lines as they came, without `b=`. */
  readonly bandwidths: readonly string[]
  /** The i= line. */
  readonly title?: string
}

/** One m-line with the lines below it. */
export interface MediaDescription extends MediaLine {
  /** The profile's meaning; absent when it is not one of RTP over UDP. */
  readonly profile?: MediaProfile
  /**
   * This server could relay it: a profile of RTP, a port, and nobody has refused it. What `LegDescriptions` returns
   * from an offer has `false` where the leg refuses the m-line.
   */
  readonly relayable: boolean
  /**
   * Direction that is meant: `a=sendonly` and kin of the m-line, else of the session, else `sendrecv`; the receiving
   * half is taken out where the address is the unspecified one without ICE, which is how RFC 2543 held a call
   * (RFC 3264 §8.4).
   */
  readonly direction: Direction
  /** `a=rtcp-mux` (RFC 5761). */
  readonly rtcpMux: boolean
  /** Every `a=crypto`, usable or not, in order. */
  readonly crypto: readonly CryptoLine[]
  /** `a=fingerprint`, here or at session level. */
  readonly fingerprint: boolean
  /** Those of them that can be read: of the m-line, or else of the session. */
  readonly fingerprints: readonly Fingerprint[]
  /** `a=tls-id`, here or at session level (RFC 8842 §4). */
  readonly tlsId?: string
  /** `a=setup`, here or at session level. */
  readonly setup?: string
  /** `a=zrtp-hash`, here or at session level. */
  readonly zrtpHash: boolean
  /** `a=ice-ufrag`, here or at session level, or a candidate. */
  readonly ice: boolean
  /** Of the peer that wrote it, if it does ICE. */
  readonly iceCredentials?: IceCredentials
  /** Of the answer: which of the potential configurations this is (RFC 5939 §3.5.2). Absent for the actual one. */
  readonly acfg?: string
  /** The attributes as they came. */
  readonly attributes: readonly Attribute[]
}

/** A session description that was received (RFC 8866). */
export interface SessionDescription {
  readonly media: readonly MediaDescription[]
  /** The attributes of the session, as they came. */
  readonly attributes: readonly Attribute[]
  /** The b= lines of the session, as they came, without `b=`. */
  readonly bandwidths: readonly string[]
  /** What was received, as `sdp-transform` decodes it. */
  readonly raw: RawDescription
}

/**
 * Reads a session description.
 * @param body the body of a SIP message; its bytes survive unchanged in every line that is passed on
 * @throws SdpError `SDP_MALFORMED` (400) with the number of the line, `SDP_TOO_LARGE` (413)
 */
export function parseSdp(body: Buffer): SessionDescription {
  const [session, ...sections] = readLines(body)
  const raw = parseRaw([session, ...sections].flat().map(text).join('\r\n'))
  const shared = { attributes: attributesOf(session), connection: connectionOf(session) }
  return {
    media: sections.map((section, index) => readMedia(section, index, shared)),
    attributes: shared.attributes,
    bandwidths: bandwidthsOf(session),
    raw,
  }
}

/** What the session's lines say for every m-line that does not say otherwise. */
interface Shared {
  readonly attributes: readonly Attribute[]
  readonly connection: string | undefined
}

function readMedia(section: SdpSection, index: number, shared: Shared): MediaDescription {
  const mLine = readMediaLine(section[0]!)
  const address = connectionOf(section) ?? shared.connection
  const rtcp = readRtcp(section)
  const title = section.find((line) => line.type === 'i')?.value
  const line = {
    index,
    ...mLine,
    ...(address !== undefined && { address }),
    ...(rtcp !== undefined && { rtcp }),
    bandwidths: bandwidthsOf(section),
    ...(title !== undefined && { title }),
  }
  const media = describeMedia(line, attributesOf(section), shared.attributes)
  if (media.relayable && address === undefined) throw malformed(section[0]!.number, 'an m= line without a c= line')
  return media
}

/**
 * What an m-line means with these attributes.
 * @param session attributes of the session, which hold where the m-line has none of its own
 */
export function describeMedia(
  { index, kind, port, protocol, formats, address, rtcp, bandwidths, title }: MediaLine,
  attributes: readonly Attribute[],
  session: readonly Attribute[],
): MediaDescription {
  const has = (name: string): boolean => hasAttribute(attributes, name) || hasAttribute(session, name)
  const valueOf = (name: string): string | undefined =>
    attributeValue(attributes, name) ?? attributeValue(session, name)
  const profile = mediaProfile(protocol)
  const ice = has('ice-ufrag') || hasAttribute(attributes, 'candidate')
  const stated = statedDirection(attributes) ?? statedDirection(session) ?? 'sendrecv'
  const setup = valueOf('setup')
  const tlsId = valueOf('tls-id')
  const iceCredentials = readIceCredentials(attributes, session)
  return {
    ...{ index, kind, port, protocol, formats, bandwidths },
    ...(profile !== undefined && { profile }),
    relayable: profile !== undefined && port !== 0,
    ...(address !== undefined && { address }),
    direction: address !== undefined && isUnspecified(address) && !ice ? withoutReceiving(stated) : stated,
    ...(rtcp !== undefined && { rtcp }),
    rtcpMux: hasAttribute(attributes, 'rtcp-mux'),
    crypto: attributes.filter((one) => attributeName(one) === 'crypto').map((one) => readCrypto(textOf(one))),
    fingerprint: has('fingerprint'),
    fingerprints: readFingerprints(hasAttribute(attributes, 'fingerprint') ? attributes : session),
    ...(tlsId !== undefined && { tlsId }),
    ...(setup !== undefined && { setup }),
    zrtpHash: has('zrtp-hash'),
    ice,
    ...(iceCredentials !== undefined && { iceCredentials }),
    attributes,
    ...(title !== undefined && { title }),
  }
}

/** `<kind> <port>[/<number of ports>] <protocol> <format> …` (RFC 8866 §5.14). */
function readMediaLine({ number, value }: SdpLine): Pick<MediaDescription, 'kind' | 'port' | 'protocol' | 'formats'> {
  const [kind = '', ports = '', protocol = '', ...formats] = value.trim().split(/[ \t]+/)
  if (!isToken(kind)) throw malformed(number, 'no media type')
  const port = readPort(ports.replace(/\/1$/, ''))
  if (port === undefined) throw malformed(number, 'a port that is not one of 0 to 65535')
  if (!protocol.split('/').every(isToken)) throw malformed(number, 'no transport protocol')
  if (formats.length === 0) throw malformed(number, 'no media format')
  return { kind, port, protocol, formats }
}

/** `<port>[ IN IP4|IP6 <address>]` (RFC 3605 §2.1). */
function readRtcp(section: SdpSection): RtcpAttribute | undefined {
  const line = section.find(({ type, value }) => type === 'a' && attributeName(value) === 'rtcp')
  if (line === undefined) return undefined
  const [portText = '', ...network] = textOf(line.value).split(/[ \t]+/)
  const port = readPort(portText)
  if (port === undefined) throw malformed(line.number, 'an RTCP port that is not one of 0 to 65535')
  if (network.length === 0) return { port }
  return { port, address: readConnection(line.number, network.join(' ')) }
}

/** The address of the section's first c= line (RFC 8866 §5.7). */
function connectionOf(section: SdpSection): string | undefined {
  const line = section.find(({ type }) => type === 'c')
  return line && readConnection(line.number, line.value)
}

/** The address of `IN IP4|IP6 <address>[/<ttl>]`. */
function readConnection(number: number, value: string): string {
  const [network, family, address = '', ...more] = value.trim().split(/[ \t]+/)
  const known = network === 'IN' && (family === 'IP4' || family === 'IP6')
  const host = address.split('/', 1)[0]!
  if (!known || more.length > 0 || !/^[\w.:-]+$/.test(host)) throw malformed(number, 'not an internet address')
  return host
}

function bandwidthsOf(section: SdpSection): readonly string[] {
  return section
    .filter(({ type }) => type === 'b')
    .map(({ number, value }) => {
      if (!/^[^\s:]+:\S+$/.test(value.trim())) throw malformed(number, 'not "type:number"')
      return value.trim()
    })
}

function attributesOf(section: SdpSection): readonly Attribute[] {
  return section
    .filter(({ type }) => type === 'a')
    .map(({ number, value }) => {
      if (attributeName(value) === '') throw malformed(number, 'an attribute without a name')
      return value
    })
}

const text = ({ type, value }: SdpLine): string => `${type}=${value}`
const textOf = (attribute: Attribute): string => attribute.slice(attribute.indexOf(':') + 1).trim()

/** A token of RFC 8866 §9, and no longer than a log line can bear. */
const isToken = (word: string): boolean => /^[\w!#$%&'*+\-.^`{|}~]{1,32}$/.test(word)

function readPort(word: string): number | undefined {
  return /^\d{1,5}$/.test(word) && Number(word) <= 65535 ? Number(word) : undefined
}

/** `0.0.0.0` or `::`: nowhere. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || /^[0:]+$/.test(address)
}

function statedDirection(attributes: readonly Attribute[]): Direction | undefined {
  return attributes.map(attributeName).find(isDirection)
}

function isDirection(name: string): name is Direction {
  return name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive'
}

function withoutReceiving(direction: Direction): Direction {
  if (direction === 'sendrecv') return 'sendonly'
  return direction === 'recvonly' ? 'inactive' : direction
}
