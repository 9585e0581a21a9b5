import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Fault, type Problem } from '../config/problem.ts'
import { type KeyOf, type SectionName } from '../config/schema.ts'
import { type ListenSpec, parseTransportUri } from '../sip/transport/listen-spec.ts'
import { isWildcard } from '../sip/transport/local-addresses.ts'
import { Trenscrypter } from '../trenscrypter/trenscrypter.ts'

/**
 * What keeps the server from being started with a configuration although each value is well written, as far as it can be
 * seen without starting it. A reload is held to the same, so that what runs could be started again.
 */
export function checkStart(snapshot: ConfigSnapshot): Problem[] {
  return [...checkApplication(snapshot), ...checkTransport(snapshot), ...checkOutboundProxy(snapshot)]
}

function checkApplication(snapshot: ConfigSnapshot): Problem[] {
  const application = snapshot.get('b2bua-server', 'application')
  if (application === 'trenscrypter') return []
  const what = `application ${application} is not in this version`
  return [errorAt(snapshot, 'b2bua-server', 'application', { what, instead: 'write application=trenscrypter' })]
}

function checkTransport(snapshot: ConfigSnapshot): Problem[] {
  let spec: ListenSpec | undefined
  try {
    spec = parseTransportUri(snapshot.get('b2bua-server', 'transport'))
  } catch (error) {
    return [errorAt(snapshot, 'b2bua-server', 'transport', faultOf(error, 'sip:127.0.0.1:6067;transport=tcp'))]
  }
  const problems: Problem[] = []
  if (snapshot.get('b2bua', 'media-address') === '' && (spec === undefined || isWildcard(spec.host))) {
    const what = 'phones need one address to send media to, and the transport names none'
    const instead = 'write media-address=<IP> in [b2bua] of flexisip-b2bua.conf'
    problems.push(errorAt(snapshot, 'b2bua-server', 'transport', { what, instead }))
  }
  const certified = (['tls-certificates-file', 'tls-certificates-private-key'] as const).every(
    (key) => snapshot.get('b2bua', key) !== '',
  )
  if (spec?.protocol === 'tls' && !certified) {
    const what = 'a TLS transport needs a certificate'
    const instead = 'write tls-certificates-file and tls-certificates-private-key in [b2bua] of flexisip-b2bua.conf'
    problems.push(errorAt(snapshot, 'b2bua-server', 'transport', { what, instead }))
  }
  return problems
}

function checkOutboundProxy(snapshot: ConfigSnapshot): Problem[] {
  try {
    new Trenscrypter({ encryption: [], suites: [] }, snapshot.get('b2bua-server', 'outbound-proxy'))
    return []
  } catch (error) {
    return [errorAt(snapshot, 'b2bua-server', 'outbound-proxy', faultOf(error, 'sip:127.0.0.1:5060;transport=tcp'))]
  }
}

/** What the stack says of a value, which the configuration layer only knows by its shape. */
function faultOf(error: unknown, example: string): Fault {
  if (!(error instanceof CodedError)) throw error
  return { what: error.message, instead: `write e.g. ${example}` }
}

function errorAt<S extends SectionName>(snapshot: ConfigSnapshot, section: S, key: KeyOf<S>, fault: Fault): Problem {
  const at = snapshot.at(section, key) ?? { file: snapshot.files[0] ?? '', line: 1, column: 1 }
  return { ...at, ...fault, severity: 'error', code: 'START' }
}
