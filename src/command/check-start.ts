import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Problem } from '../config/problem.ts'
import { type ListenSpec, parseTransportUri } from '../sip/transport/listen-spec.ts'
import { isWildcard } from '../sip/transport/local-addresses.ts'
import { Trenscrypter } from '../trenscrypter/trenscrypter.ts'
import { checkProxy } from './check-proxy.ts'
import { type Server } from './options.ts'
import { faultOf, problemAt } from './start-problem.ts'

/**
 * What keeps the servers from being started with a configuration although each value is well written, as far as it can be
 * seen without starting it. A reload is held to the same, so that what runs could be started again.
 */
export function checkStart(snapshot: ConfigSnapshot, server: Server): Problem[] {
  return [...(server === 'proxy' ? [] : checkB2bua(snapshot)), ...(server === 'b2bua' ? [] : checkProxy(snapshot))]
}

function checkB2bua(snapshot: ConfigSnapshot): Problem[] {
  return [...checkApplication(snapshot), ...checkTransport(snapshot), ...checkOutboundProxy(snapshot)]
}

function checkApplication(snapshot: ConfigSnapshot): Problem[] {
  const application = snapshot.get('b2bua-server', 'application')
  if (application === 'trenscrypter') return []
  const what = `application ${application} is not in this version`
  return [problemAt(snapshot, 'b2bua-server', 'application', { what, instead: 'write application=trenscrypter' })]
}

function checkTransport(snapshot: ConfigSnapshot): Problem[] {
  let spec: ListenSpec | undefined
  try {
    spec = parseTransportUri(snapshot.get('b2bua-server', 'transport'))
  } catch (error) {
    return [problemAt(snapshot, 'b2bua-server', 'transport', faultOf(error, 'sip:127.0.0.1:6067;transport=tcp'))]
  }
  const problems: Problem[] = []
  if (snapshot.get('b2bua', 'media-address') === '' && (spec === undefined || isWildcard(spec.host))) {
    const what = 'phones need one address to send media to, and the transport names none'
    const instead = 'write media-address=<IP> in [b2bua] of flexisip-b2bua.conf'
    problems.push(problemAt(snapshot, 'b2bua-server', 'transport', { what, instead }))
  }
  const certified = (['tls-certificates-file', 'tls-certificates-private-key'] as const).every(
    (key) => snapshot.get('b2bua', key) !== '',
  )
  if (spec?.protocol === 'tls' && !certified) {
    const what = 'a TLS transport needs a certificate'
    const instead = 'write tls-certificates-file and tls-certificates-private-key in [b2bua] of flexisip-b2bua.conf'
    problems.push(problemAt(snapshot, 'b2bua-server', 'transport', { what, instead }))
  }
  return problems
}

function checkOutboundProxy(snapshot: ConfigSnapshot): Problem[] {
  try {
    new Trenscrypter({ encryption: [], suites: [], fallback: [] }, snapshot.get('b2bua-server', 'outbound-proxy'))
    return []
  } catch (error) {
    return [problemAt(snapshot, 'b2bua-server', 'outbound-proxy', faultOf(error, 'sip:127.0.0.1:5060;transport=tcp'))]
  }
}
