import { isIP } from 'node:net'
import { type Fault } from './problem.ts'

/** As much of a SIP URI as the configuration must know; the SIP layers parse it themselves. */
export interface SipUriShape {
  readonly scheme: 'sip' | 'sips'
  /** As written; an IPv6 address without its brackets. */
  readonly host: string
  /** 0 to 65535. */
  readonly port?: number
  /** The value of `transport`, in lower case. */
  readonly transport?: string
  /** The value of `maddr`, without brackets: the address behind the name, where a Flexisip listens. */
  readonly maddr?: string
}

const syntax =
  /^(sips?):(?:[^@<>\s]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._*-]+)(?::([0-9]{1,5}))?((?:;[^;<>\s]*)*)(?:\?[^<>\s]*)?$/i

/** Reads the parts of a SIP URI that decide where to listen or send; undefined when it is none. */
export function sipUriShape(text: string): SipUriShape | undefined {
  const [, scheme, host, port, parameters] = syntax.exec(text) ?? []
  if (scheme === undefined || host === undefined || parameters === undefined) return undefined
  if (port !== undefined && Number(port) > 65535) return undefined
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  if (host.startsWith('[') && isIP(bare) !== 6) return undefined
  const transport = /;transport=([^;]*)/i.exec(parameters)?.[1]?.toLowerCase()
  const maddr = /;maddr=\[?([^;\]]+)/i.exec(parameters)?.[1]
  return {
    scheme: scheme.toLowerCase() === 'sips' ? 'sips' : 'sip',
    host: bare,
    ...(port !== undefined && { port: Number(port) }),
    ...(transport !== undefined && { transport }),
    ...(maddr !== undefined && { maddr }),
  }
}

/** Checks a SIP URI where `<…>` around it is tolerated. */
export function checkSipUri(text: string): Fault | undefined {
  return checkSipUriWithoutBrackets(text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text)
}

/** Checks a SIP URI that must stand alone. */
export function checkSipUriWithoutBrackets(text: string): Fault | undefined {
  if (sipUriShape(text) !== undefined) return undefined
  return { what: 'this is not a SIP URI', instead: "write e.g. 'sip:127.0.0.1:5060;transport=tcp'" }
}

/** What `transport` may say with each scheme, and the protocol that it means (reference: b2bua-server §1). */
const transports: Readonly<Record<string, 'udp' | 'tcp' | 'tls'>> = {
  'sip:': 'udp',
  'sip:udp': 'udp',
  'sip:tcp': 'tcp',
  'sip:tls': 'tls',
  'sips:': 'tls',
  'sips:tcp': 'tls',
}

/** The protocol that a URI of `b2bua-server/transport` asks for; undefined when there is none such. */
export function transportProtocol({ scheme, transport = '' }: SipUriShape): 'udp' | 'tcp' | 'tls' | undefined {
  return transports[`${scheme}:${transport}`]
}

/** Checks `b2bua-server/transport`: one URI, and a transport that its scheme allows. */
export function checkTransport(text: string): Fault | undefined {
  if (text === '') return undefined // listens on nothing, as in Flexisip
  if (/[ \t]/.test(text))
    return { what: 'only one URI is possible', instead: 'write the URI to listen on, without spaces' }
  const uri = sipUriShape(text)
  if (uri === undefined) return checkSipUriWithoutBrackets(text)
  if (transportProtocol(uri) !== undefined) return undefined
  return {
    what: `transport '${uri.transport ?? ''}' is not possible with '${uri.scheme}:'`,
    instead: "write 'sip:' with ;transport=udp, tcp or tls, or 'sips:' for TLS",
  }
}

/** Checks an element of `proxy/transports`: as of `b2bua-server/transport`, and WebSocket (RFC 7118). */
export function checkProxyTransport(text: string): Fault | undefined {
  const uri = sipUriShape(text)
  if (uri === undefined) return checkSipUriWithoutBrackets(text)
  if (uri.transport === 'ws' || uri.transport === 'wss') return undefined
  return checkTransport(text)
}

/** Checks `nat-addresses` as far as no name must be looked up: at most one address of each family. */
export function checkAddresses(addresses: readonly string[]): Fault | undefined {
  for (const family of [4, 6]) {
    if (addresses.filter((address) => isIP(address) === family).length > 1) {
      return { what: `there are several IPv${family} addresses`, instead: 'write one of each family at most' }
    }
  }
  return undefined
}
