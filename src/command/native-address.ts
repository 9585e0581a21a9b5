import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type SipUriShape, sipUriShape, transportProtocol } from '../config/sip-uri-shape.ts'
import { isLoopback, isWildcard } from '../sip/transport/local-addresses.ts'

/** Where a SIP URI leads, as far as its text says. */
export interface NativeAddress {
  /** In lower case, with `127.0.0.1` for `localhost`. */
  readonly host: string
  /** Undefined when the DNS or the system decides. */
  readonly port: number | undefined
  /** Undefined when the DNS decides, or when it is none that this program knows. */
  readonly protocol: string | undefined
}

/** Reads a URI to send to; undefined when it is none. */
export function addressOf(uri: string): NativeAddress | undefined {
  const shape = sipUriShape(uri.startsWith('<') && uri.endsWith('>') ? uri.slice(1, -1) : uri)
  if (shape === undefined) return undefined
  const host = plainHost(shape.host)
  // RFC 3263 §4: a name alone is looked up with its protocol and port
  const lookedUp = isIP(host) === 0 && shape.port === undefined && !isEverywhere(host)
  const protocol = lookedUp && shape.transport === undefined ? undefined : transportProtocol(shape)
  return { host, port: lookedUp ? undefined : knownPort(shape), protocol }
}

/**
 * Whether an element of `global/transports` may be what `to` leads to: false only when it cannot.
 * @param aliases other hosts of the proxy
 */
export function mayListenOn(transport: string, to: NativeAddress, aliases: readonly string[]): boolean {
  const shape = sipUriShape(transport)
  // what cannot be read here, such as a port '*', a Flexisip may understand
  if (shape === undefined) return true
  if (/;tls-client-connection=1/i.test(transport)) return false
  const port = knownPort(shape)
  if (port !== undefined && to.port !== undefined && port !== to.port) return false
  if (to.protocol !== undefined && !protocolsOf(shape).includes(to.protocol)) return false
  if (aliases.some((alias) => alias.toLowerCase() === to.host)) return true
  const hosts = [shape.host, ...(shape.maddr === undefined ? [] : [shape.maddr])].map(plainHost)
  if (hosts.some((host) => host === to.host || isEverywhere(host))) return true
  // the name of the transport may have this address
  return isIP(to.host) !== 0 && hosts.every((host) => isIP(host) === 0)
}

/** Whether a host is this machine without a doubt. */
export function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host))
}

/** Whether a host stands for all addresses of the machine. */
export function isEverywhere(host: string): boolean {
  return host === '*' || isWildcard(host)
}

/** Writes an element of `global/transports` as a URI to send to; undefined when it is none that can be read. */
export function uriTo(transport: string): string | undefined {
  const shape = sipUriShape(transport)
  if (shape === undefined || /;tls-client-connection=1/i.test(transport)) return undefined
  const host = shape.maddr ?? shape.host
  const written = isEverywhere(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const port = knownPort(shape) ?? 5060
  const [protocol] = protocolsOf(shape).toReversed()
  return shape.scheme === 'sips' ? `sips:${written}:${port}` : `sip:${written}:${port};transport=${protocol}`
}

/** The port that counts; undefined for 0, which lets the system choose. */
function knownPort(shape: SipUriShape): number | undefined {
  const { port = transportProtocol(shape) === 'tls' ? 5061 : 5060 } = shape
  return port === 0 ? undefined : port
}

/** Without a transport parameter a Flexisip listens for UDP and TCP both. */
function protocolsOf(shape: SipUriShape): readonly string[] {
  if (shape.scheme === 'sips') return ['tls']
  return shape.transport === undefined ? ['udp', 'tcp'] : [shape.transport]
}

function plainHost(host: string): string {
  const lower = host.toLowerCase()
  return lower === 'localhost' ? '127.0.0.1' : lower
}
