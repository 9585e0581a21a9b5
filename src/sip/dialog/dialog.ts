import { CodedError } from '../../base/coded-error.ts'
import { parseCSeq } from '../message/cseq.ts'
import { Headers } from '../message/headers.ts'
import { createRequest, type SipMessage, type SipRequest, type SipResponse } from '../message/message.ts'
import { parseNameAddr, tagOf, withTag } from '../message/name-addr.ts'
import { parseUri, UriError } from '../message/uri.ts'
import { dialogKey } from './dialog-key.ts'

/** What a dialog begins with. */
interface DialogParts {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
  readonly localUri: string
  readonly remoteUri: string
  readonly remoteTarget: string
  readonly routeSet: readonly string[]
  readonly localSeq: number
  readonly remoteSeq: number | undefined
  readonly secure: boolean
}

/** Max-Forwards of requests inside a dialog (RFC 3261 §8.1.1.6). */
const maxForwards = '70'

/** A dialog's state (RFC 3261 §12): what every request inside of it is made of and checked against. */
export class Dialog {
  readonly callId: string
  readonly localTag: string
  /** Empty for a peer of RFC 2543 without tags. */
  readonly remoteTag: string
  /** Our From or To value without its tag. */
  readonly localUri: string
  /** The peer's From or To value without its tag. */
  readonly remoteUri: string
  /** The URI that requests are sent to: the peer's latest Contact. */
  remoteTarget: string
  /** Route values, in the order in which our requests carry them. */
  routeSet: readonly string[]
  state: 'early' | 'confirmed' | 'terminated' = 'early'
  /** CSeq number of our latest request. */
  localSeq: number
  /** CSeq number of the peer's latest request; undefined before the first. */
  remoteSeq: number | undefined
  /** Made by a `sips:` request over TLS. */
  readonly secure: boolean
  /** {@link dialogKey} */
  readonly key: string

  private constructor(parts: DialogParts) {
    this.callId = parts.callId
    this.localTag = parts.localTag
    this.remoteTag = parts.remoteTag
    this.localUri = parts.localUri
    this.remoteUri = parts.remoteUri
    this.remoteTarget = parts.remoteTarget
    this.routeSet = parts.routeSet
    this.localSeq = parts.localSeq
    this.remoteSeq = parts.remoteSeq
    this.secure = parts.secure
    this.key = dialogKey(parts.callId, parts.localTag, parts.remoteTag)
  }

  /**
   * The dialog that a response of 101 to 299 makes at the caller (RFC 3261 §12.1.2). Without a Contact that can be used, as
   * in a provisional response, the Request-URI is the target.
   * @param request - as it was sent
   * @param requestUri - its Request-URI before any strict router changed it
   * @throws HeaderError when the response's To is malformed
   */
  static ofCaller(request: SipRequest, requestUri: string, response: SipResponse, overTls: boolean): Dialog {
    const from = request.headers.get('From')!
    const to = response.headers.get('To')!
    return new Dialog({
      callId: request.headers.get('Call-ID')!,
      localTag: tagOf(from)!,
      remoteTag: tagOf(to) ?? '',
      localUri: withTag(from, undefined),
      remoteUri: withTag(to, undefined),
      remoteTarget: usable(contactOf, response) ?? requestUri,
      routeSet: reversedRoutesOf(response),
      localSeq: parseCSeq(request.headers.get('CSeq')!).number,
      remoteSeq: undefined,
      secure: overTls && isSips(requestUri),
    })
  }

  /**
   * The dialog that our response to a request makes at the callee (RFC 3261 §12.1.1).
   * @param localTag - the To tag of our response
   * @throws CodedError when the request's From, To, CSeq, Contact or Record-Route are malformed, or Contact is absent
   */
  static ofCallee(request: SipRequest, localTag: string, overTls: boolean): Dialog {
    const from = request.headers.get('From')!
    return new Dialog({
      callId: request.headers.get('Call-ID')!,
      localTag,
      remoteTag: tagOf(from) ?? '',
      localUri: withTag(request.headers.get('To')!, undefined),
      remoteUri: withTag(from, undefined),
      remoteTarget: contactOf(request) ?? parseNameAddr(from).uri,
      routeSet: routesOf(request),
      localSeq: 0,
      remoteSeq: parseCSeq(request.headers.get('CSeq')!).number,
      secure: overTls && isSips(request.uri),
    })
  }

  /**
   * The 2xx of the INVITE that made the dialog: its Record-Route is the route set from now on, whatever provisional
   * responses said (RFC 3261 §13.2.2.4).
   */
  confirm(response: SipResponse): void {
    this.routeSet = reversedRoutesOf(response)
    this.refreshTarget(response)
    this.state = 'confirmed'
  }

  /**
   * Takes the Contact of a target refresh request or its 2xx as the new remote target (RFC 3261 §12.2.1.2, §12.2.2). With
   * none, or one that is no address, the peer stays where it was.
   */
  refreshTarget(message: SipMessage): void {
    this.remoteTarget = usable(contactOf, message) ?? this.remoteTarget
  }

  /**
   * A request inside the dialog (RFC 3261 §12.2.1.1). Loose or strict: the route set is written as it is, and the
   * transaction layer sees to strict routers.
   * @param seq - the CSeq number of the INVITE, for its ACK; the next one for everything else
   */
  createRequest(method: string, seq: number = ++this.localSeq, body?: Buffer): SipRequest {
    const headers = new Headers()
    for (const route of this.routeSet) headers.add('Route', route)
    headers.add('Max-Forwards', maxForwards)
    headers.add('From', withTag(this.localUri, this.localTag))
    headers.add('To', this.remoteTag === '' ? this.remoteUri : withTag(this.remoteUri, this.remoteTag))
    headers.add('Call-ID', this.callId)
    headers.add('CSeq', `${seq} ${method}`)
    return createRequest(method, this.remoteTarget, headers, body)
  }
}

function isSips(uri: string): boolean {
  return uri.slice(0, 5).toLowerCase() === 'sips:'
}

/**
 * The Record-Route values of a request, in its order.
 * @throws CodedError when one is malformed
 */
function routesOf(request: SipRequest): string[] {
  const routes = request.headers.values('Record-Route')
  for (const route of routes) addressIn(route)
  return routes
}

/** The Record-Route values of a response, in reverse order; those that nothing could be sent by are left out. */
function reversedRoutesOf(response: SipResponse): string[] {
  return response.headers
    .values('Record-Route')
    .filter((route) => usable(addressIn, route) !== undefined)
    .reverse()
}

/** @throws CodedError when there is a Contact that is no address */
function contactOf(message: SipMessage): string | undefined {
  const contact = message.headers.values('Contact')[0]
  return contact === undefined ? undefined : addressIn(contact)
}

/** @throws CodedError when the value, or the URI in it, is malformed, or no SIP can be sent there (RFC 3261 §8.1.1.8) */
function addressIn(value: string): string {
  const { scheme, raw } = parseUri(parseNameAddr(value).uri)
  if (scheme !== 'sip' && scheme !== 'sips') throw new UriError('neither sip: nor sips:')
  return raw
}

/**
 * What `read` finds, or undefined where it is malformed: a response cannot be answered 400, and a call should not be lost
 * by a header field that it may not even need.
 */
function usable<T, R>(read: (from: T) => R, from: T): R | undefined {
  try {
    return read(from)
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}
