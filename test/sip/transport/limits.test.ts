import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { type TransportOptions } from '../../../src/sip/transport/transport-options.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { LayerEnd, requestText, TcpEnd, tcpServer } from '../../support/sip/transport-ends.ts'

const via = 'SIP/2.0/TCP pc.example;branch=z9hG4bKa'
const host = '127.0.0.1'

interface Limited {
  readonly clock: FakeClock
  readonly end: LayerEnd
  readonly at: SocketAddress
}

async function limited(t: TestContext, options: TransportOptions = {}): Promise<Limited> {
  const clock = new FakeClock()
  const end = new LayerEnd(t, { clock, ...options })
  return { clock, end, at: await end.layer.listen({ protocol: 'tcp', host, port: 0 }) }
}

/** A connection that has carried a message. */
async function settled(t: TestContext, { end, at }: Limited, from = host): Promise<TcpEnd> {
  const peer = await TcpEnd.connect(t, at, from)
  peer.socket.write(requestText(via))
  await end.messages.next()
  return peer
}

test('300 connections that say nothing are closed, the one that carried a message stays', async (t) => {
  const site = await limited(t, { firstMessageTimeout: 5000 })
  const { clock, end, at } = site
  const phone = await settled(t, site)
  const idle = await Promise.all(Array.from({ length: 300 }, () => TcpEnd.connect(t, at)))
  for (let i = 0; i < 301; i++) await end.opened.next()
  for (const one of idle) one.socket.write('\r\n\r\n') // keep-alives are no messages
  await Promise.all(idle.map((one) => one.until('\r\n')))
  await clock.advance(6000)
  await Promise.all(idle.map((one) => one.end()))
  for (let i = 0; i < 300; i++) assert.equal(await end.ends.next(), 'TRANSPORT_IDLE')
  assert.equal(end.ends.length, 0)
  phone.socket.write(requestText(via))
  await end.messages.next()
  assert.equal(end.layer.counts().connections, 1)
})

test('a message that comes byte by byte for ever ends its connection (slow-loris)', async (t) => {
  const site = await limited(t, { halfMessageTimeout: 10_000 })
  const { clock, end } = site
  const loris = await settled(t, site)
  for (const byte of 'OPTIONS si') {
    const read = new Promise((resolve) => loris.socket.write(byte, resolve))
    await read
    await new Promise((resolve) => setTimeout(resolve, 5)) // until the other side has read it
    await clock.advance(1200)
  }
  assert.equal(await end.ends.next(), 'TRANSPORT_IDLE')
  await loris.end()
})

test('a head whose body never comes ends its connection too', async (t) => {
  const site = await limited(t, { halfMessageTimeout: 10_000 })
  const { clock, end } = site
  const loris = await settled(t, site)
  loris.socket.write(requestText(via, { cseq: 1 }) + requestText(via, { cseq: 2 }).replace('Length: 0', 'Length: 9'))
  await end.messages.next()
  await clock.advance(9000)
  assert.equal(end.ends.length, 0)
  await clock.advance(2000)
  assert.equal(await end.ends.next(), 'TRANSPORT_IDLE')
})

test('lone line ends, as some peers keep a connection alive, are no half message', async (t) => {
  const site = await limited(t, { halfMessageTimeout: 1000 })
  const { clock, end } = site
  const phone = await settled(t, site)
  phone.socket.write('\r\n')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await clock.advance(5000)
  phone.socket.write(requestText(via))
  await end.messages.next()
  assert.equal(end.ends.length, 0)
})

test('a flood of silent connections does not keep a talking one out, and does not push those out that talk', async (t) => {
  const site = await limited(t, { maxConnections: 10 })
  const { end, at } = site
  const early = await settled(t, site)
  const flood: TcpEnd[] = []
  for (let i = 0; i < 50; i++) flood.push(await TcpEnd.connect(t, at))
  const late = await settled(t, site)
  assert.equal(end.layer.counts().incoming, 10)
  await Promise.all(flood.slice(0, 40).map((one) => one.end()))
  for (const phone of [early, late]) {
    phone.socket.write(requestText(via))
    await end.messages.next()
  }
})

