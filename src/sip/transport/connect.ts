import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { formatAddress, type Target } from './flow.ts'
import { checkSipIdentity, type TlsMaterial } from './tls-context.ts'
import { errorText, systemCode, TransportError, type TransportErrorCode } from './transport-error.ts'

/**
 * Opens a TCP or TLS connection.
 * @param tls certificates; used for TLS only
 * @param timeout ms, the TLS handshake included
 * @param attempts holds the socket while the attempt lasts; who destroys it there gives the attempt up
 * @throws TransportError `TRANSPORT_REFUSED`, `_TIMEOUT`, `_UNREACHABLE`, `_TLS` or, when given up, `_CLOSED`
 */
export async function connectStream(
  target: Target,
  tls: TlsMaterial,
  timeout: number,
  attempts: Set<Socket>,
): Promise<Socket | TLSSocket> {
  const { host, port, serverName } = target
  const secure = target.protocol === 'tls'
  const socket = secure
    ? connectTls({
        ...tls,
        host,
        port,
        checkServerIdentity: checkSipIdentity,
        ...(serverName && { servername: serverName }),
      })
    : connectTcp({ host, port })
  const timer = setTimeout(() => socket.destroy(late(target, timeout)), timeout)
  attempts.add(socket)
  try {
    await opened(socket, secure ? 'secureConnect' : 'connect', target)
    return socket
  } catch (cause) {
    socket.on('error', () => undefined) // the attempt has failed already: what follows is its echo
    socket.destroy()
    throw cause instanceof TransportError ? cause : failure(target, cause)
  } finally {
    clearTimeout(timer)
    attempts.delete(socket)
  }
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect', target: Target): Promise<void> {
  let onError: (error: Error) => void = () => undefined
  const onClose = () => onError(closedEarly(target))
  await new Promise<void>((resolve, reject) => {
    onError = reject
    socket.once(event, resolve)
    socket.once('error', onError)
    socket.once('close', onClose)
  })
  socket.off('error', onError)
  socket.off('close', onClose)
  if (socket.destroyed) throw closedEarly(target)
}

function failure(target: Target, cause: unknown): TransportError {
  const system = systemCode(cause)
  const code = codes[system] ?? (target.protocol === 'tls' ? 'TRANSPORT_TLS' : 'TRANSPORT_UNREACHABLE')
  const hint =
    code === 'TRANSPORT_TLS' && certificateFaults.has(system) ? '; name the file of its CA if you trust it' : ''
  return new TransportError(code, `${describe(target)}: ${errorText(cause)}${hint}`, { cause })
}

const codes: Readonly<Record<string, TransportErrorCode>> = {
  ECONNREFUSED: 'TRANSPORT_REFUSED',
  ETIMEDOUT: 'TRANSPORT_TIMEOUT',
  EHOSTUNREACH: 'TRANSPORT_UNREACHABLE',
  ENETUNREACH: 'TRANSPORT_UNREACHABLE',
  EADDRNOTAVAIL: 'TRANSPORT_UNREACHABLE',
  EINVAL: 'TRANSPORT_UNREACHABLE',
}

/** What OpenSSL says of a certificate that leads to no root it knows. */
const certificateFaults = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function describe(target: Target): string {
  const name = target.serverName === undefined ? '' : ` (${target.serverName})`
  return `${target.protocol} ${formatAddress(target)}${name}`
}

function closedEarly(target: Target): TransportError {
  const code = target.protocol === 'tls' ? 'TRANSPORT_TLS' : 'TRANSPORT_REFUSED'
  return new TransportError(code, `${describe(target)}: closed by the peer before it was open`)
}

function late(target: Target, timeout: number): TransportError {
  return new TransportError('TRANSPORT_TIMEOUT', `${describe(target)} did not answer within ${timeout} ms`)
}
