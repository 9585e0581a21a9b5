import { decimal } from '../../src/sip/message/characters.ts'
import { HeaderError } from '../../src/sip/message/header-error.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { findParameter, readParameters, type Parameter } from '../../src/sip/message/parameters.ts'
import { parseUri, type SipUri } from '../../src/sip/message/uri.ts'

/** What `expires` counts as when it cannot be read (RFC 3261 §20.10, §20.19). */
const malformedExpires = 3600
/** Longest Contact value that is kept, in bytes. */
const longestContact = 2048

/** A value of Contact in a REGISTER (RFC 3261 §10.2.1). */
export interface RequestedContact {
  readonly uri: SipUri
  /** As {@link StoredBinding.params}. */
  readonly params: string
  /** 0 to 1; 1 without the parameter. */
  readonly q: number
  /** Seconds; undefined without the parameter. */
  readonly expires: number | undefined
  readonly instance?: string
  readonly regId?: number
}

/**
 * Reads one Contact value, `*` excepted.
 * @throws HeaderError `SIP_NAME_ADDR` (400) when it is malformed, too long, no sip or sips URI, or when it has URI headers or
 *   a method, which would be smuggled into requests to it
 * @throws UriError
 */
export function parseContact(value: string): RequestedContact {
  const { uri: text, params: paramText } = parseNameAddr(value)
  const parameters = readParameters(paramText, 0, paramText.length)
  if (parameters === undefined || value.length > longestContact) throw unfit()
  const uri = parseUri(text)
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') throw unfit()
  if (uri.headers !== '' || uri.params.some(({ name }) => name.toLowerCase() === 'method')) throw unfit()
  const expires = findParameter(parameters, 'expires')
  const instance = instanceOf(findParameter(parameters, '+sip.instance')?.value)
  const regId = regIdOf(findParameter(parameters, 'reg-id')?.value)
  return {
    uri,
    params: parameters
      .filter(({ name }) => name.toLowerCase() !== 'expires')
      .map(({ name, value: one }) => (one === undefined ? `;${name}` : `;${name}=${one}`))
      .join(''),
    q: qOf(findParameter(parameters, 'q')),
    expires: expires && parseExpires(expires.value ?? ''),
    ...(instance !== undefined && { instance }),
    ...(regId !== undefined && { regId }),
  }
}

/** Seconds of an Expires value or parameter; one hour when it cannot be read. */
export function parseExpires(text: string): number {
  return decimal(text, 0, text.length, 0xffffffff) ?? malformedExpires
}

/** Linear, and `0.7`, `.7`, `1` alike; what is no number from 0 to 1 counts as 1. */
function qOf(parameter: Parameter | undefined): number {
  const text = parameter?.value ?? ''
  const q = text !== '' && text.length <= 5 && /^[\d.]+$/.test(text) ? Number(text) : 1
  return q >= 0 && q <= 1 ? q : 1
}

function instanceOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = value.startsWith('"') ? value.slice(1, -1) : value
  const bare = text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text
  return bare === '' ? undefined : bare
}

function regIdOf(value: string | undefined): number | undefined {
  const id = value === undefined ? undefined : decimal(value, 0, value.length, 0x7fffffff)
  return id === 0 ? undefined : id
}

function unfit(): HeaderError {
  return new HeaderError('SIP_NAME_ADDR', 'A Contact that nothing can be sent to.', { status: 400 })
}
