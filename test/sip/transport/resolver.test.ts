import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUri } from '../../../src/sip/message/uri.ts'
import {
  type DnsAnswer,
  type DnsClient,
  type NaptrRecord,
  type SrvRecord,
} from '../../../src/sip/transport/dns-client.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'

interface Zone {
  hosts?: Record<string, string[]>
  naptr?: Record<string, NaptrRecord[]>
  srv?: Record<string, SrvRecord[]>
  a?: Record<string, string[]>
  aaaa?: Record<string, string[]>
  lookup?: Record<string, string[]>
  /** Questions, e.g. `naptr example.org`, that fail, and with what code. */
  failing?: Record<string, string>
}

/** A name server of a test: answers from tables, and says what it was asked. */
function dns(zone: Zone): DnsClient & { readonly asked: string[] } {
  const asked: string[] = []
  function from<T>(type: string, table: Record<string, T[]> | undefined) {
    return (name: string): Promise<DnsAnswer<T>> => {
      asked.push(`${type} ${name}`)
      const code = zone.failing?.[`${type} ${name}`]
      if (code !== undefined) return Promise.reject(Object.assign(new Error(`query ${code}`), { code }))
      return Promise.resolve({ records: table?.[name] ?? [], ttl: 30 })
    }
  }
  return {
    asked,
    hosts: from('hosts', zone.hosts),
    naptr: from('naptr', zone.naptr),
    srv: from('srv', zone.srv),
    a: from('a', zone.a),
    aaaa: from('aaaa', zone.aaaa),
    lookup: from('lookup', zone.lookup),
  }
}

const naptr = (order: number, preference: number, service: string, replacement: string, flags = 's') => ({
  order,
  preference,
  flags,
  service,
  replacement,
})
const srv = (priority: number, name: string, port: number, weight = 0) => ({ priority, weight, port, name })

/** Targets as `protocol host port[ serverName]`. */
async function resolve(uri: string, zone: Zone = {}, random = () => 0): Promise<string[]> {
  const targets = await new Resolver({ dns: dns(zone), random }).resolve(parseUri(uri))
  return targets.map((one) => [one.protocol, one.host, one.port, ...(one.serverName ? [one.serverName] : [])].join(' '))
}

const numeric: readonly [string, string][] = [
  ['sip:192.0.2.1', 'udp 192.0.2.1 5060'],
  ['sip:192.0.2.1:6067', 'udp 192.0.2.1 6067'],
  ['sip:192.0.2.1:6067;transport=tcp', 'tcp 192.0.2.1 6067'],
  ['sip:192.0.2.1;transport=TCP', 'tcp 192.0.2.1 5060'],
  ['sip:192.0.2.1;transport=tls', 'tls 192.0.2.1 5061'],
  ['sips:192.0.2.1', 'tls 192.0.2.1 5061'],
  ['sips:192.0.2.1;transport=tcp', 'tls 192.0.2.1 5061'],
  ['sip:[2001:db8::1]:6067', 'udp 2001:db8::1 6067'],
  ['sip:alice@a.example;maddr=192.0.2.9', 'udp 192.0.2.9 5060'],
  ['sips:alice@a.example;maddr=192.0.2.9', 'tls 192.0.2.9 5061 a.example'],
]
for (const [uri, target] of numeric) {
  test(`${uri} is ${target}, without a question`, async () => {
    const client = dns({})
    assert.deepEqual(await resolve(uri), [target])
    await new Resolver({ dns: client }).resolve(parseUri(uri))
    assert.deepEqual(client.asked, [])
  })
}

const addresses = { a: { 'a.example': ['192.0.2.1', '192.0.2.2'] }, aaaa: { 'a.example': ['2001:db8::1'] } }

test('a name with a port is looked up as an address only (RFC 3263 §4.2)', async () => {
  const client = dns({ ...addresses, naptr: { 'a.example': [naptr(1, 1, 'SIP+D2T', '_sip._tcp.a.example')] } })
  const targets = await new Resolver({ dns: client }).resolve(parseUri('sip:a.example:6067'))
  assert.deepEqual(targets, [
    { protocol: 'udp', host: '192.0.2.1', port: 6067 },
    { protocol: 'udp', host: '192.0.2.2', port: 6067 },
    { protocol: 'udp', host: '2001:db8::1', port: 6067 },
  ])
  assert.deepEqual(client.asked, ['hosts a.example', 'a a.example', 'aaaa a.example'])
})

