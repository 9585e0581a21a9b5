import { HeaderError } from '../../src/sip/message/header-error.ts'
import { type SipMessage } from '../../src/sip/message/message.ts'
import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { parseUri, type SipUri, UriError } from '../../src/sip/message/uri.ts'

/**
 * The variables of the filter language (reference: filter-language, "Variables"). What a message lacks, or has in a form
 * that nobody can read, is the empty text.
 */
export const variables = {
  direction: ({ kind }) => kind,
  'request.method-name': method,
  'request.method': method,
  ...uriVariables('request', (message) => (message.kind === 'request' ? message.uri : undefined)),
  ...uriVariables('from', (message) => addressIn(message.headers.get('From'))),
  ...uriVariables('to', (message) => addressIn(message.headers.get('To'))),
  ...uriVariables('contact', (message) => addressIn(message.headers.values('Contact')[0])),
  'user-agent': ({ headers }) => headers.get('User-Agent') ?? '',
  'call-id': ({ headers }) => headers.get('Call-ID') ?? '',
  'call-id.hash': ({ headers }) => hash(headers.get('Call-ID')),
  'status.phrase': (message) => (message.kind === 'response' ? message.reason : ''),
  'status.code': (message) => (message.kind === 'response' ? String(message.status) : ''),
  'content-type': ({ headers }) => mediaType(headers.get('Content-Type') ?? ''),
} as const satisfies Readonly<Record<string, (message: SipMessage) => string>>

/** The name of a variable. */
export type VariableName = keyof typeof variables

function method(message: SipMessage): string {
  return message.kind === 'request' ? message.method : ''
}

/** `<from>.uri.domain`, `.user` and `.params` of the URI that `uriOf` finds. */
function uriVariables<P extends 'request' | 'from' | 'to' | 'contact'>(
  from: P,
  uriOf: (message: SipMessage) => string | undefined,
): Record<`${P}.uri.${'domain' | 'user' | 'params'}`, (message: SipMessage) => string> {
  const part = (read: (uri: SipUri) => string) => (message: SipMessage) => {
    const text = uriOf(message)
    const uri = text === undefined ? undefined : known(text)
    return uri ? read(uri) : ''
  }
  return {
    [`${from}.uri.domain`]: part(({ host }) => host),
    [`${from}.uri.user`]: part(({ user }) => canonical(user ?? '', userCharacters)),
    [`${from}.uri.params`]: part(({ params }) =>
      canonical(
        params.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(';'),
        paramsCharacters,
      ),
    ),
  } as Record<`${P}.uri.${'domain' | 'user' | 'params'}`, (message: SipMessage) => string>
}

/** The URI of a From, To or Contact value. */
function addressIn(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return parseNameAddr(value).uri
  } catch (error) {
    if (error instanceof HeaderError) return undefined
    throw error
  }
}

/** A URI of a scheme with parts that filters know. */
function known(text: string): SipUri | undefined {
  try {
    const uri = parseUri(text)
    return uri.scheme === 'sip' || uri.scheme === 'sips' || uri.scheme === 'tel' ? uri : undefined
  } catch (error) {
    if (error instanceof UriError) return undefined
    throw error
  }
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
/** What needs no escape in a user, and in parameters, as Flexisip's SIP library has it. */
const userCharacters = new Set(`${unreserved}&=+$,;?/`)
const paramsCharacters = new Set(`${unreserved}/:&+$`)

/** Takes away needless escapes and writes the others with capitals: `%61%40%c3` becomes `a%40%C3`. */
function canonical(text: string, plain: ReadonlySet<string>): string {
  if (!text.includes('%')) return text
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const char = String.fromCharCode(parseInt(escape.slice(1), 16))
    return plain.has(char) ? char : escape.toUpperCase()
  })
}

/** The hash of Flexisip's SIP library, 32 bits: each byte, signed as on x86-64, is added and the sum multiplied. */
function hash(text: string | undefined): string {
  if (text === undefined) return ''
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum + ((text.charCodeAt(i) << 24) >> 24), 38_501)
  return String(text === '' ? 0xffff_ffff : sum >>> 0)
}

/** The media type without parameters and white space. */
function mediaType(value: string): string {
  const semicolon = value.indexOf(';')
  return (semicolon < 0 ? value : value.slice(0, semicolon)).replaceAll(/[ \t]/g, '')
}
