import { type SipRequest } from '../../src/sip/message/message.ts'
import { contactUriOf } from '../../src/sip/transaction/local-contact.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'

/** The URI parameter that holds the mark of the dialog. */
export const markParam = 'did'

/** Requests that make a dialog; NOTIFY makes one when it is quicker than the 200 of its SUBSCRIBE (RFC 6665 §4.4.1). */
export const dialogForming: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY'])

/**
 * Puts this proxy into the path of a dialog (RFC 3261 §16.6 step 4): two entries (RFC 5658), the upper for the side that the
 * request goes to, the lower for the side that it comes from, each with the flow token of a phone on that side. Two even
 * where one would do: so the last of the own Routes of a later request always says which side it goes to, from whatever
 * port the phone sends by then.
 * @param dialogMark - see `BranchMarks.dialogMark`
 * @param from - its token is that of a phone; undefined for a server, which is found by its address
 */
export function recordRoute(
  request: SipRequest,
  dialogMark: (token?: string) => string,
  from: { readonly flow: Flow; readonly token: string | undefined },
  to: { readonly flow: Flow; readonly token: string | undefined },
): void {
  const secure = /^sips:/i.test(request.uri)
  const [upper, lower] = [to, from].map(
    ({ flow, token }) => `<${ownUri(flow, token, secure)};${markParam}=${dialogMark(token)}>`,
  )
  request.headers.prepend('Record-Route', `${upper}, ${lower}`)
}

/**
 * Puts this proxy into the way back to a phone that registers elsewhere (RFC 3327 §5.2). `ob` says that the flow is kept
 * (RFC 5626 §5.1), where this proxy is the phone's first hop.
 * @param to - by which the request goes on: the registrar must be able to come back that way, and need not speak the phone's
 *   transport, which the token names
 * @param token - of the phone's flow
 */
export function addPath(request: SipRequest, to: Flow, token: string, firstHop: boolean): void {
  request.headers.prepend('Path', `<${ownUri(to, token, false)}${firstHop ? ';ob' : ''}>`)
}

function ownUri(flow: Flow, token: string | undefined, secure: boolean): string {
  const uri = contactUriOf(flow, secure)
  return `${token === undefined ? uri : uri.replace(':', `:${token}@`)};lr`
}
