import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { type SocketAddress, type Target } from '../../../src/sip/transport/flow.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'
import { LayerEnd, noIpv6, requestText, TcpEnd, tcpServer } from '../../support/sip/transport-ends.ts'

const via = 'SIP/2.0/TCP pc.example;branch=z9hG4bKa'

async function listening(t: TestContext, host = '127.0.0.1'): Promise<{ end: LayerEnd; at: SocketAddress }> {
  const end = new LayerEnd(t)
  return { end, at: await end.layer.listen({ protocol: 'tcp', host, port: 0 }) }
}

const tcp = (address: SocketAddress): Target => ({ protocol: 'tcp', ...address })

for (const host of ['127.0.0.1', '::1']) {
  const options = { skip: host === '::1' && noIpv6 }
  test(`${host}: a request is answered on its connection, received in its Via`, options, async (t) => {
    const { end, at } = await listening(t, host)
    const phone = await TcpEnd.connect(t, at)
    phone.socket.write(requestText(`${via};rport`))
    const { message, flow } = await end.messages.next()
    assert.equal(flow.contact, `sip:${host === '::1' ? '[::1]' : host}:${at.port};transport=tcp`)
    assert.deepEqual([flow.reliable, flow.secure], [true, false])
    assert.equal(flow.remote.port, phone.socket.localPort)
    await end.layer.respond(createResponse(message as SipRequest, 200), flow)
    const answer = await phone.until('\r\n\r\n')
    assert.match(answer, /^SIP\/2\.0 200 /)
    assert.ok(answer.includes(`${via};received=${host};rport=${phone.socket.localPort!}`))
  })
}

test('a message split at every byte is the same message', async (t) => {
  const { end, at } = await listening(t)
  const bytes = Buffer.from(requestText(via, { body: 'v=0 \r\n\r\n' }), 'latin1')
  const phone = await TcpEnd.connect(t, at)
  phone.socket.setNoDelay(true)
  for (let cut = 1; cut < bytes.length; cut++) {
    phone.socket.write(bytes.subarray(0, cut))
    await new Promise<void>((resolve) => setImmediate(resolve)) // so that the kernel does not put both parts together
    phone.socket.write(bytes.subarray(cut))
    const { message } = await end.messages.next()
    assert.equal(message.body.toString(), 'v=0 \r\n\r\n')
    assert.equal((message as SipRequest).uri, 'sip:b2bua@example.org')
  }
  assert.equal(end.malformed.length, 0)
})

test('several messages in one packet come one by one, keep-alives between them are answered', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText(via, { cseq: 1 }) + '\r\n\r\n' + requestText(via, { cseq: 2 }))
  for (const cseq of ['1 OPTIONS', '2 OPTIONS']) {
    assert.equal((await end.messages.next()).message.headers.get('CSeq'), cseq)
  }
  assert.equal(await phone.until('\r\n'), '\r\n') // RFC 5626 §4.4.1: one CRLF, the pong
})

test('a malformed request is answered 400, and the connection lives on', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText(via).replace('CSeq: 1', 'CSeq: x'))
  assert.match(await phone.until('\r\n\r\n'), /^SIP\/2\.0 400 /)
  phone.socket.write(requestText(via))
  await end.messages.next()
  assert.equal(end.ends.length, 0)
})

test('when nobody can tell where the next message begins, the sender is told 400 and the connection closed', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText(via).replace('Content-Length: 0', 'Content-Length: lie'))
  assert.match(await phone.until('\r\n\r\n'), /^SIP\/2\.0 400 /)
  await phone.end()
  assert.equal(await end.ends.next(), 'TRANSPORT_FRAMING')
})

test('a head that never ends is cut off at 64 KiB', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(`OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(70_000)}`)
  assert.equal(await end.ends.next(), 'TRANSPORT_FRAMING')
  await phone.end()
})

test('a connection is used again for the same target, and shared while it is opened', async (t) => {
  const end = new LayerEnd(t)
  const { address, connections } = await tcpServer(t)
  const flows = await Promise.all([1, 2, 3].map(() => end.layer.flowTo(tcp(address))))
  assert.equal(new Set(flows).size, 1)
  assert.equal(await end.layer.flowTo(tcp(address)), flows[0])
  const peer = await connections.next()
  assert.equal(connections.length, 0)
  flows[0]!.send(Buffer.from(requestText(via)))
  await peer.until('\r\n\r\n')
  assert.equal(end.layer.counts().connections, 1)
})

test('a connection that the peer opened is used for requests to exactly its address', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  const incoming = await end.opened.next()
  const host = '127.0.0.1'
  assert.equal(await end.layer.flowTo({ protocol: 'tcp', host, port: phone.socket.localPort! }), incoming)
  await assert.rejects(end.layer.flowTo({ protocol: 'tcp', host, port: 1 }), { code: 'TRANSPORT_REFUSED' })
})

