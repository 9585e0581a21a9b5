import { HeaderError } from '../../src/sip/message/header-error.ts'
import { splitFirst } from '../../src/sip/message/list-values.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { formatUri, parseUri, uriParam, UriError, type SipUri, type UriParts } from '../../src/sip/message/uri.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { type BranchMarks } from './branch-marks.ts'
import { findFlow, type FlowFinder, type FlowTokens } from './flow-token.ts'
import { type OwnAddresses } from './own-address.ts'
import { markParam } from './record-route.ts'

/** What the own Routes of a request said. */
export interface OwnRoutes {
  /** There was one. */
  readonly routed: boolean
  /** One was made by this proxy for this very dialog. */
  readonly authentic: boolean
  /** The flow that the last one names; `gone` when it has closed. Absent when it names none, or the one the request came by. */
  readonly to?: Flow | 'gone'
  /** One had a user part that looks like a token but was not made here: somebody tries. */
  readonly forged: boolean
}

/** Users of a token's length and letters: nobody is called so. */
const tokenLike = /^[\w-]{30,64}$/

/**
 * Takes this proxy's own entries off the Route of a request (RFC 3261 §16.4, RFC 5626 §5.3). Of our two entries of a dialog
 * the last speaks: it stands for the side that the request goes to. A strict router before us has put our entry into the
 * Request-URI; then the last Route is the real one.
 * @param request - is changed
 * @throws CodedError 400 when a Route cannot be read
 */
export function takeOwnRoutes(
  request: SipRequest,
  flow: Flow,
  own: OwnAddresses,
  tokens: FlowTokens,
  finder: FlowFinder,
  marks: BranchMarks,
): OwnRoutes {
  const { headers } = request
  let routed = false
  let authentic = false
  let to: Flow | 'gone' | undefined
  const read = (uri: SipUri): boolean | 'forged' => {
    const ends = uri.user === undefined ? undefined : tokens.read(uri.user)
    if (ends === undefined) {
      if (!own.has(uri)) return false
      to = undefined
      if (uri.user !== undefined && tokenLike.test(uri.user)) return 'forged'
      return true
    }
    const mark = uriParam(uri, markParam)
    authentic ||= mark !== undefined && mark === marks.dialogMark(request, uri.user)
    const { remote } = ends
    const here = ends.protocol === flow.protocol && remote.port === flow.remote.port && remote.host === flow.remote.host
    to = here ? undefined : (findFlow(ends, finder) ?? 'gone')
    return true
  }
  stripOwnMaddr(request, flow, own)
  if (headers.has('Route')) {
    const target = readUri(request.uri)
    if (target !== undefined && uriParam(target, 'lr') !== undefined) {
      const verdict = read(target)
      if (verdict === 'forged') return { routed: true, authentic: false, forged: true }
      if (verdict) {
        routed = true
        const routes = headers.values('Route')
        request.uri = requestUriIn(routes.pop()!)
        headers.delete('Route')
        if (routes.length > 0) headers.prepend('Route', routes.join(', '))
      }
    }
    for (let first = firstRoute(request); first !== undefined; first = firstRoute(request)) {
      const verdict = read(first)
      if (verdict === 'forged') return { routed: true, authentic: false, forged: true }
      if (!verdict) break
      routed = true
      headers.removeFirstValue('Route')
    }
  }
  return { routed, authentic, forged: false, ...(to !== undefined && { to }) }
}

/**
 * A Request-URI that leads here by its `maddr` goes on without it, and without the port and transport that led here (RFC 3261
 * §16.4).
 */
function stripOwnMaddr(request: SipRequest, flow: Flow, own: OwnAddresses): void {
  if (!/;maddr=/i.test(request.uri)) return
  const uri = readUri(request.uri)
  if (uri === undefined || uriParam(uri, 'maddr') === undefined || !own.has(uri)) return
  const transport = uriParam(uri, 'transport') ?? (uri.scheme === 'sips' ? 'tls' : 'udp')
  if (String(transport).toLowerCase() !== flow.protocol) return
  const parts: { -readonly [K in keyof UriParts]: UriParts[K] } = {
    ...uri,
    params: uri.params.filter(({ name }) => !/^(?:maddr|transport)$/i.test(name)),
  }
  delete parts.port
  request.uri = formatUri(parts)
}

/** The first Route. Looks no further: to split the whole list for each of its entries would cost the square of its length. */
function firstRoute({ headers }: SipRequest): SipUri | undefined {
  let value = ''
  while (value === '') {
    const field = headers.get('Route')
    if (field === undefined) return undefined
    value = splitFirst(field).first
    if (value === '') headers.removeFirstValue('Route')
  }
  try {
    return parseUri(parseNameAddr(value).uri)
  } catch (cause) {
    if (!(cause instanceof UriError) && !(cause instanceof HeaderError)) throw cause
    throw new HeaderError('SIP_ROUTE', 'The first Route cannot be read.', { status: 400, cause })
  }
}

/** What a strict router has made the last Route. As in a start line it has no headers: they would be written into the request. */
function requestUriIn(route: string): string {
  const uri = parseUri(parseNameAddr(route).uri)
  if (uri.headers === '') return uri.raw
  throw new HeaderError('SIP_ROUTE', 'The last Route is no Request-URI.', { status: 400 })
}

/** The Request-URI; undefined when it is none of SIP. */
function readUri(text: string): SipUri | undefined {
  const uri = parseUri(text)
  return uri.scheme === 'sip' || uri.scheme === 'sips' ? uri : undefined
}