test('when every connection is in use, the next one is refused and the watchers are told', async (t) => {
  const site = await limited(t, { maxConnections: 3 })
  for (let i = 0; i < 3; i++) await settled(t, site)
  const refused = await TcpEnd.connect(t, site.at)
  await refused.end()
  assert.equal(await site.end.refused.next(), 'TRANSPORT_LIMIT')
  assert.equal(site.end.layer.counts().connections, 3)
})

test('one host that has many connections, all of which talk, does not keep others out: its oldest make room', async (t) => {
  const site = await limited(t, { maxConnections: 20 })
  const friends = [await settled(t, site, '127.1.1.1'), await settled(t, site, '127.1.1.2')]
  const hoard: TcpEnd[] = []
  for (let i = 0; i < 18; i++) hoard.push(await settled(t, site))
  const refused = await TcpEnd.connect(t, site.at)
  await refused.end()
  assert.equal(await site.end.refused.next(), 'TRANSPORT_LIMIT', 'the one that has many gets no more')
  for (let i = 1; i <= 10; i++) friends.push(await settled(t, site, `127.1.2.${i}`))
  await Promise.all(hoard.slice(0, 10).map((one) => one.end()))
  assert.equal(site.end.layer.counts().incoming, 20)
  const late = await TcpEnd.connect(t, site.at, '127.1.3.1')
  await late.end() // nobody has many any more, and nobody is silent
  for (const phone of [...friends, ...hoard.slice(10)]) {
    phone.socket.write(requestText(via))
    await site.end.messages.next()
  }
})

test('a peer that does not read costs no more memory than the backlog, then its connection', async (t) => {
  const { end, at } = await limited(t, { maxBacklog: 100_000 })
  const peer = await TcpEnd.connect(t, at)
  peer.socket.pause()
  const flow = await end.opened.next()
  const bytes = Buffer.alloc(20_000)
  let failures = 0
  let sent = 0
  while (!flow.closed) {
    flow.send(bytes, (error) => {
      assert.equal(error.code, 'TRANSPORT_BACKLOG')
      failures++
    })
    sent += bytes.length
    assert.ok(sent < 100e6, 'it grows without end')
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert.equal(await end.ends.next(), 'TRANSPORT_BACKLOG')
  await new Promise<void>((resolve) => setImmediate(resolve))
  assert.ok(failures >= 1)
})

test('a connection on which nothing comes or goes for long is closed in good order', async (t) => {
  const site = await limited(t, { idleTimeout: 60_000 })
  const { clock, end } = site
  const phone = await settled(t, site)
  await clock.advance(50_000)
  phone.socket.write('\r\n\r\n')
  await phone.until('\r\n')
  await clock.advance(50_000)
  assert.equal(end.ends.length, 0)
  await clock.advance(11_000)
  assert.equal(await end.ends.next(), undefined)
  assert.equal(clock.pending, 0)
})

test('with keepAlive, a silent connection that we opened is pinged, and its answers harm nothing', async (t) => {
  const clock = new FakeClock()
  const end = new LayerEnd(t, { clock, keepAlive: 30_000, halfMessageTimeout: 1000 })
  const { address, connections } = await tcpServer(t)
  const flow = await end.layer.flowTo({ protocol: 'tcp', ...address })
  const peer = await connections.next()
  for (let i = 0; i < 3; i++) {
    await clock.advance(31_000)
    assert.equal(await peer.until('\r\n\r\n'), '\r\n\r\n')
    peer.socket.write('\r\n')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.equal(flow.closed, false)
})

test('a peer that accepts and then says nothing for a TLS handshake is given up after connectTimeout, as 504', async (t) => {
  const end = new LayerEnd(t, { connectTimeout: 50 })
  const { address } = await tcpServer(t)
  await assert.rejects(end.layer.flowTo({ protocol: 'tls', ...address }), { code: 'TRANSPORT_TIMEOUT', status: 504 })
  assert.equal(end.layer.counts().opening, 0)
})
