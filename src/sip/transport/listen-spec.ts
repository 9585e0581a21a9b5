import { isIP } from 'node:net'
import { parseUri, uriParam, type SipUri } from '../message/uri.ts'
import { defaultPort, type TransportProtocol } from './flow.ts'
import { TransportError } from './transport-error.ts'

/** The files of one end's TLS identity and trust, in PEM. */
export interface TlsFiles {
  /** Certificate, with those between it and the root behind it. */
  readonly certFile: string
  readonly keyFile: string
  /** Certificates that a peer's must lead to. On a listening point: clients are asked for one, but need not have it. */
  readonly caFile?: string
}

/** One point to listen on. */
export interface ListenSpec {
  readonly protocol: TransportProtocol
  /** IP literal without brackets, or a name that is resolved. `0.0.0.0` and `::` mean every address of their family. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Needed for `tls` and `wss`. */
  readonly tls?: TlsFiles
}

/**
 * Reads the parameter `transport` of `[b2bua-server]` (reference: b2bua-server.md §1): one SIP URI whose scheme, host, port
 * and `transport` say where to listen.
 * @returns undefined for an empty text: listen on nothing
 * @throws TransportError that says what is wrong and what to write instead
 */
export function parseTransportUri(text: string): ListenSpec | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (trimmed.includes('<') || trimmed.includes('>')) refuse(trimmed, 'write the URI without < and >')
  const uri = parse(trimmed)
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') {
    refuse(trimmed, `scheme '${uri.scheme}' is no transport; write sip: or sips:`)
  }
  const host = bareHost(uri.host)
  if (host !== uri.host && isIP(host) !== 6) refuse(trimmed, `'${uri.host}' is no IPv6 address`)
  const protocol = protocolOf(trimmed, uri)
  return { protocol, host, port: uri.port ?? defaultPort(protocol) }
}

/** A URI's host without the brackets of an IPv6 literal. */
export function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function parse(text: string): SipUri {
  // the message of a plain `127.0.0.1:5060` should not be about a scheme called 127.0.0.1
  if (!/^sips?:/i.test(text)) refuse(text, 'it must begin with sip: or sips:')
  if (/^sips?:\*/i.test(text)) refuse(text, 'write 0.0.0.0 or [::] to listen on every address')
  try {
    return parseUri(text)
  } catch (cause) {
    return refuse(text, 'it is not a SIP URI', cause)
  }
}

function protocolOf(text: string, uri: SipUri): TransportProtocol {
  const parameter = uriParam(uri, 'transport')
  const transport = typeof parameter === 'string' ? parameter.toLowerCase() : ''
  if (uri.scheme === 'sip') {
    if (transport === '' || transport === 'udp') return 'udp'
    if (transport === 'tcp' || transport === 'tls' || transport === 'ws' || transport === 'wss') return transport
    return refuse(text, `transport type '${transport}' is not allowed for 'sip' scheme; write udp, tcp, tls, ws or wss`)
  }
  if (transport === '' || transport === 'tcp') return 'tls'
  if (transport === 'ws' || transport === 'wss') return 'wss'
  if (transport === 'udp') {
    refuse(
      text,
      'sips over UDP is DTLS, which this server does not speak for SIP; write sips:… without transport for TLS',
    )
  }
  return refuse(text, `transport type '${transport}' is not allowed for 'sips' scheme; leave it out for TLS`)
}

function refuse(text: string, reason: string, cause?: unknown): never {
  throw new TransportError(
    'TRANSPORT_LISTEN',
    `'${text}' cannot be listened on: ${reason} (e.g. sip:127.0.0.1:6067;transport=tcp)`,
    cause === undefined ? {} : { cause },
  )
}
