import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket as WsClient, type ClientOptions } from 'ws'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { localContact } from '../../../src/sip/transaction/local-contact.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { type Flow, type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'
import { type TransportOptions } from '../../../src/sip/transport/transport-options.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { makeCa } from '../../support/sip/certificates.ts'
import { LayerEnd, Queue, requestText, TcpEnd } from '../../support/sip/transport-ends.ts'

const via = 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKa'
const host = '127.0.0.1'

async function listening(
  t: TestContext,
  options: TransportOptions = {},
): Promise<{ end: LayerEnd; at: SocketAddress }> {
  const end = new LayerEnd(t, options)
  return { end, at: await end.layer.listen({ protocol: 'ws', host, port: 0 }) }
}

/** A client that keeps the messages that come. */
class Browser {
  readonly socket: WsClient
  readonly messages = new Queue<string>()

  constructor(t: TestContext, at: SocketAddress, options: ClientOptions = {}, protocol = 'sip', scheme = 'ws') {
    this.socket = new WsClient(`${scheme}://${at.host}:${at.port}`, protocol, options)
    this.socket.on('message', (data) => this.messages.put((data as Buffer).toString()))
    this.socket.on('error', () => undefined) // what some tests are about; those that are not wait for a message
    t.after(() => this.socket.terminate())
  }

  static async open(t: TestContext, at: SocketAddress, options: ClientOptions = {}, scheme = 'ws'): Promise<Browser> {
    const browser = new Browser(t, at, options, 'sip', scheme)
    await once(browser.socket, 'open')
    return browser
  }
}

/** A browser whose first message has come. */
async function settled(t: TestContext, end: LayerEnd, at: SocketAddress): Promise<{ browser: Browser; flow: Flow }> {
  const browser = await Browser.open(t, at)
  browser.socket.send(requestText(via))
  return { browser, flow: (await end.messages.next()).flow }
}

test('a request is answered on its WebSocket connection, and requests reach the browser over it', async (t) => {
  const { end, at } = await listening(t)
  const browser = await Browser.open(t, at)
  assert.equal(browser.socket.extensions, '')
  browser.socket.send(requestText(`${via};rport`).replace('Content-Length: 0\r\n', ''))
  const { message, flow } = await end.messages.next()
  assert.deepEqual([flow.protocol, flow.reliable, flow.secure], ['ws', true, false])
  assert.equal(flow.contact, `sip:${host}:${at.port};transport=ws`)
  await end.layer.respond(createResponse(message as SipRequest, 200), flow)
  assert.match(await browser.messages.next(), /^SIP\/2\.0 200 /)
  assert.equal(await end.layer.flowTo({ protocol: 'ws', ...flow.remote }), flow)
  assert.equal(end.layer.existing('ws', flow.local, flow.remote), flow)
  flow.send(Buffer.from(requestText('SIP/2.0/WS proxy.example;branch=z9hG4bKb')))
  assert.match(await browser.messages.next(), /^OPTIONS /)
})

test("Node's own WebSocket client exchanges messages, text and binary", async (t) => {
  const { end, at } = await listening(t)
  const client = new WebSocket(`ws://${host}:${at.port}`, 'sip')
  t.after(() => client.close())
  const answers = new Queue<unknown>()
  client.onmessage = ({ data }) => answers.put(data)
  await once(client, 'open')
  assert.equal(client.protocol, 'sip')
  for (const data of [requestText(via), Buffer.from(requestText(via))]) {
    client.send(data)
    const { message, flow } = await end.messages.next()
    await end.layer.respond(createResponse(message as SipRequest, 200), flow)
    assert.match(String(await answers.next()), /^SIP\/2\.0 200 /)
  }
})

test('a message that comes in fragments, a ping in between, is one message', async (t) => {
  const { end, at } = await listening(t)
  const { socket } = await Browser.open(t, at)
  const text = requestText(via)
  socket.send(text.slice(0, 20), { fin: false })
  socket.ping()
  socket.send(text.slice(20, 50), { fin: false })
  await once(socket, 'pong')
  assert.equal(end.messages.length, 0)
  socket.send(text.slice(50), { fin: true })
  assert.equal((await end.messages.next()).message.kind, 'request')
})

