import { CodedError } from '../base/coded-error.ts'
import { type SipResponse } from '../sip/message/message.ts'
import { parseNameAddr } from '../sip/message/name-addr.ts'
import { parseUri } from '../sip/message/uri.ts'

/**
 * Whom a redirection names (RFC 3261 §8.1.3.4): of several contacts the one with the greatest q, of equals the first. What cannot
 * be called, or read, is passed over.
 * @returns undefined for a response that is no redirection, or one that names nobody
 */
export function redirectTarget({ status, headers }: SipResponse): string | undefined {
  if (status !== 300 && status !== 301 && status !== 302 && status !== 305) return undefined
  let best: { readonly uri: string; readonly q: number } | undefined
  for (const value of headers.values('Contact')) {
    const contact = callable(value)
    if (contact !== undefined && contact.q > (best?.q ?? -1)) best = contact
  }
  return best?.uri
}

function callable(value: string): { readonly uri: string; readonly q: number } | undefined {
  try {
    const contact = parseNameAddr(value)
    const { uri } = contact
    const { scheme, headers } = parseUri(uri)
    if ((scheme !== 'sip' && scheme !== 'sips') || headers !== '') return undefined
    const q = Number(contact.param('q') ?? 1)
    return q >= 0 && q <= 1 ? { uri, q } : undefined
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}
