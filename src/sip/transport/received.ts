import { isIP } from 'node:net'
import { readParameters } from '../message/parameters.ts'
import { type Headers } from '../message/headers.ts'
import { parseVia, type Via } from '../message/via.ts'
import { bareHost } from './listen-spec.ts'
import { defaultPort, type Flow, type SocketAddress, type Target } from './flow.ts'
import { withoutZone } from './local-addresses.ts'

/**
 * Writes where a request really came from into its top Via: `received` where sent-by says something else (RFC 3261
 * §18.2.1) and, if the sender asked with `rport`, the port too (RFC 3581 §4). What the sender itself wrote into these
 * parameters is replaced: nobody directs our responses to a third party.
 * @param source where the packet or connection came from
 * @throws HeaderError when there is no Via that can be read
 */
export function stampReceived(headers: Headers, source: SocketAddress): void {
  const value = headers.values('Via')[0] ?? ''
  const via = parseVia(value)
  const host = withoutZone(source.host)
  const asked = via.rport !== undefined
  const differs = !sameHost(via.host, host)
  if (!asked && !differs && via.received === undefined) return

  const semicolon = value.indexOf(';')
  const start = semicolon < 0 ? value.length : semicolon
  let text = value.slice(0, start).trimEnd()
  for (const parameter of readParameters(value, start, value.length) ?? []) {
    const name = parameter.name.toLowerCase()
    if (name !== 'received' && name !== 'rport') text += value.slice(parameter.start, parameter.end)
  }
  if (asked || differs) text += `;received=${host}`
  if (asked) text += `;rport=${source.port}`
  headers.replaceFirst('Via', text)
}

/**
 * Takes away what nobody can read of the top Via's parameters, so that the sender of a malformed request can be told (RFC 4475
 * §3.1.2.1): sent-by is enough for that. A Via that can be read is left as it is.
 */
export function dropUnreadableParameters(headers: Headers): void {
  const value = headers.values('Via')[0] ?? ''
  const semicolon = value.indexOf(';')
  if (semicolon < 0 || readParameters(value, semicolon, value.length) !== undefined) return
  const [sentBy, ...parameters] = value.split(';')
  const readable = parameters.map((one) => `;${one}`).filter((one) => readParameters(one, 0, one.length) !== undefined)
  headers.replaceFirst('Via', `${sentBy!.trimEnd()}${readable.join('')}`)
}

/**
 * Where the response to a request goes that came by UDP (RFC 3261 §18.2.2, RFC 3581 §4): to the address that it came from,
 * at the source port if the sender asked for that with `rport`, else at the port of sent-by. `maddr` is not followed: it
 * would let anybody point our responses at others.
 * @param via the response's top Via
 * @param flow the request's
 */
export function datagramDestination(via: Via, flow: Flow): SocketAddress {
  if (via.rport !== undefined) return flow.remote
  return { host: flow.remote.host, port: via.port ?? defaultPort('udp') }
}

/**
 * Where to connect when the connection of a request has gone before its response (RFC 3261 §18.2.2): the address it came
 * from, the port of sent-by.
 */
export function reopenTarget(via: Via, flow: Flow): Target {
  const { protocol } = flow
  const name = bareHost(via.host)
  return {
    protocol,
    host: flow.remote.host,
    port: via.port ?? defaultPort(protocol),
    ...(protocol === 'tls' && isIP(name) === 0 && { serverName: name }),
  }
}

/** Whether sent-by's host is the address: names never are (RFC 3261 §18.2.1), IPv6 may be written in several ways. */
function sameHost(sentBy: string, address: string): boolean {
  const host = bareHost(sentBy)
  if (host === address) return true
  return isIP(host) === 6 && isIP(address) === 6 && canonical(host) === canonical(address)
}

function canonical(address: string): string {
  return new URL(`http://[${address}]`).host
}
