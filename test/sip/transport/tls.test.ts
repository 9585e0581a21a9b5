import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { type TransportOptions } from '../../../src/sip/transport/transport-options.ts'
import { makeCa, type TestCa } from '../../support/sip/certificates.ts'
import { LayerEnd, requestText, TcpEnd } from '../../support/sip/transport-ends.ts'

const via = 'SIP/2.0/TLS pc.example;branch=z9hG4bKa'

interface Site {
  readonly ca: TestCa
  readonly server: LayerEnd
  readonly at: SocketAddress
}

async function site(
  t: TestContext,
  names = 'DNS:sip.example.org,IP:127.0.0.1',
  options: TransportOptions = {},
): Promise<Site> {
  const ca = makeCa(t)
  const server = new LayerEnd(t, options)
  const tls = { ...ca.issue('server', names), caFile: ca.caFile }
  return { ca, server, at: await server.layer.listen({ protocol: 'tls', host: '127.0.0.1', port: 0, tls }) }
}

test('a request and its response cross a TLS connection that both ends use again', async (t) => {
  const { ca, server, at } = await site(t)
  const client = new LayerEnd(t, { tlsClient: { caFile: ca.caFile } })
  const target = { protocol: 'tls', ...at, serverName: 'sip.example.org' } as const
  const [flow, same] = await Promise.all([client.layer.flowTo(target), client.layer.flowTo(target)])
  assert.equal(flow, same)
  assert.deepEqual([flow.protocol, flow.secure, flow.reliable], ['tls', true, true])
  flow.send(Buffer.from(requestText(via)))
  const { message, flow: incoming } = await server.messages.next()
  assert.equal(incoming.contact, `sip:127.0.0.1:${at.port};transport=tls`)
  await server.layer.respond(createResponse(message as SipRequest, 200), incoming)
  assert.equal((await client.messages.next()).message.kind, 'response')
})

const identities: readonly [string, string | undefined, boolean][] = [
  ['DNS:sip.example.org', 'sip.example.org', true],
  ['DNS:sip.example.org', 'SIP.example.org', true],
  ['URI:sip:example.org', 'example.org', true],
  ['IP:127.0.0.1', undefined, true],
  ['DNS:sip.example.org', 'example.org', false],
  ['URI:sip:example.org.evil.example', 'example.org', false],
  ['URI:sip:alice@example.org', 'example.org', false],
  ['DNS:sip.example.org', undefined, false],
]
test('the certificate must be for the domain or the address that was wanted (RFC 5922 §7.2)', async (t) => {
  for (const [names, serverName, good] of identities) {
    const { ca, at } = await site(t, names)
    const client = new LayerEnd(t, { tlsClient: { caFile: ca.caFile } })
    const flow = client.layer.flowTo({ protocol: 'tls', ...at, ...(serverName !== undefined && { serverName }) })
    if (good) assert.equal((await flow).secure, true, `${names} for ${serverName ?? 'the address'}`)
    else await assert.rejects(flow, { code: 'TRANSPORT_TLS' }, `${names} for ${serverName ?? 'the address'}`)
  }
})

test('a server whose certificate leads to no known CA is refused, and the error says what to do', async (t) => {
  const { server, at } = await site(t)
  const client = new LayerEnd(t)
  await assert.rejects(
    client.layer.flowTo({ protocol: 'tls', ...at, serverName: 'sip.example.org' }),
    (error: Error) => {
      assert.match(error.message, /tls 127\.0\.0\.1:\d+ \(sip\.example\.org\): .*name the file of its CA/)
      return true
    },
  )
  assert.equal(client.layer.counts().connections, 0)
  assert.equal(server.messages.length, 0)
})

test('nothing older than TLS 1.2 is spoken', async (t) => {
  const { server, at } = await site(t)
  const old = connect({
    ...at,
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL:@SECLEVEL=0',
  })
  t.after(() => old.destroy())
  await assert.rejects(once(old, 'secureConnect'))
  assert.equal(await server.refused.next(), 'TRANSPORT_TLS')
})