test('after a connection has closed, the next request opens a new one', async (t) => {
  const end = new LayerEnd(t)
  const { address, connections } = await tcpServer(t)
  const first = await end.layer.flowTo(tcp(address))
  ;(await connections.next()).socket.destroy()
  await end.closed.next()
  assert.equal(first.closed, true)
  const second = await end.layer.flowTo(tcp(address))
  assert.notEqual(second, first)
  assert.equal(second.closed, false)
})

test('a refused connection is told at once as 503, and nothing of it stays', async (t) => {
  const end = new LayerEnd(t)
  const { address, server } = await tcpServer(t)
  await new Promise((resolve) => server.close(resolve))
  await assert.rejects(end.layer.flowTo(tcp(address)), (error) => {
    assert.ok(error instanceof TransportError)
    assert.deepEqual([error.code, error.status], ['TRANSPORT_REFUSED', 503])
    assert.ok(error.message.includes(`127.0.0.1:${address.port}`))
    return true
  })
  assert.deepEqual(end.layer.counts(), { connections: 0, incoming: 0, opening: 0 })
})

test('Via and Contact of a connection that we opened name the listening point, or the own end without one', async (t) => {
  const { end, at } = await listening(t)
  const { address } = await tcpServer(t)
  const flow = await end.layer.flowTo(tcp(address))
  assert.equal(flow.sentBy, `127.0.0.1:${at.port}`)
  assert.equal(flow.contact, `sip:127.0.0.1:${at.port};transport=tcp`)
  const client = new LayerEnd(t)
  const own = await client.layer.flowTo(tcp(address))
  assert.equal(own.sentBy, `127.0.0.1:${own.local.port}`)
})

test('a response whose connection has gone opens a new one to sent-by (RFC 3261 §18.2.2)', async (t) => {
  const { end, at } = await listening(t)
  const { address, connections } = await tcpServer(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText(`SIP/2.0/TCP pc.example:${address.port};branch=z9hG4bKa`))
  const { message, flow } = await end.messages.next()
  phone.socket.destroy()
  await end.closed.next()
  await end.layer.respond(createResponse(message as SipRequest, 200), flow)
  assert.match(await (await connections.next()).until('\r\n\r\n'), /^SIP\/2\.0 200 /)
})

test('a response that nobody takes any more is an error of respond, not of the process', async (t) => {
  const { end, at } = await listening(t)
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText('SIP/2.0/TCP pc.example:1;branch=z9hG4bKa'))
  const { message, flow } = await end.messages.next()
  phone.socket.resetAndDestroy()
  await end.closed.next()
  await assert.rejects(end.layer.respond(createResponse(message as SipRequest, 200), flow), {
    code: 'TRANSPORT_REFUSED',
  })
})

test('a closed connection is told once, whoever closed it and how', async (t) => {
  const { end, at } = await listening(t)
  for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const phone = await TcpEnd.connect(t, at)
    phone.socket.write(requestText(via))
    const { flow } = await end.messages.next()
    phone.socket[how]()
    assert.equal(await end.closed.next(), flow)
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.equal(end.closed.length, 0)
    const error = await new Promise<TransportError>((resolve) => flow.send(Buffer.from('x'), resolve))
    assert.equal(error.code, 'TRANSPORT_CLOSED')
  }
})

test('a handler that throws harms neither the connection nor the messages behind', async (t) => {
  const { end, at } = await listening(t)
  const thrown: unknown[] = []
  const { onMessage } = end.layer
  end.layer.onHandlerError = (error) => thrown.push(error)
  end.layer.onMessage = (message, flow) => {
    onMessage(message, flow)
    throw new Error('of the handler')
  }
  const phone = await TcpEnd.connect(t, at)
  phone.socket.write(requestText(via, { cseq: 1 }) + requestText(via, { cseq: 2 }))
  await end.messages.next()
  await end.messages.next()
  assert.equal(thrown.length, 2)
  assert.equal(end.ends.length, 0)
})

test('close lets what was sent before leave, and refuses what comes after', async (t) => {
  const end = new LayerEnd(t)
  const { address, connections } = await tcpServer(t)
  const flow = await end.layer.flowTo(tcp(address))
  const peer = await connections.next()
  flow.send(Buffer.from(`${'x'.repeat(100_000)}last`))
  const closed = end.layer.close()
  await peer.until('last')
  await closed
  await peer.end()
  await assert.rejects(end.layer.flowTo(tcp(address)), { code: 'TRANSPORT_CLOSED' })
  await assert.rejects(end.layer.listen({ protocol: 'tcp', host: '127.0.0.1', port: 0 }), { code: 'TRANSPORT_CLOSED' })
  assert.equal(end.closed.length, 1)
})

test('close gives up what is being opened', async (t) => {
  const end = new LayerEnd(t)
  const { address } = await tcpServer(t) // never speaks TLS
  const opening = end.layer.flowTo({ protocol: 'tls', ...address })
  const rejected = assert.rejects(opening, { code: 'TRANSPORT_CLOSED' })
  await new Promise<void>((resolve) => setTimeout(resolve, 20))
  await end.layer.close()
  await rejected
})
