import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { checkFilter } from '../../src/command/check-filter.ts'
import { checkNative, isNative } from '../../src/command/check-native.ts'
import { assemble } from '../../src/config/assemble.ts'
import { formatProblem } from '../../src/config/problem.ts'

/** What is said of a file that a Flexisip shares, one problem a line. */
function adviceOn(text: string, companionText = ''): string[] {
  const { snapshot, problems } = assemble({ file: 'f', text, companion: 'c', companionText })
  assert.deepEqual(problems.map(formatProblem), [])
  return [...checkNative(snapshot), ...checkFilter(snapshot, isNative(snapshot))].map(formatProblem)
}

/** The one warning that a file gets. */
function warningOn(text: string): string {
  const advice = adviceOn(text)
  assert.equal(advice.length, 1, advice.join('\n'))
  return advice[0]!
}

const nothing: readonly string[] = []

test('a file that says nothing, and the sample file, get no advice', () => {
  assert.deepEqual(adviceOn(''), nothing)
  const sample = readFileSync(new URL('../../etc/flexisip.conf', import.meta.url), 'latin1')
  assert.deepEqual(adviceOn(sample), nothing)
})

test('nothing is said of a proxy of this program, which the companion file names', () => {
  const text = "[module::B2bua]\nfilter=request.method == 'INVITE'\n[module::Authentication]\nenabled=true\n"
  assert.equal(adviceOn(text).length, 3)
  assert.deepEqual(adviceOn(text, '[proxy]\nnext-hop=sip:127.0.0.1:5080\n'), nothing)
})

describe('module::B2bua', () => {
  test('that is not enabled is told at its first line, or where it says so', () => {
    assert.equal(
      warningOn('[global]\nplugins=x\n[module::B2bua]\nb2bua-server=sip:127.0.0.1:6067;transport=tcp\n'),
      'f:4:14: warning: module::B2bua is not enabled: the proxy sends no call to this server; write enabled=true in [module::B2bua]',
    )
    assert.match(warningOn("[module::B2bua]\nfilter=from.uri.user == 'a'\nenabled=false\n"), /^f:3:9: warning: /)
    assert.deepEqual(adviceOn('[Module::B2BUA]\nenabled=1\n'), nothing)
  })

  test('that tells INVITE from CANCEL is told', () => {
    assert.match(
      warningOn("[module::B2bua]\nenabled=true\nfilter=request.method == 'INVITE'\n"),
      /^f:3:8: warning: the filter can be true for an INVITE and false for its CANCEL.*; write a filter of From, To/,
    )
    assert.deepEqual(adviceOn("[module::B2bua]\nenabled=true\nfilter=request.method in 'INVITE CANCEL'\n"), nothing)
  })

  for (const [name, server, transport] of [
    ['another port', 'sip:127.0.0.1:6068;transport=tcp', 'sip:127.0.0.1:6067;transport=tcp'],
    ['another transport', 'sip:127.0.0.1:6067', 'sip:127.0.0.1:6067;transport=tcp'],
    ['another host', 'sip:127.0.0.1:6067;transport=tcp', 'sip:192.0.2.1:6067;transport=tcp'],
    ['another port of the same host', 'sip:192.0.2.1:6068;transport=tcp', 'sip:192.0.2.1:6067;transport=tcp'],
    ['the default port', 'sip:[::1];transport=tcp', 'sip:[::1]:6067;transport=tcp'],
  ] as const) {
    test(`that sends to ${name} than this server listens on is told`, () => {
      const warning = warningOn(
        `[b2bua-server]\ntransport=${transport}\n[module::B2bua]\nenabled=true\nb2bua-server=${server}\n`,
      )
      assert.ok(warning.startsWith(`f:5:14: warning: the proxy sends calls to '${server}', and this server listens`))
      assert.match(warning, /; write the same host, port and transport/)
    })
  }

  for (const [name, server, transport] of [
    ['the same address in other words', 'sip:LOCALHOST:5061;transport=tls', 'sips:127.0.0.1'],
    ['an address of a server that listens on all', 'sip:127.0.0.1:6067;transport=tcp', 'sip:*:6067;transport=tcp'],
    ['a port that the system chooses', 'sip:127.0.0.1:6067;transport=tcp', 'sip:127.0.0.1:0;transport=tcp'],
    ['another machine', 'sip:192.0.2.9:6068', 'sip:192.0.2.1:6067;transport=tcp'],
    ['a name', 'sip:b2bua.example.org', 'sip:192.0.2.1:6067;transport=tcp'],
  ] as const) {
    test(`that sends to ${name} is not`, () => {
      const sections = [
        `[b2bua-server]\ntransport=${transport}\n[b2bua]\n`,
        `[module::B2bua]\nenabled=true\nb2bua-server=${server}\n`,
      ]
      const { snapshot } = assemble({ file: 'f', text: sections.join(''), companion: 'c' })
      assert.deepEqual(checkNative(snapshot), nothing)
    })
  }
})

