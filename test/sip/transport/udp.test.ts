import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { type TransportError } from '../../../src/sip/transport/transport-error.ts'
import { LayerEnd, noIpv6, requestText, UdpEnd } from '../../support/sip/transport-ends.ts'

async function listening(end: LayerEnd, host = '127.0.0.1'): Promise<SocketAddress> {
  return end.layer.listen({ protocol: 'udp', host, port: 0 })
}

async function answered(end: LayerEnd, status = 200): Promise<SipRequest> {
  const { message, flow } = await end.messages.next()
  assert.equal(message.kind, 'request')
  await end.layer.respond(createResponse(message, status), flow)
  return message
}

for (const host of ['127.0.0.1', '::1']) {
  const options = { skip: host === '::1' && noIpv6 }
  test(
    `${host}: a request with rport is answered where it came from, from the socket it came to (RFC 3581)`,
    options,
    async (t) => {
      const end = new LayerEnd(t)
      const at = await listening(end, host)
      const phone = await UdpEnd.bind(t, host)
      phone.send(requestText('SIP/2.0/UDP pc.example:9;rport;branch=z9hG4bKa'), at)
      const request = await answered(end)
      assert.equal(
        request.headers.get('Via'),
        `SIP/2.0/UDP pc.example:9;branch=z9hG4bKa;received=${host};rport=${phone.port}`,
      )
      const [answer] = await Promise.all([phone.datagrams.next()])
      assert.match(answer, /^SIP\/2\.0 200 /)
      assert.ok(answer.includes(`Via: ${request.headers.get('Via')!}`))
    },
  )
}

test('without rport the response goes to the port of sent-by, at the address of the source (RFC 3261 §18.2.2)', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const [source, sentBy] = [await UdpEnd.bind(t), await UdpEnd.bind(t)]
  source.send(requestText(`SIP/2.0/UDP pc.example:${sentBy.port};branch=z9hG4bKa`), at)
  await answered(end)
  assert.match(await sentBy.datagrams.next(), /^SIP\/2\.0 200 /)
  assert.equal(source.datagrams.length, 0)
})

test('the response never goes to a third party that the sender names by received, rport or maddr', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const [source, victim] = [await UdpEnd.bind(t), await UdpEnd.bind(t)]
  const forged = `;received=127.0.0.1;rport=${victim.port};maddr=127.0.0.1`
  source.send(requestText(`SIP/2.0/UDP 127.0.0.1:${victim.port};branch=z9hG4bKa${forged}`), at)
  await answered(end)
  assert.match(await source.datagrams.next(), /^SIP\/2\.0 200 /)
  assert.equal(victim.datagrams.length, 0)
})

test('keep-alive datagrams are no messages', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const phone = await UdpEnd.bind(t)
  for (const nothing of ['\r\n\r\n', '\r\n', '', '\0\0\0\0']) phone.send(nothing, at)
  phone.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa'), at)
  await end.messages.next()
  assert.equal(end.malformed.length, 0)
  assert.equal(phone.datagrams.length, 0)
})

test('a malformed request is answered 400 where it can be, else dropped; the socket lives on', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const phone = await UdpEnd.bind(t)
  const good = requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa')
  phone.send('\xff\x00\x01 nonsense', at)
  phone.send(good.replace(/^Via:.*\r\n/m, ''), at)
  phone.send(good.replace(/^Via:.*$/m, 'Via: nonsense'), at)
  phone.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa', { method: 'ACK' }).replace('CSeq: 1', 'CSeq: x'), at)
  phone.send(good.replace(/^Call-ID:.*\r\n/m, ''), at)
  const answer = await phone.datagrams.next()
  assert.match(answer, /^SIP\/2\.0 400 /)
  assert.match(answer, /Via: SIP\/2\.0\/UDP pc;branch=z9hG4bKa;received=127\.0\.0\.1;rport=\d+/)
  assert.match(answer, /^To: .*;tag=/m)
  phone.send(good, at)
  await end.messages.next()
  assert.equal(phone.datagrams.length, 0)
  assert.equal(end.malformed.length, 5)
})

