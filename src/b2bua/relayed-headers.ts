import { headerKey } from '../sip/message/header-names.ts'
import { type Headers } from '../sip/message/headers.ts'
import { relayedOptions } from './option-tags.ts'

/**
 * Header fields that belong to one leg and never cross to the other. Everything else is end to end and crosses as it
 * came: an operator's X- headers, privacy, diversion and history need no knowledge here.
 */
const ownByLeg: ReadonlySet<string> = new Set([
  // the dialog and the way to it (RFC 3261)
  'via',
  'route',
  'record-route',
  'contact',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'rack',
  'rseq',
  'path',
  'service-route',
  // what each user agent can do, which includes this one
  'allow',
  'supported',
  'require',
  'proxy-require',
  'unsupported',
  'user-agent',
  'server',
  // the leg's own session timer (RFC 4028) and credentials; those of an INVITE cross by `credentialsOf`
  'session-expires',
  'min-se',
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'proxy-authentication-info',
  // the body is written anew, or crosses with its own headers (see `bodyHeaders`)
  'content-length',
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'mime-version',
  // times on this leg's wire
  'timestamp',
  'date',
  // what marks requests of a B2BUA for the proxy (reference: proxy-module §2): ours are added by the stack
  'x-flexisip-b2bua',
  'flexisip-b2bua',
  'x-flexisip-b2bua-token',
])

/**
 * The header fields of a message that cross to the other leg, in their order, names spelled as they came; and of the
 * extensions that it supports or requires those that are between the phones.
 */
export function relayedHeaders(headers: Headers): [string, string][] {
  const result: [string, string][] = []
  for (const { name, value } of headers) {
    if (!ownByLeg.has(headerKey(name))) result.push([name, value])
  }
  for (const name of ['Supported', 'Require']) {
    const tags = headers.values(name).filter((tag) => relayedOptions.includes(tag.toLowerCase()))
    if (tags.length > 0) result.push([name, tags.join(', ')])
  }
  return result
}

/**
 * The caller's answers to challenges. They cross to the outbound proxy, whose challenge has crossed to the caller: a proxy
 * that asks the B2BUA for a password asks the caller (reference: b2bua-server §7).
 */
export function credentialsOf(headers: Headers): [string, string][] {
  return ['Authorization', 'Proxy-Authorization'].flatMap((name) =>
    headers.all(name).map((value): [string, string] => [name, value]),
  )
}

/** The fields that describe a body which crosses as it is (RFC 3261 §20.11 to §20.15), but for Content-Type. */
export function bodyHeaders(headers: Headers): [string, string][] {
  const result: [string, string][] = []
  for (const name of ['Content-Encoding', 'Content-Disposition', 'Content-Language', 'MIME-Version']) {
    const value = headers.get(name)
    if (value !== undefined) result.push([name, value])
  }
  return result
}