test('a client that speaks no TLS is refused; a handshake that never comes ends; others are served', async (t) => {
  const { ca, server, at } = await site(t, undefined, { firstMessageTimeout: 100 })
  const plain = await TcpEnd.connect(t, at)
  plain.socket.write(requestText(via))
  await plain.end()
  const silent = await TcpEnd.connect(t, at)
  await silent.end()
  assert.deepEqual([await server.refused.next(), await server.refused.next()], ['TRANSPORT_TLS', 'TRANSPORT_TLS'])
  const client = new LayerEnd(t, { tlsClient: { caFile: ca.caFile } })
  const flow = await client.layer.flowTo({ protocol: 'tls', ...at })
  flow.send(Buffer.from(requestText(via)))
  await server.messages.next()
  assert.equal(server.layer.counts().incoming, 1)
})

test('silent TLS handshakes make room for others at the limit', async (t) => {
  const { ca, server, at } = await site(t, undefined, { maxConnections: 5 })
  const silent: TcpEnd[] = []
  for (let i = 0; i < 10; i++) silent.push(await TcpEnd.connect(t, at))
  const client = new LayerEnd(t, { tlsClient: { caFile: ca.caFile } })
  const flow = await client.layer.flowTo({ protocol: 'tls', ...at })
  flow.send(Buffer.from(requestText(via)))
  await server.messages.next()
  await Promise.all(silent.slice(0, 5).map((one) => one.end()))
  assert.equal(server.layer.counts().incoming, 5)
})

test('a connection that a TLS peer opened is used for requests only to the name that its certificate shows (RFC 5923)', async (t) => {
  const { ca, server, at } = await site(t)
  const named = ca.issue('proxy', 'DNS:proxy.example.org')
  const others = makeCa(t)
  const clients = {
    shown: { caFile: ca.caFile, ...named },
    none: { caFile: ca.caFile },
    'of another CA': { caFile: ca.caFile, ...others.issue('proxy', 'DNS:proxy.example.org') },
  }
  for (const [which, tlsClient] of Object.entries(clients)) {
    const client = new LayerEnd(t, { tlsClient })
    const flow = await client.layer.flowTo({ protocol: 'tls', ...at })
    const incoming = await server.opened.next()
    const target = { protocol: 'tls', host: '127.0.0.1', port: flow.local.port } as const
    const reached = server.layer.flowTo({ ...target, serverName: 'proxy.example.org' })
    if (which === 'shown') assert.equal(await reached, incoming)
    else await assert.rejects(reached, { code: 'TRANSPORT_REFUSED' }, which)
    await assert.rejects(server.layer.flowTo({ ...target, serverName: 'bank.example' }), { code: 'TRANSPORT_REFUSED' })
  }
})

test('a point that listens by name is named in Via and Contact, which peers check certificates against', async (t) => {
  const ca = makeCa(t)
  const server = new LayerEnd(t)
  const tls = ca.issue('server', 'DNS:localhost')
  const at = await server.layer.listen({ protocol: 'tls', host: 'localhost', port: 0, tls })
  const socket = connect({ port: at.port, host: at.host, servername: 'localhost', ca: readFileSync(ca.caFile) })
  const peer = TcpEnd.of(t, socket)
  await once(socket, 'secureConnect')
  peer.socket.write(requestText(via))
  const { flow } = await server.messages.next()
  assert.equal(flow.sentBy, `localhost:${at.port}`)
  assert.equal(flow.contact, `sip:localhost:${at.port};transport=tls`)
})

test('certificate files that are missing or no pair are named when listening', async (t) => {
  const ca = makeCa(t)
  const [one, two] = [ca.issue('one', 'DNS:one'), ca.issue('two', 'DNS:two')]
  const { layer } = new LayerEnd(t)
  const spec = { protocol: 'tls', host: '127.0.0.1', port: 0 } as const
  await assert.rejects(layer.listen(spec), { code: 'TRANSPORT_TLS', message: /certificate file and a key file/ })
  await assert.rejects(
    layer.listen({ ...spec, tls: { ...one, keyFile: '/nonexistent.pem' } }),
    /key: .*nonexistent\.pem/,
  )
  await assert.rejects(
    layer.listen({ ...spec, tls: { ...one, keyFile: two.keyFile } }),
    /two\.key are no certificate and its key/,
  )
})