test('NAPTR says the transports by order, then preference (RFC 3263 §4.1, its example)', async () => {
  const zone = {
    naptr: {
      'example.com': [
        naptr(100, 50, 'SIP+D2U', '_sip._udp.example.com'),
        naptr(90, 50, 'SIP+D2T', '_sip._tcp.example.com'),
        naptr(50, 50, 'SIPS+D2T', '_sips._tcp.example.com'),
        naptr(10, 10, 'SIP+D2S', '_sip._sctp.example.com'), // not spoken here
        naptr(10, 10, 'E2U+sip', '', 'u'),
      ],
    },
    srv: {
      '_sip._udp.example.com': [srv(0, 'u.example.com', 5060)],
      '_sip._tcp.example.com': [srv(0, 'server1.example.com', 5060), srv(1, 'server2.example.com', 5070)],
      '_sips._tcp.example.com': [srv(0, 'server1.example.com', 5061)],
    },
    a: { 'server1.example.com': ['192.0.2.1'], 'server2.example.com': ['192.0.2.2'], 'u.example.com': ['192.0.2.3'] },
  }
  assert.deepEqual(await resolve('sip:user@example.com', zone), [
    'tls 192.0.2.1 5061 example.com',
    'tcp 192.0.2.1 5060',
    'tcp 192.0.2.2 5070',
    'udp 192.0.2.3 5060',
  ])
  assert.deepEqual(await resolve('sips:user@example.com', zone), ['tls 192.0.2.1 5061 example.com'])
})

test('without NAPTR the SRV records of each transport are asked for, UDP first', async () => {
  const zone = {
    srv: { '_sip._tcp.a.example': [srv(0, 't.example', 5070)], '_sip._udp.a.example': [srv(0, 'u.example', 5080)] },
    a: { 't.example': ['192.0.2.1'], 'u.example': ['192.0.2.2'] },
  }
  assert.deepEqual(await resolve('sip:a.example', zone), ['udp 192.0.2.2 5080', 'tcp 192.0.2.1 5070'])
})

test('transport= asks for the SRV records of that transport only', async () => {
  const client = dns({ srv: { '_sip._tcp.a.example': [srv(0, 'a.example', 5070)] }, ...addresses })
  const targets = await new Resolver({ dns: client }).resolve(parseUri('sip:a.example;transport=tcp'))
  assert.deepEqual(targets[0], { protocol: 'tcp', host: '192.0.2.1', port: 5070 })
  assert.ok(!client.asked.some((one) => one.startsWith('naptr') || one.includes('_udp')))
})

test('SRV: priorities are tried in their order, weights by the injected draw', async () => {
  const zone = {
    srv: { '_sip._udp.a.example': [srv(2, 'c', 3), srv(1, 'a', 1, 10), srv(1, 'b', 2, 90)] },
    a: { a: ['192.0.2.1'], b: ['192.0.2.2'], c: ['192.0.2.3'] },
  }
  const uri = 'sip:a.example;transport=udp'
  assert.deepEqual(await resolve(uri, zone, () => 0), ['udp 192.0.2.1 1', 'udp 192.0.2.2 2', 'udp 192.0.2.3 3'])
  assert.deepEqual(await resolve(uri, zone, () => 0.5), ['udp 192.0.2.2 2', 'udp 192.0.2.1 1', 'udp 192.0.2.3 3'])
})

test('the certificate must be for the domain of the URI, not for the host that SRV names (RFC 5922 §7.2)', async () => {
  const zone = {
    srv: { '_sips._tcp.a.example': [srv(0, 'host.elsewhere', 5061)] },
    a: { 'host.elsewhere': ['192.0.2.1'] },
  }
  assert.deepEqual(await resolve('sips:a.example', zone), ['tls 192.0.2.1 5061 a.example'])
})

test('a domain with neither NAPTR nor SRV is its addresses at the default port', async () => {
  assert.deepEqual(await resolve('sip:a.example', addresses), [
    'udp 192.0.2.1 5060',
    'udp 192.0.2.2 5060',
    'udp 2001:db8::1 5060',
  ])
  assert.deepEqual((await resolve('sips:a.example', addresses))[0], 'tls 192.0.2.1 5061 a.example')
})

