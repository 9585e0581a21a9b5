import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LayerEnd, requestText, TcpEnd, UdpEnd } from '../../support/sip/transport-ends.ts'

const host = '127.0.0.1'

test('a connection is found by both of its ends as long as it is open', async (t) => {
  const server = new LayerEnd(t)
  const client = new LayerEnd(t)
  const at = await server.layer.listen({ protocol: 'tcp', host, port: 0 })
  const outgoing = await client.layer.flowTo({ protocol: 'tcp', ...at })
  const incoming = await server.opened.next()
  assert.equal(server.layer.existing('tcp', incoming.local, incoming.remote), incoming)
  assert.equal(client.layer.existing('tcp', outgoing.local, outgoing.remote), outgoing)
  const other = { host, port: incoming.remote.port + 1 }
  assert.equal(server.layer.existing('tcp', incoming.local, other), undefined)
  assert.equal(server.layer.existing('tcp', other, incoming.remote), undefined)
  assert.equal(server.layer.existing('tls', incoming.local, incoming.remote), undefined)
  await client.layer.close()
  await server.closed.next()
  assert.equal(server.layer.existing('tcp', incoming.local, incoming.remote), undefined)
})

test('of many connections of one peer each is found', async (t) => {
  const server = new LayerEnd(t)
  const at = await server.layer.listen({ protocol: 'tcp', host, port: 0 })
  for (let i = 0; i < 20; i++) await TcpEnd.connect(t, at)
  for (let i = 0; i < 20; i++) {
    const flow = await server.opened.next()
    assert.equal(server.layer.existing('tcp', flow.local, flow.remote), flow)
  }
})

for (const bound of [host, '0.0.0.0']) {
  test(`a UDP socket on ${bound} is found by the address that the peer sees, and by no other`, async (t) => {
    const server = new LayerEnd(t)
    const { port } = await server.layer.listen({ protocol: 'udp', host: bound, port: 0 })
    const phone = await UdpEnd.bind(t)
    phone.send(requestText('SIP/2.0/UDP pc.example;branch=z9hG4bKa'), { host, port })
    const { flow } = await server.messages.next()
    const found = server.layer.existing('udp', flow.local, flow.remote)
    assert.deepEqual([found?.local, found?.remote], [flow.local, flow.remote])
    found?.send(Buffer.from(requestText('SIP/2.0/UDP b.example;branch=z9hG4bKb')))
    assert.match(await phone.datagrams.next(), /^OPTIONS /)
    assert.equal(server.layer.existing('udp', { host, port: port + 1 }, flow.remote), undefined)
    assert.equal(server.layer.existing('udp', { host: '192.0.2.7', port }, flow.remote), undefined)
    assert.equal(server.layer.existing('udp', flow.local, { host: '::1', port: 5060 }), undefined)
    await server.layer.close()
    assert.equal(server.layer.existing('udp', flow.local, flow.remote), undefined)
  })
}
