import { type SipRequest } from '../message/message.ts'
import { parseNameAddr } from '../message/name-addr.ts'
import { formatUri, parseUri, uriParam, type SipUri } from '../message/uri.ts'

/**
 * Finds the next hop of a request: its first Route, or its Request-URI without one (RFC 3261 §8.1.2). A first Route without
 * `lr` is a strict router's: it becomes the Request-URI, and the Request-URI the last Route (§12.2.1.1, §16.6 step 6).
 * @param request - changed for a strict router; so each request is routed once
 * @returns the URI to resolve
 * @throws CodedError when Route or Request-URI are malformed
 */
export function routeRequest(request: SipRequest): SipUri {
  const route = request.headers.values('Route')[0]
  if (route === undefined) return parseUri(request.uri)
  const next = parseUri(parseNameAddr(route).uri)
  if (uriParam(next, 'lr') !== undefined) return next
  request.headers.removeFirstValue('Route')
  request.headers.add('Route', `<${request.uri}>`)
  request.uri = requestUriOf(next)
  return next
}

/** A URI without what a Request-URI may not have: the `method` parameter and header fields (RFC 3261 §19.1.1, table 1). */
function requestUriOf(uri: SipUri): string {
  if (uri.headers === '' && uriParam(uri, 'method') === undefined) return uri.raw
  const params = uri.params.filter(({ name }) => name.toLowerCase() !== 'method')
  return formatUri({ ...uri, params, headers: '' })
}