test('requests leave from the socket that is listened on, which Via and Contact name', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const peer = await UdpEnd.bind(t)
  const flow = await end.layer.flowTo({ protocol: 'udp', host: '127.0.0.1', port: peer.port })
  assert.equal(flow.sentBy, `127.0.0.1:${at.port}`)
  assert.equal(flow.contact, `sip:127.0.0.1:${at.port}`)
  assert.deepEqual([flow.reliable, flow.secure, flow.closed], [false, false, false])
  const came = new Promise((resolve) => peer.socket.once('message', (_bytes, from) => resolve(from.port)))
  flow.send(Buffer.from('hello'))
  assert.equal(await came, at.port)
})

test('without a listening socket a client socket on the address that faces the peer serves all, and takes requests', async (t) => {
  const end = new LayerEnd(t)
  const peer = await UdpEnd.bind(t)
  const target = { protocol: 'udp', host: '127.0.0.1', port: peer.port } as const
  const [one, two] = await Promise.all([end.layer.flowTo(target), end.layer.flowTo({ ...target, port: 9 })])
  assert.equal(one.local.host, '127.0.0.1')
  assert.deepEqual(one.local, two.local)
  peer.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa'), one.local)
  await answered(end)
  assert.match(await peer.datagrams.next(), /^SIP\/2\.0 200 /)
})

test('each family has its own socket', { skip: noIpv6 }, async (t) => {
  const end = new LayerEnd(t)
  const [four, six] = [await listening(end), await listening(end, '::1')]
  const flows = await Promise.all(
    ['127.0.0.1', '::1'].map((host) => end.layer.flowTo({ protocol: 'udp', host, port: 9 })),
  )
  assert.deepEqual(
    flows.map(({ sentBy }) => sentBy),
    [`127.0.0.1:${four.port}`, `[::1]:${six.port}`],
  )
})

test('a socket on every address names the one that faces the peer', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end, '0.0.0.0')
  const phone = await UdpEnd.bind(t)
  phone.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa'), { host: '127.0.0.1', port: at.port })
  const { flow } = await end.messages.next()
  assert.equal(flow.contact, `sip:127.0.0.1:${at.port}`)
})

test('a peer that answers with ICMP errors harms nobody', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const gone = await UdpEnd.bind(t)
  const flow = await end.layer.flowTo({ protocol: 'udp', host: '127.0.0.1', port: gone.port })
  await new Promise<void>((resolve) => gone.socket.once('close', resolve).close())
  t.mock.method(gone.socket, 'close', () => undefined) // closed already
  for (let i = 0; i < 5; i++) flow.send(Buffer.from('hello'))
  const phone = await UdpEnd.bind(t)
  phone.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa'), at)
  await answered(end)
  assert.match(await phone.datagrams.next(), /^SIP\/2\.0 200 /)
})

test('a datagram that cannot leave is told to its sender', async (t) => {
  const end = new LayerEnd(t)
  await listening(end)
  const flow = await end.layer.flowTo({ protocol: 'udp', host: '127.0.0.1', port: 9 })
  const tooLarge = await new Promise<TransportError>((resolve) => flow.send(Buffer.alloc(66_000), resolve))
  assert.equal(tooLarge.code, 'TRANSPORT_UNREACHABLE')
  await end.layer.close()
  assert.equal(flow.closed, true)
  const closed = await new Promise<TransportError>((resolve) => flow.send(Buffer.from('x'), resolve))
  assert.equal(closed.code, 'TRANSPORT_CLOSED')
})

test('a request of nearly 64 KiB is taken whole', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const phone = await UdpEnd.bind(t)
  phone.send(requestText('SIP/2.0/UDP pc;rport;branch=z9hG4bKa', { body: 'x'.repeat(64_000) }), at)
  const { message } = await end.messages.next()
  assert.equal(message.body.length, 64_000)
})

test('what would go to port 0 fails, as everything else that cannot leave', async (t) => {
  const end = new LayerEnd(t)
  const at = await listening(end)
  const flow = await end.layer.flowTo({ protocol: 'udp', host: '127.0.0.1', port: 0 })
  const error = await new Promise<TransportError>((resolve) => flow.send(Buffer.from('x'), resolve))
  assert.equal(error.code, 'TRANSPORT_UNREACHABLE')
  const phone = await UdpEnd.bind(t)
  phone.send(requestText('SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKa'), at)
  await assert.rejects(answered(end), { code: 'TRANSPORT_UNREACHABLE' })
})
