import { isIP, SocketAddress } from 'node:net'
import { type RemoteEndpoint } from '../base/endpoint-description.ts'
import { type PeerAddress } from './packet-io/packet-io.ts'

/**
 * The phone's addresses in the form in which the operating system prints sources.
 * @returns `undefined` when nothing can be sent there: an address of hold, a port of 0, no IP literal, or our own port
 */
export function usableRemote(
  remote: RemoteEndpoint,
  mux: boolean,
  local: readonly PeerAddress[],
): { readonly rtp: PeerAddress; readonly rtcp: PeerAddress } | undefined {
  const version = isIP(remote.address)
  const rtcpPort = mux ? remote.rtpPort : remote.rtcpPort
  if (version === 0 || !isPort(remote.rtpPort) || !isPort(rtcpPort)) return undefined
  const { address } = new SocketAddress({ address: remote.address, family: version === 6 ? 'ipv6' : 'ipv4' })
  if (address === '0.0.0.0' || address === '::') return undefined
  const rtp = { address, port: remote.rtpPort }
  const rtcp = { address, port: rtcpPort }
  const ours = (peer: PeerAddress): boolean =>
    local.some((own) => own.port === peer.port && own.address === peer.address)
  return ours(rtp) || ours(rtcp) ? undefined : { rtp, rtcp }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65535
}
