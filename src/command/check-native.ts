import { isIP } from 'node:net'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Fault, type Position, type Problem, quote } from '../config/problem.ts'
import { addressOf, isEverywhere, isThisMachine, mayListenOn, uriTo } from './native-address.ts'

/** Whether a Flexisip is the proxy beside this server: nothing is said of a proxy of this program. */
export function isNative(snapshot: ConfigSnapshot): boolean {
  return snapshot.sectionAt('proxy') === undefined
}

/**
 * What keeps calls from working although Flexisip and this server start, where both share the file (reference: proxy-module
 * §2, §5). Warnings only, and only of what the file says to be so: names are not looked up.
 */
export function checkNative(snapshot: ConfigSnapshot): Problem[] {
  if (!isNative(snapshot)) return []
  return [
    ...checkEnabled(snapshot),
    ...checkServer(snapshot),
    ...checkOutboundProxy(snapshot),
    ...checkTrust(snapshot),
    ...checkMediaRelay(snapshot),
  ]
}

function checkEnabled(snapshot: ConfigSnapshot): Problem[] {
  const section = snapshot.sectionAt('module::B2bua')
  if (section === undefined || snapshot.get('module::B2bua', 'enabled')) return []
  return warn('NATIVE_NOT_ENABLED', snapshot.at('module::B2bua', 'enabled') ?? section, {
    what: 'module::B2bua is not enabled: the proxy sends no call to this server',
    instead: 'write enabled=true in [module::B2bua]',
  })
}

/** Whether the proxy sends calls to where this server listens; a server on another machine is none of this file's business. */
function checkServer(snapshot: ConfigSnapshot): Problem[] {
  const section = snapshot.sectionAt('module::B2bua')
  const [server, transport] = [snapshot.get('module::B2bua', 'b2bua-server'), snapshot.get('b2bua-server', 'transport')]
  const [to, own] = [addressOf(server), addressOf(transport)]
  if (section === undefined || to === undefined || own === undefined) return []
  if (to.host !== own.host && !isThisMachine(to.host)) return []
  const otherHost = to.host !== own.host && !isEverywhere(own.host) && isIP(own.host) !== 0
  const otherPort = to.port !== undefined && own.port !== undefined && to.port !== own.port
  const otherProtocol = to.protocol !== undefined && own.protocol !== undefined && to.protocol !== own.protocol
  if (!otherHost && !otherPort && !otherProtocol) return []
  const at = snapshot.at('module::B2bua', 'b2bua-server') ?? snapshot.at('b2bua-server', 'transport') ?? section
  return warn('NATIVE_B2BUA_SERVER', at, {
    what: `the proxy sends calls to ${quote(server)}, and this server listens on ${quote(transport)}`,
    instead: 'write the same host, port and transport as module::B2bua/b2bua-server and as b2bua-server/transport',
  })
}

/** Whether leg B goes to where the proxy listens, which also decides whether the proxy takes the Route for its own. */
function checkOutboundProxy(snapshot: ConfigSnapshot): Problem[] {
  const written = snapshot.at('global', 'transports')
  const outbound = snapshot.get('b2bua-server', 'outbound-proxy')
  const to = addressOf(outbound)
  if (written === undefined || to === undefined) return []
  const internal = snapshot.get('cluster', 'enabled') ? snapshot.get('cluster', 'internal-transport') : ''
  const transports = [...snapshot.get('global', 'transports'), ...(internal === '' ? [] : [internal])]
  const aliases = snapshot.get('global', 'aliases')
  if (transports.some((one) => mayListenOn(one, to, aliases))) return []
  const [uri] = transports.flatMap((one) => uriTo(one) ?? [])
  return warn('NATIVE_OUTBOUND_PROXY', snapshot.at('b2bua-server', 'outbound-proxy') ?? written, {
    what: `the outbound-proxy ${quote(outbound)} is none of the transports of [global] on which the proxy listens`,
    instead:
      uri === undefined ? 'add it to transports in [global]' : `write e.g. outbound-proxy=${uri} in [b2bua-server]`,
  })
}

/** Whether the proxy asks this server for a password, which it does not have: leg B keeps the caller's From. */
function checkTrust(snapshot: ConfigSnapshot): Problem[] {
  if (!snapshot.get('module::Authentication', 'enabled')) return []
  // a filter may well tell this server by its User-Agent
  if (snapshot.text('module::Authentication', 'filter')?.includes('user-agent') === true) return []
  const host = sourceHost(snapshot)
  const trusted = [
    ...snapshot.get('module::Authentication', 'trusted-hosts'),
    ...(snapshot.get('module::AuthTrustedHosts', 'enabled')
      ? snapshot.get('module::AuthTrustedHosts', 'trusted-hosts')
      : []),
    ...(snapshot.get('cluster', 'enabled') ? snapshot.get('cluster', 'nodes') : []),
  ]
  // names, and references to other parameters, may stand for the address
  const found =
    host === undefined ? trusted.length > 0 : trusted.some((one) => one.toLowerCase() === host || isIP(one) === 0)
  if (found) return []
  const at = snapshot.at('module::Authentication', 'trusted-hosts') ?? snapshot.at('module::Authentication', 'enabled')
  const address = host ?? "this server's address"
  return warn('NATIVE_TRUSTED_HOSTS', at ?? startOf(snapshot), {
    what: `the proxy does not trust ${address}: it answers 407 to the calls of this server, which has no password of the caller`,
    instead: `add ${host ?? 'its address'} to trusted-hosts in [module::Authentication]`,
  })
}

/** The address from which the proxy sees this server's requests come; undefined when the file does not say it. */
function sourceHost(snapshot: ConfigSnapshot): string | undefined {
  const host = addressOf(snapshot.get('b2bua-server', 'transport'))?.host
  if (host === undefined) return undefined
  if (!isEverywhere(host)) return isIP(host) === 0 ? undefined : host
  const proxy = addressOf(snapshot.get('b2bua-server', 'outbound-proxy'))?.host
  return proxy !== undefined && isIP(proxy) !== 0 && isThisMachine(proxy) ? proxy : undefined
}

/** Whether a media relay that the file mentions relays each call twice on one machine, and takes it for a loop. */
function checkMediaRelay(snapshot: ConfigSnapshot): Problem[] {
  const section = snapshot.sectionAt('module::MediaRelay')
  if (section === undefined || !snapshot.get('module::MediaRelay', 'enabled')) return []
  if (!snapshot.get('module::MediaRelay', 'prevent-loops')) return []
  if (snapshot.get('module::MediaRelay', 'filter') !== '') return []
  const proxy = addressOf(snapshot.get('b2bua-server', 'outbound-proxy'))?.host
  const own = addressOf(snapshot.get('b2bua-server', 'transport'))?.host
  if (proxy === undefined || (proxy !== own && !isThisMachine(proxy))) return []
  const at = snapshot.at('module::MediaRelay', 'prevent-loops') ?? snapshot.at('module::MediaRelay', 'enabled')
  const [name] = snapshot.get('b2bua-server', 'user-agent').split('/')
  return warn('NATIVE_MEDIA_RELAY', at ?? section, {
    what: "module::MediaRelay relays both sides of a call on this server's machine, and prevent-loops takes that for a loop",
    instead: `write prevent-loops=false, or filter=!(user-agent contains '${name}') in [module::MediaRelay]`,
  })
}

function warn(code: string, at: Position, fault: Fault): Problem[] {
  return [{ ...at, ...fault, severity: 'warning', code }]
}

function startOf(snapshot: ConfigSnapshot): Position {
  return { file: snapshot.files[0] ?? '', line: 1, column: 1 }
}