test('CRLF keep-alives are answered with one CRLF', async (t) => {
  const { end, at } = await listening(t)
  const { socket, messages } = await Browser.open(t, at)
  socket.send('\r\n\r\n')
  assert.equal(await messages.next(), '\r\n')
  assert.equal(end.malformed.length, 0)
})

test('a malformed request is answered 400, garbage is dropped, and the connection lives on', async (t) => {
  const { end, at } = await listening(t)
  const { socket, messages } = await Browser.open(t, at)
  socket.send(requestText(via).replace('CSeq: 1', 'CSeq: x'))
  assert.match(await messages.next(), /^SIP\/2\.0 400 /)
  for (const garbage of ['hello', Buffer.from([0xff, 0, 1]), requestText(via).replace('Length: 0', 'Length: 9')]) {
    socket.send(garbage)
    await end.malformed.next()
  }
  socket.send(requestText(via))
  await end.messages.next()
  assert.equal(end.ends.length, 0)
})

test('a message beyond the limits ends its connection with 1009', async (t) => {
  const { end, at } = await listening(t)
  const { socket } = await Browser.open(t, at)
  socket.send('x'.repeat(200_000))
  const [code] = (await once(socket, 'close')) as [number]
  assert.equal(code, 1009)
  assert.equal(await end.ends.next(), 'TRANSPORT_FRAMING')
})

test('only the subprotocol sip is upgraded; a plain HTTP request gets 426', async (t) => {
  const { end, at } = await listening(t)
  const { socket } = new Browser(t, at, {}, 'chat')
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
  assert.equal(response.statusCode, 400)
  assert.equal((await fetch(`http://${host}:${at.port}/`)).status, 426)
  assert.deepEqual([await end.refused.next(), await end.refused.next()], ['TRANSPORT_FRAMING', 'TRANSPORT_FRAMING'])
  assert.equal(end.layer.counts().connections, 0)
})

test('wss: a request is answered over TLS; a browser needs no certificate to be reached', async (t) => {
  const ca = makeCa(t)
  const end = new LayerEnd(t)
  const tls = ca.issue('server', 'DNS:localhost,IP:127.0.0.1')
  const at = await end.layer.listen({ protocol: 'wss', host, port: 0, tls })
  const browser = await Browser.open(t, at, { rejectUnauthorized: false }, 'wss')
  browser.socket.send(requestText(via.replace('WS', 'WSS')))
  const { message, flow } = await end.messages.next()
  assert.deepEqual([flow.protocol, flow.secure], ['wss', true])
  assert.equal(localContact(flow, true), `<sips:${host}:${at.port};transport=ws>`)
  assert.equal(flow.contact, `sip:${host}:${at.port};transport=wss`)
  await end.layer.respond(createResponse(message as SipRequest, 200), flow)
  assert.match(await browser.messages.next(), /^SIP\/2\.0 200 /)
  assert.equal(await end.layer.flowTo({ protocol: 'wss', ...flow.remote }), flow)
  const plain = await TcpEnd.connect(t, at)
  plain.socket.write('GET / HTTP/1.1\r\n\r\n')
  await plain.end()
  assert.equal(await end.refused.next(), 'TRANSPORT_TLS')
})

test('wss needs a certificate', async (t) => {
  const end = new LayerEnd(t)
  await assert.rejects(end.layer.listen({ protocol: 'wss', host, port: 0 }), { code: 'TRANSPORT_TLS' })
})

test('when the browser has gone its flow is closed, once, and nothing opens it again', async (t) => {
  const { end, at } = await listening(t)
  const browser = await Browser.open(t, at)
  browser.socket.send(requestText(via))
  const { message, flow } = await end.messages.next()
  browser.socket.close()
  assert.equal(await end.closed.next(), flow)
  assert.equal(await end.ends.next(), undefined)
  assert.equal(flow.closed, true)
  await assert.rejects(end.layer.respond(createResponse(message as SipRequest, 200), flow), TransportError)
  await assert.rejects(end.layer.flowTo({ protocol: 'ws', ...flow.remote }), TransportError)
  assert.equal(end.layer.existing('ws', flow.local, flow.remote), undefined)
  assert.deepEqual(end.layer.counts(), { connections: 0, incoming: 0, opening: 0 })
})

