import { uriParam, type SipUri } from '../message/uri.ts'
import { type Target } from './flow.ts'

/** Bytes above which a request must not go by UDP where the path's MTU is unknown (RFC 3261 §18.1.1). */
export const largestDatagramRequest = 1300

/**
 * The target for a request of a given size: TCP instead of UDP for a large one (RFC 3261 §18.1.1), unless the URI itself
 * names a transport, as an `outbound-proxy` with `transport=udp` does: that proxy may listen on nothing else. The caller
 * writes Via anew, and goes back to `target` if TCP is refused.
 * @param target what the URI was resolved to
 * @param uri the next hop that was resolved
 * @param length bytes of the request as it would be sent by UDP
 */
export function targetForSize(target: Target, uri: SipUri, length: number): Target {
  if (target.protocol !== 'udp' || length <= largestDatagramRequest) return target
  return uriParam(uri, 'transport') === undefined ? { ...target, protocol: 'tcp' } : target
}
