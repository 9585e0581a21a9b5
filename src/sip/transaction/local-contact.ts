import { type Flow } from '../transport/flow.ts'

/**
 * The Contact value under which this server is reached over a flow.
 * @param secure - the dialog is one of `sips:` URIs, and so must the Contact be (RFC 3261 §8.1.1.8, §12.1.1)
 */
export function localContact(flow: Flow, secure: boolean): string {
  return `<${contactUriOf(flow, secure)}>`
}

/** The URI in {@link localContact}. */
export function contactUriOf({ contact }: Flow, secure: boolean): string {
  if (!secure) return contact
  // sips says TLS already; with WebSocket the parameter stays, as RFC 7118 writes it
  return contact.replace(/^sip:/, 'sips:').replace(';transport=tls', '').replace(';transport=wss', ';transport=ws')
}
