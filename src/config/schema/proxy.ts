import { type Fault } from '../problem.ts'
import { checkProxyTransport, checkSipUriWithoutBrackets } from '../sip-uri-shape.ts'
import { oneOf, string, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const proxyHelp =
  "Settings of this program's own proxy (--server proxy), which a Flexisip does not know. Where a Flexisip is the proxy, nothing of this is needed."

/** [proxy] of the companion file. */
export const proxy = {
  'next-hop': parameter({
    type: string,
    default: '',
    help: 'SIP URI of the proxy before which this one stands: calls are diverted, and everything else is passed on to it. Empty: this is the only proxy, with a registrar of its own.',
    reload: 'restart',
    check: (uri) => (uri === '' ? undefined : checkSipUriWithoutBrackets(uri)),
  }),
  transports: parameter({
    type: stringList,
    default: '',
    help: "SIP URIs on which the proxy listens. Empty: those of global/transports. 'sip:' without a transport is UDP and TCP both, 'sips:' is TLS; ;transport=ws and ;transport=wss are for browsers.",
    reload: 'restart',
    check: (uris) => checkEach(uris, checkProxyTransport),
  }),
  'b2bua-servers': parameter({
    type: stringList,
    default: '',
    help: 'SIP URIs of back-to-back user agents among which calls are divided. Empty: only that of module::B2bua/b2bua-server.',
    reload: 'live',
    check: (uris) => checkEach(uris, checkSipUriWithoutBrackets),
  }),
  trust: parameter({
    type: oneOf('token', 'user-agent'),
    default: 'token',
    help: "How requests of the back-to-back user agent are told from others, so that they are not diverted again: 'token' is a secret that both servers share in b2bua-server/data-directory; 'user-agent' believes the User-Agent header as Flexisip does, which any phone can write.",
    reload: 'live',
  }),
} as const

/** The first fault that an element of a list has. */
function checkEach(uris: readonly string[], check: (uri: string) => Fault | undefined): Fault | undefined {
  for (const uri of uris) {
    const fault = check(uri)
    if (fault !== undefined) return fault
  }
  return undefined
}
