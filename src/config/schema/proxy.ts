import { type Fault } from '../problem.ts'
import { checkSipUriWithoutBrackets, checkTransports } from '../sip-uri-shape.ts'
import { oneOf, string, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const proxyHelp =
  "Settings of this program's own proxy (--server proxy, --server all), which sends calls to the back-to-back user agent as the proxy's module::B2bua does."

/** [proxy] of the companion file. */
export const proxy = {
  'next-hop': parameter({
    type: string,
    default: '',
    help: 'SIP URI of the proxy behind this one. Phones then register there, through this one. Empty: this one is the only proxy, and registers phones itself.',
    reload: 'restart',
    check: (uri) => (uri === '' ? undefined : checkSipUriWithoutBrackets(uri)),
  }),
  transports: parameter({
    type: stringList,
    default: '',
    help: "Where this proxy listens: SIP URIs, separated by spaces, as in global/transports; ';transport=ws' and ';transport=wss' are WebSockets. Empty: global/transports.",
    reload: 'restart',
    check: checkTransports,
  }),
  'b2bua-servers': parameter({
    type: stringList,
    default: '',
    help: 'SIP URIs of several back-to-back user agents, separated by spaces: each call goes to one of those that are alive. Empty: module::B2bua/b2bua-server.',
    reload: 'live',
    check: checkUris,
  }),
  trust: parameter({
    type: oneOf('token', 'user-agent'),
    default: 'token',
    help: "How a request of the back-to-back user agent is known: by a 'token' that only the two servers can make, with the key file in data-directory; or, as a Flexisip does, by its 'user-agent', which everybody can forge.",
    reload: 'live',
  }),
} as const

function checkUris(list: readonly string[]): Fault | undefined {
  for (const uri of list) {
    const fault = checkSipUriWithoutBrackets(uri)
    if (fault !== undefined) return fault
  }
  return undefined
}
