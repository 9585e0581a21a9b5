import { decimal, indexWithin, isHost, isToken, skipSpace, trimEnd, trimmed } from './characters.ts'
import { HeaderError } from './header-error.ts'
import { readParameters } from './parameters.ts'

/** One Via value (RFC 3261 §20.42, RFC 3581 for rport). */
export interface Via {
  /** The transport in upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, or another. */
  readonly protocol: string
  /** sent-by's host as written, an IPv6 address with its brackets. */
  readonly host: string
  readonly port?: number
  readonly branch?: string
  /** An IP literal, an IPv6 one without brackets even if it was written with them. */
  readonly received?: string
  /** true: asked for (`;rport`); a number: filled in. */
  readonly rport?: number | true
  /** The other parameters as written, each with its semicolon. */
  readonly params: string
}

/**
 * Takes one Via value apart.
 * @param value - one value: a list is split before, with `Headers.values`
 * @throws HeaderError `SIP_VIA`
 */
export function parseVia(value: string): Via {
  if (value === lastValue) return last!
  last = readVia(value)
  lastValue = value
  return last
}

/** What was asked for last: reading a message, finding its transaction and sending its answer each ask for the same. */
let lastValue: string | undefined
let last: Via | undefined

function readVia(value: string): Via {
  const nameEnd = slash(value, 0)
  const versionEnd = slash(value, nameEnd + 1)
  if (trimmed(value, 0, nameEnd).toUpperCase() !== 'SIP' || trimmed(value, nameEnd + 1, versionEnd) !== '2.0') {
    throw malformed('it is not of SIP/2.0')
  }
  const protocolStart = skipSpace(value, versionEnd + 1, value.length)
  let protocolEnd = protocolStart
  while (protocolEnd < value.length && isToken(value, protocolEnd, protocolEnd + 1)) protocolEnd++
  const hostStart = skipSpace(value, protocolEnd, value.length)
  if (protocolEnd === protocolStart || hostStart === protocolEnd) throw malformed('no transport')
  const semicolon = value.indexOf(';', hostStart)
  const sentByEnd = semicolon < 0 ? value.length : semicolon
  return {
    protocol: value.slice(protocolStart, protocolEnd).toUpperCase(),
    ...sentBy(value, hostStart, trimEnd(value, hostStart, sentByEnd)),
    ...viaParameters(value, sentByEnd),
  }
}

function sentBy(value: string, start: number, end: number): { host: string; port?: number } {
  const bracket = value.charCodeAt(start) === 0x5b ? indexWithin(value, 0x5d, start, end) : start
  const colon = bracket < 0 ? -1 : indexWithin(value, 0x3a, bracket, end)
  const hostEnd = trimEnd(value, start, colon < 0 ? end : colon)
  if (!isHost(value, start, hostEnd)) throw malformed('no host')
  const host = value.slice(start, hostEnd)
  if (colon < 0) return { host }
  const port = decimal(value, skipSpace(value, colon + 1, end), end, 65535)
  if (port === undefined) throw malformed('the port is no number up to 65535')
  return { host, port }
}

function viaParameters(value: string, start: number): Omit<Via, 'protocol' | 'host' | 'port'> {
  const found = readParameters(value, start, value.length)
  if (found === undefined) throw malformed('malformed parameters')
  let branch: string | undefined
  let received: string | undefined
  let rport: number | true | undefined
  let params = ''
  for (const one of found) {
    const name = one.name.toLowerCase()
    if (name === 'branch') {
      if (branch !== undefined) throw malformed('more than one branch')
      branch = one.value ?? ''
    } else if (name === 'received') received = one.value && withoutBrackets(one.value)
    else if (name === 'rport') rport = decimal(one.value ?? '', 0, one.value?.length ?? 0, 65535) ?? true
    else params += value.slice(one.start, one.end)
  }
  return {
    ...(branch !== undefined && { branch }),
    ...(received !== undefined && { received }),
    ...(rport !== undefined && { rport }),
    params,
  }
}

/** Writes a Via value: branch, received and rport first, then the other parameters as they are. */
export function formatVia(via: Omit<Via, 'params'> & { readonly params?: string }): string {
  let text = `SIP/2.0/${via.protocol} ${via.host}`
  if (via.port !== undefined) text += `:${via.port}`
  if (via.branch !== undefined) text += `;branch=${via.branch}`
  if (via.received !== undefined) text += `;received=${via.received}`
  if (via.rport !== undefined) text += via.rport === true ? ';rport' : `;rport=${via.rport}`
  return text + (via.params ?? '')
}

function slash(value: string, start: number): number {
  const at = value.indexOf('/', start)
  if (at < 0) throw malformed('it is not of SIP/2.0')
  return at
}

function withoutBrackets(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
}

function malformed(what: string): HeaderError {
  return new HeaderError('SIP_VIA', `Malformed Via: ${what}.`, { status: 400 })
}
