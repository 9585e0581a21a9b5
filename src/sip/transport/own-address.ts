import { isIP } from 'node:net'
import { contactUri, formatAddress, isSecure, type SocketAddress, type StreamProtocol } from './flow.ts'
import { isLoopback, isWildcard } from './local-addresses.ts'
import { type StreamPoint } from './stream-point.ts'

/**
 * How a connection's peer reaches this server again, when the connection has gone: the listening point of the protocol, or
 * where there is none that the peer could reach, the connection's own end.
 * @param local the own end of the connection
 * @param points the listening points to choose among
 */
export function ownAddress(
  protocol: StreamProtocol,
  local: SocketAddress,
  points: readonly StreamPoint[],
): { sentBy: string; contact: string } {
  const family = isIP(local.host)
  const fitting = points.filter((point) => {
    const { host } = point.local
    return point.protocol === protocol && isIP(host) === family && (!isLoopback(host) || isLoopback(local.host))
  })
  const exact = fitting.find((point) => point.local.host === local.host)
  const point = exact ?? fitting.find((one) => isWildcard(one.local.host)) ?? fitting[0]
  const sentBy = formatAddress(
    point === undefined ? local : { host: reachableHost(point, local), port: point.local.port },
  )
  return { sentBy, contact: contactUri(protocol, sentBy) }
}

function reachableHost(point: StreamPoint, local: SocketAddress): string {
  // with TLS the name counts: peers check the certificate against it
  if (isSecure(point.protocol) && isIP(point.writtenHost) === 0) return point.writtenHost
  return isWildcard(point.local.host) ? local.host : point.local.host
}