test('an SRV target without address gives way to the next', async () => {
  const zone = { srv: { '_sip._udp.a.example': [srv(0, 'gone', 1), srv(1, 'there', 2)] }, a: { there: ['192.0.2.2'] } }
  assert.deepEqual(await resolve('sip:a.example;transport=udp', zone), ['udp 192.0.2.2 2'])
})

test('the SRV target "." says that there is no such service (RFC 2782)', async () => {
  const zone = { srv: { '_sip._tcp.a.example': [srv(0, '', 0)] }, ...addresses }
  await assert.rejects(resolve('sip:a.example;transport=tcp', zone), /a\.example offers no SIP over tcp/)
})

test('questions for services that fail are as good as none: many firewalls know only addresses', async () => {
  const failing = { 'naptr a.example': 'ESERVFAIL', 'srv _sip._udp.a.example': 'ETIMEOUT' }
  assert.deepEqual((await resolve('sip:a.example', { ...addresses, failing }))[0], 'udp 192.0.2.1 5060')
})

test('one family that fails leaves the other', async () => {
  const zone = { a: { 'a.example': ['192.0.2.1'] }, failing: { 'aaaa a.example': 'ESERVFAIL' } }
  assert.deepEqual(await resolve('sip:a.example:5060', zone), ['udp 192.0.2.1 5060'])
})

test('the host table goes before DNS', async () => {
  const zone = { ...addresses, hosts: { 'a.example': ['10.0.0.1'] } }
  assert.deepEqual(await resolve('sip:a.example;transport=tcp', zone), ['tcp 10.0.0.1 5060'])
})

test('what DNS does not know, the machine may know otherwise', async () => {
  assert.deepEqual(await resolve('sip:proxy:5060', { lookup: { proxy: ['10.0.0.7'] } }), ['udp 10.0.0.7 5060'])
})

test('localhost is known without a name server', async () => {
  const [first] = await new Resolver().resolve(parseUri('sip:localhost:5060;transport=tcp'))
  assert.equal(first?.port, 5060)
  assert.ok(['127.0.0.1', '::1'].includes(first.host))
})

test('names are compared without case, and a final dot means nothing', async () => {
  assert.deepEqual((await resolve('sip:A.Example.:5060', addresses))[0], 'udp 192.0.2.1 5060')
})

test('a zone that lists hundreds of servers yields few targets', async () => {
  const many = Array.from({ length: 500 }, (_, i) => srv(i, `h${i}`, 5060))
  const a = Object.fromEntries(many.map(({ name }) => [name, ['192.0.2.1', '192.0.2.2']]))
  assert.equal((await resolve('sip:a.example', { srv: { '_sip._udp.a.example': many }, a })).length, 16)
})

const failures: readonly [string, Zone, string, number, RegExp][] = [
  ['sip:nowhere.example:5060', {}, 'TRANSPORT_RESOLVE', 503, /nowhere\.example cannot be resolved/],
  ['sip:nowhere.example', {}, 'TRANSPORT_RESOLVE', 503, /nowhere\.example cannot be resolved/],
  ['sip:a.example:1', { failing: { 'a a.example': 'ETIMEOUT' } }, 'TRANSPORT_TIMEOUT', 504, /answers for a\.example/],
  [
    'sip:a.example:1',
    { failing: { 'lookup a.example': 'EAI_AGAIN' } },
    'TRANSPORT_RESOLVE',
    503,
    /a\.example.*EAI_AGAIN/,
  ],
  ['sip:a.example:1', { failing: { 'hosts a.example': 'EACCES' } }, 'TRANSPORT_RESOLVE', 503, /a\.example.*EACCES/],
  ['tel:+33123', {}, 'TRANSPORT_RESOLVE', 503, /tel URI/],
  ['sip:a.example;transport=sctp', {}, 'TRANSPORT_RESOLVE', 503, /transport=sctp/],
  ['sips:a.example;transport=udp', {}, 'TRANSPORT_RESOLVE', 503, /sips URI with transport=udp/],
]
for (const [uri, zone, code, status, message] of failures) {
  test(`${uri} with ${JSON.stringify(zone.failing ?? {})} fails as ${code} ${status}, the name in the message`, async () => {
    await assert.rejects(resolve(uri, zone), (error) => {
      assert.ok(error instanceof TransportError)
      assert.equal(error.code, code)
      assert.equal(error.status, status)
      assert.match(error.message, message)
      return true
    })
  })
}