test('close tells the browsers that the server goes, also those still in their handshake', async (t) => {
  const { end, at } = await listening(t)
  const { browser } = await settled(t, end, at)
  const silent = await TcpEnd.connect(t, at)
  const closed = once(browser.socket, 'close') as Promise<[number]>
  await end.layer.close()
  assert.equal((await closed)[0], 1001)
  await silent.end()
  assert.equal(end.layer.counts().connections, 0)
})

test('silent connections are closed: before the upgrade, before the first message, in a message, when idle', async (t) => {
  const clock = new FakeClock()
  const limits = { firstMessageTimeout: 200, halfMessageTimeout: 10_000, idleTimeout: 60_000 }
  const { end, at } = await listening(t, { clock, ...limits })
  await (await TcpEnd.connect(t, at)).end()
  const { browser: idle } = await settled(t, end, at)
  const { browser: half } = await settled(t, end, at)
  await Browser.open(t, at)
  await clock.advance(1100)
  assert.equal(await end.ends.next(), 'TRANSPORT_IDLE')
  half.socket.send('OPTIONS', { fin: false })
  half.socket.ping()
  await once(half.socket, 'pong')
  await clock.advance(11_000)
  assert.equal(await end.ends.next(), 'TRANSPORT_IDLE')
  assert.equal(end.layer.counts().connections, 1)
  await clock.advance(60_000)
  await once(idle.socket, 'close')
  assert.equal(await end.ends.next(), undefined)
})

test('a browser that does not read costs no more memory than the backlog, then its connection', async (t) => {
  const { end, at } = await listening(t, { maxBacklog: 100_000 })
  const { browser, flow } = await settled(t, end, at)
  browser.socket.pause()
  const bytes = Buffer.alloc(20_000)
  for (let sent = 0; !flow.closed; sent++) {
    flow.send(bytes)
    assert.ok(sent < 10_000)
  }
  assert.equal(await end.ends.next(), 'TRANSPORT_BACKLOG')
})

test('200 browsers are served at once; at the limit, silent ones make room', async (t) => {
  const { end, at } = await listening(t, { maxConnections: 200 })
  for (let i = 0; i < 20; i++) await TcpEnd.connect(t, at)
  const browsers = await Promise.all(Array.from({ length: 200 }, () => Browser.open(t, at)))
  for (const { socket } of browsers) socket.send(requestText(via))
  for (let i = 0; i < 200; i++) {
    const { message, flow } = await end.messages.next()
    await end.layer.respond(createResponse(message as SipRequest, 200), flow)
  }
  for (const { messages } of browsers) assert.match(await messages.next(), /^SIP\/2\.0 200 /)
  assert.equal(end.layer.counts().connections, 200)
  const late = new Browser(t, at)
  await new Promise((resolve) => late.socket.once('close', resolve)) // once() would reject at the error before
  assert.equal(await end.refused.next(), 'TRANSPORT_LIMIT')
})

test('an upgrade that never comes does not keep others out, nor do half a request and a wrong method', async (t) => {
  const { end, at } = await listening(t, { firstMessageTimeout: 100 })
  for (const text of [
    'GET / HTTP/1.1\r\nHost: a',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
    'OPTIONS sip:a SIP/2.0\r\n',
  ]) {
    const peer = await TcpEnd.connect(t, at)
    peer.socket.write(text)
    await peer.end()
  }
  await settled(t, end, at)
  assert.equal(end.layer.counts().incoming, 1)
})

const targets: readonly [string, string, number][] = [
  ['sip:192.0.2.1;transport=ws', 'ws', 80],
  ['sip:192.0.2.1:8080;transport=WS', 'ws', 8080],
  ['sip:192.0.2.1;transport=wss', 'wss', 443],
  ['sips:192.0.2.1;transport=ws', 'wss', 443],
]
test('URIs with transport=ws or wss are resolved', async () => {
  for (const [uri, protocol, port] of targets) {
    assert.deepEqual(await new Resolver().resolve(parseUri(uri)), [{ protocol, host: '192.0.2.1', port }])
  }
})