describe('outbound-proxy', () => {
  const file = (transports: string, outbound: string, more = ''): string =>
    `[global]\ntransports=${transports}\n${more}[b2bua-server]\noutbound-proxy=${outbound}\n`

  for (const [transports, outbound, better] of [
    ['sip:192.0.2.1:5060', 'sip:127.0.0.1:5060;transport=tcp', 'sip:192.0.2.1:5060;transport=tcp'],
    ['sip:*:5070', 'sip:127.0.0.1:5060;transport=tcp', 'sip:127.0.0.1:5070;transport=tcp'],
    ['sips:192.0.2.1', 'sip:192.0.2.1;transport=tcp', 'sips:192.0.2.1:5061'],
    ['sip:192.0.2.1;transport=udp', 'sip:192.0.2.1;transport=tcp', 'sip:192.0.2.1:5060;transport=udp'],
    ['sip:[2001:db8::1]:5060', 'sip:[2001:db8::2]', 'sip:[2001:db8::1]:5060;transport=tcp'],
    ['sip:a.example.org;maddr=192.0.2.1', 'sip:192.0.2.2', 'sip:192.0.2.1:5060;transport=tcp'],
    ['sip:192.0.2.1', 'sip:other.example.org', 'sip:192.0.2.1:5060;transport=tcp'],
  ] as const) {
    test(`${outbound} is told where the proxy listens on ${transports}`, () => {
      const warning = warningOn(file(transports, outbound))
      assert.match(warning, /^f:4:16: warning: the outbound-proxy '.+' is none of the transports of \[global\]/)
      assert.ok(warning.endsWith(`; write e.g. outbound-proxy=${better} in [b2bua-server]`), warning)
    })
  }

  for (const [transports, outbound, more] of [
    ['sip:*', 'sip:127.0.0.1:5060;transport=tcp', ''],
    ['sips:192.0.2.1 sip:127.0.0.1:5060;transport=tcp', 'sip:localhost:5060;transport=tcp', ''],
    ['sip:192.0.2.1', 'sip:192.0.2.1', ''],
    ['sips:sip.example.org:5061;maddr=192.0.2.1', 'sips:192.0.2.1:5061;transport=tcp', ''],
    ['sip:sip.example.org', 'sip:192.0.2.1:5060;transport=tcp', ''],
    ['sip:SIP.example.org:5070', '<sip:sip.example.org;lr>', ''],
    ['sip:192.0.2.1', 'sip:sip.example.org;transport=tcp', 'aliases=sip.example.org\n'],
    ['sip:*:*', 'sip:127.0.0.1:5060;transport=tcp', ''],
    ['sips:*', 'sip:10.0.0.8:5059;transport=tcp', '[cluster]\nenabled=1\ninternal-transport=sip:10.0.0.8:5059\n'],
  ] as const) {
    test(`${outbound} may be where the proxy listens: ${transports} ${more}`, () => {
      assert.deepEqual(adviceOn(file(transports, outbound, more)), nothing)
    })
  }

  test('that is the default is told at the transports, and a client connection is no transport', () => {
    assert.match(warningOn('[global]\ntransports=sip:192.0.2.1\n'), /^f:2:12: warning: the outbound-proxy /)
    assert.match(
      warningOn(file('sips:192.0.2.1;tls-client-connection=1', 'sips:192.0.2.1')),
      /; add it to transports in \[global\]$/,
    )
  })

  test('is not judged where the transports are the default', () => {
    assert.deepEqual(adviceOn('[b2bua-server]\noutbound-proxy=sip:192.0.2.1:5090;transport=tcp\n'), nothing)
  })
})

