import { networkInterfaces } from 'node:os'
import { formatAddress, type SocketAddress } from './flow.ts'
import { type ListenSpec } from './listen-spec.ts'
import { errorText, systemCode, TransportError } from './transport-error.ts'

/**
 * The error for a listening point that the system refused, which says what to write instead.
 * @param at the host resolved
 */
export function listenError(spec: ListenSpec, at: SocketAddress, cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause
  const what = `cannot listen on ${spec.protocol} ${formatAddress(at)}: ${reason(at, cause)}`
  return new TransportError('TRANSPORT_LISTEN', what, { cause })
}

/** The error for a host name to listen on that means nothing. */
export function unknownHostError(spec: ListenSpec, cause: unknown): TransportError {
  const what = `cannot listen on '${spec.host}': ${errorText(cause)}; write an address of this machine (${ownAddresses()})`
  return new TransportError('TRANSPORT_LISTEN', what, { cause })
}

function reason(at: SocketAddress, cause: unknown): string {
  switch (systemCode(cause)) {
    case 'EADDRINUSE':
      return `another program listens there (EADDRINUSE); stop it, or write another port, or 0 for any that is free`
    case 'EADDRNOTAVAIL':
      return `this machine has no such address (EADDRNOTAVAIL); write one of ${ownAddresses()}, or ${wildcard(at)} for all`
    case 'EACCES':
      return `ports below 1024 need a privilege (EACCES); write a port from 1024 on, or grant CAP_NET_BIND_SERVICE`
    case 'EAFNOSUPPORT':
      return `this machine has no ${at.host.includes(':') ? 'IPv6' : 'IPv4'} (EAFNOSUPPORT); write one of ${ownAddresses()}`
    default:
      return errorText(cause)
  }
}

function wildcard(at: SocketAddress): string {
  return at.host.includes(':') ? '[::]' : '0.0.0.0'
}

function ownAddresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ scopeid }) => !scopeid) // link-local ones need a zone, which a SIP URI cannot have
    .map(({ address }) => (address.includes(':') ? `[${address}]` : address))
    .join(', ')
}
