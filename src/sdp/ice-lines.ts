import { isIPv6 } from 'node:net'
import { type IceCredentials, type IceDescription, type LocalEndpoint } from '../base/endpoint-description.ts'
import { attributeValue, hasAttribute, type Attribute } from './attributes.ts'
import { type RandomBytes } from './sdes-keys.ts'

/** `a=ice-lite`, which stands in the session part (RFC 8839 §5.3). */
export const iceLite: Attribute = 'ice-lite'

/**
 * The peer's credentials (RFC 8839 §5.4), of the m-line or else of the session; `undefined` when it does no ICE, or is lite
 * as this server is: then nobody would ever check, and media goes where the descriptions say (RFC 8445 §6.1.1).
 */
export function readIceCredentials(
  media: readonly Attribute[],
  session: readonly Attribute[],
): IceCredentials | undefined {
  const ufrag = attributeValue(media, 'ice-ufrag') ?? attributeValue(session, 'ice-ufrag')
  const pwd = attributeValue(media, 'ice-pwd') ?? attributeValue(session, 'ice-pwd')
  if (ufrag === undefined || pwd === undefined || hasAttribute(session, iceLite)) return undefined
  const valid = /^[A-Za-z0-9+/]{4,256}$/.test(ufrag) && /^[A-Za-z0-9+/]{22,256}$/.test(pwd)
  return valid ? { ufrag, pwd } : undefined
}

/** ICE for an offer: the credentials stay as long as nobody restarts, which this server never does by itself. */
export function offerIce(before: IceDescription | undefined, random: RandomBytes): IceDescription {
  return { local: before?.local ?? newCredentials(random) }
}

/** ICE for an answer: other credentials of the peer are a restart, which takes other ones here too (RFC 8445 §9). */
export function answerIce(
  before: IceDescription | undefined,
  remote: IceCredentials,
  random: RandomBytes,
): IceDescription {
  const known = before?.remote
  const goesOn = before !== undefined && known?.ufrag === remote.ufrag && known.pwd === remote.pwd
  return { local: goesOn ? before.local : newCredentials(random), remote }
}

/** 8 characters of 6 bits, and 24: RFC 8445 §5.3 asks for 24 and 128 bits. */
function newCredentials(random: RandomBytes): IceCredentials {
  return { ufrag: random(6).toString('base64'), pwd: random(18).toString('base64') }
}

/**
 * The attributes of an m-line: credentials, and a host candidate for each address and component. The addresses of a NAT are
 * host candidates too: a lite agent has no others (RFC 8445 §5.2), and the NAT in front of it hands all through.
 * @param mux RTCP needs no candidate of its own
 */
export function iceLines(
  { local: { ufrag, pwd } }: IceDescription,
  local: LocalEndpoint,
  natAddresses: readonly string[],
  mux: boolean,
): readonly string[] {
  const nat = natAddresses.filter((address) => isIPv6(address) === isIPv6(local.address))
  const candidates = [...new Set([...nat, local.address])].flatMap((address, place) => {
    const of = (component: 1 | 2, port: number): string => {
      // RFC 8445 §5.1.2.1: type preference 126 of host candidates, then the place among the addresses
      const priority = 2 ** 24 * 126 + 2 ** 8 * (65535 - place) + 256 - component
      return `candidate:${place + 1} ${component} udp ${priority} ${address} ${port} typ host`
    }
    return mux ? [of(1, local.rtpPort)] : [of(1, local.rtpPort), of(2, local.rtcpPort)]
  })
  return [`ice-ufrag:${ufrag}`, `ice-pwd:${pwd}`, ...candidates, 'end-of-candidates']
}