describe('module::Authentication', () => {
  const challenged = '[module::Authentication]\nenabled=true\n'

  test('that does not trust this server is told, with the address to add', () => {
    assert.equal(
      warningOn(challenged),
      'f:2:9: warning: the proxy does not trust 127.0.0.1: it answers 407 to the calls of this server, which has no password of the caller; add 127.0.0.1 to trusted-hosts in [module::Authentication]',
    )
    assert.match(
      warningOn(`${challenged}trusted-hosts=192.0.2.1\n[b2bua-server]\ntransport=sip:[2001:DB8::1]:6067\n`),
      /^f:3:15: warning: .* add 2001:db8::1 to trusted-hosts/,
    )
  })

  test('whose trust is not in force does not count', () => {
    assert.equal(adviceOn(`${challenged}[cluster]\nnodes=127.0.0.1\n`).length, 1)
    assert.equal(adviceOn(`${challenged}[module::AuthTrustedHosts]\ntrusted-hosts=127.0.0.1\n`).length, 1)
  })

  for (const [name, more] of [
    ['its own list', 'trusted-hosts=192.0.2.1 127.0.0.1\n'],
    ['a reference to another list', 'trusted-hosts=${module::ExternalAuthentication/trusted-hosts}\n'],
    ['the list of AuthTrustedHosts', '[module::AuthTrustedHosts]\nenabled=true\ntrusted-hosts=127.0.0.1\n'],
    ['the nodes of the cluster', '[cluster]\nenabled=true\nnodes=127.0.0.1\n'],
    ['its filter', "filter=!(user-agent contains 'Flexisip-B2BUA')\n"],
  ] as const) {
    test(`that trusts this server by ${name} is right`, () => {
      assert.deepEqual(adviceOn(challenged + more), nothing)
    })
  }

  test('is not judged where it is off', () => {
    assert.deepEqual(adviceOn('[module::Authentication]\ntrusted-hosts=192.0.2.1\n'), nothing)
  })

  test('must trust the address that faces the proxy, where this server listens on all', () => {
    const everywhere = '[b2bua-server]\ntransport=sip:0.0.0.0:6067;transport=tcp\n'
    const advice = (text: string): string[] => {
      const { snapshot } = assemble({ file: 'f', text, companion: 'c' })
      return checkNative(snapshot).map(formatProblem)
    }
    assert.match(advice(challenged + everywhere).join('\n'), /add 127\.0\.0\.1 to trusted-hosts/)
    const remote = `${everywhere}outbound-proxy=sip:proxy.example.org\n`
    assert.match(advice(challenged + remote).join('\n'), /does not trust this server's address/)
    assert.deepEqual(advice(`${challenged}trusted-hosts=192.0.2.7\n${remote}`), nothing)
  })
})

describe('module::MediaRelay', () => {
  test('that is at work on the machine of this server is told', () => {
    assert.match(
      warningOn('[module::MediaRelay]\nenabled=true\n[b2bua-server]\nuser-agent=Mine/1.0\n'),
      /^f:2:9: warning: module::MediaRelay .*; write prevent-loops=false, or filter=!\(user-agent contains 'Mine'\) in \[module::MediaRelay\]$/,
    )
    assert.match(warningOn('[module::MediaRelay]\nsdp-port-range=1024-2048\n'), /^f:2:16: warning: /)
  })

  for (const text of [
    '[module::MediaRelay]\nenabled=false\n',
    '[module::MediaRelay]\nprevent-loops=false\n',
    "[module::MediaRelay]\nfilter=!(user-agent contains 'Flexisip-B2BUA')\n",
    '[module::MediaRelay]\nenabled=true\n[b2bua-server]\noutbound-proxy=sip:192.0.2.1\n',
  ]) {
    test(`that is not in the way is not: ${text.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(adviceOn(text), nothing)
    })
  }
})
