import { compileFilter, type Filter } from '../../proxy-module/filter/filter.ts'
import { type DiversionSettings } from '../../proxy-module/diversion/diversion.ts'
import { type RegistrarSettings } from '../../proxy-module/registrar/register.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { sipUriShape } from '../config/sip-uri-shape.ts'
import { type DigestHash } from '../sip/auth/digest-algorithm.ts'
import { parseUri, type SipUri } from '../sip/message/uri.ts'
import { parseTransportUri, type ListenSpec } from '../sip/transport/listen-spec.ts'
import { version } from './version.ts'

/**
 * Where the proxy listens: `proxy/transports` of the companion file, else `global/transports` as a Flexisip reads them: a
 * `sip:` URI without `transport` is UDP and TCP, `*` every IPv4 address, and `maddr` the address of a name.
 * @throws TransportError that says what to write instead
 */
export function proxyTransports(snapshot: ConfigSnapshot): ListenSpec[] {
  const own = snapshot.get('proxy', 'transports')
  const list = own.length > 0 ? own : snapshot.get('global', 'transports')
  return list.flatMap((text) => {
    const uri = text.replace(/^(sips?:)\*/i, '$10.0.0.0')
    const both = /^sip:/i.test(uri) && !/;transport=/i.test(uri)
    const written = parseTransportUri(uri)
    if (written === undefined) return []
    const spec = { ...written, host: sipUriShape(uri)?.maddr ?? written.host }
    return both ? [spec, { ...spec, protocol: 'tcp' as const }] : [spec]
  })
}

/**
 * The B2BUAs that calls may go to.
 * @throws UriError
 */
export function serversOf(snapshot: ConfigSnapshot): readonly SipUri[] {
  const several = snapshot.get('proxy', 'b2bua-servers')
  return (several.length > 0 ? several : [snapshot.get('module::B2bua', 'b2bua-server')]).map(parseUri)
}

/** `[module::B2bua]` as diversion works with it. */
export function diversionSettings(snapshot: ConfigSnapshot): DiversionSettings {
  return {
    enabled: snapshot.get('module::B2bua', 'enabled'),
    filter: filterOf(snapshot),
    servers: serversOf(snapshot),
    trust: snapshot.get('proxy', 'trust'),
    userAgent: snapshot.get('b2bua-server', 'user-agent').replace('{version}', version),
  }
}

function filterOf(snapshot: ConfigSnapshot): Filter | undefined {
  const text = snapshot.text('module::B2bua', 'filter') ?? ''
  return text === '' ? undefined : compileFilter(text)
}

const digestHash: Readonly<Record<string, DigestHash>> = { MD5: 'MD5', 'SHA-256': 'SHA-256' }

/** The hash functions to offer (`available-algorithms`), the most wanted first; undefined when one is not known. */
export function digestHashes(snapshot: ConfigSnapshot): readonly DigestHash[] | undefined {
  const list = snapshot.get('module::Authentication', 'available-algorithms')
  const known = list.flatMap((name) => (Object.hasOwn(digestHash, name) ? digestHash[name]! : []))
  return known.length > 0 && known.length === list.length ? known : undefined
}

/** `[module::Registrar]` as the registrar works with it. */
export function registrarSettings(snapshot: ConfigSnapshot): RegistrarSettings {
  const seconds = (key: 'min-expires' | 'max-expires' | 'default-expires'): number =>
    snapshot.get('module::Registrar', key) / 1000
  return {
    minExpires: seconds('min-expires'),
    maxExpires: seconds('max-expires'),
    defaultExpires: seconds('default-expires'),
    maxContactsPerRegistration: snapshot.get('module::Registrar', 'max-contacts-per-registration'),
    maxContactsByAor: snapshot.get('module::Registrar', 'max-contacts-by-aor'),
    gruu: false,
  }
}
