import { type ConfigSnapshot } from './config-snapshot.ts'
import { type Fault, type Position, type Problem } from './problem.ts'
import { type KeyOf, type SectionName } from './schema.ts'
import { sipUriShape, transportProtocol } from './sip-uri-shape.ts'

/**
 * Checks what no parameter can say alone (reference: b2bua-server §1, trenscrypter).
 * @param companion path of the companion file, for advice
 */
export function crossCheck(snapshot: ConfigSnapshot, companion: string): Problem[] {
  const problems: Problem[] = []
  const report = <S extends SectionName>(
    severity: Problem['severity'],
    section: S,
    key: KeyOf<S>,
    fault: Fault,
    at: Position = snapshot.at(section, key) ?? { file: snapshot.files[0] ?? '', line: 1, column: 1 },
  ): void => {
    problems.push({ ...at, severity, code: 'CONFIG_VALUE', ...fault })
  }

  if (!snapshot.get('b2bua-server', 'enable-ice') && snapshot.get('b2bua-server', 'nat-addresses').length > 0) {
    report('error', 'b2bua-server', 'nat-addresses', {
      what: 'NAT addresses are for ICE, and enable-ice is false',
      instead: 'write enable-ice=true, or remove nat-addresses',
    })
  }

  const transport = sipUriShape(snapshot.get('b2bua-server', 'transport'))
  if (transport === undefined) {
    report('warning', 'b2bua-server', 'transport', {
      what: 'the server listens on nothing',
      instead: "write e.g. 'sip:127.0.0.1:6067;transport=tcp'",
    })
  }
  const certificate = snapshot.get('b2bua', 'tls-certificates-file')
  const key = snapshot.get('b2bua', 'tls-certificates-private-key')
  const secure = transport !== undefined && transportProtocol(transport) === 'tls'
  if (secure && certificate === '' && key === '') {
    report('error', 'b2bua-server', 'transport', {
      what: 'a TLS transport needs a certificate',
      instead: `write tls-certificates-file and tls-certificates-private-key in [b2bua] of ${companion}`,
    })
  } else if ((certificate === '') !== (key === '')) {
    const [given, missing] =
      key === ''
        ? (['tls-certificates-file', 'tls-certificates-private-key'] as const)
        : (['tls-certificates-private-key', 'tls-certificates-file'] as const)
    report('error', 'b2bua', given, { what: `${given} is set without ${missing}`, instead: `write ${missing} too` })
  }

  const everywhere = transport !== undefined && ['0.0.0.0', '::', '*'].includes(transport.host)
  if (everywhere && snapshot.get('b2bua', 'media-address') === '') {
    report('warning', 'b2bua-server', 'transport', {
      what: `calls cannot be told where to send media when the host is ${transport.host}`,
      instead: `write the server's address as the host, or as media-address in [b2bua] of ${companion}`,
    })
  }

  for (const list of ['outgoing-enc-regex', 'outgoing-srtp-regex'] as const) {
    const tokens = snapshot.tokens('b2bua-server::trenscrypter', list)
    const last = tokens.at(-1)
    if (last === undefined || tokens.length % 2 === 0) continue
    const first = list === 'outgoing-enc-regex' ? 'an encryption mode' : 'crypto suites'
    report(
      'warning',
      'b2bua-server::trenscrypter',
      list,
      {
        what: 'the last word of the list has no partner and is ignored',
        instead: `write pairs of ${first} and a regex, and \\x20 for a space in a regex`,
      },
      last,
    )
  }
  return problems
}
