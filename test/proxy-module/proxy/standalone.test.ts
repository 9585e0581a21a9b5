/** What a stranger can make of the standalone proxy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import { FrontSite, otherLoopback } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { ackText, requestText } from '../../support/torture/sip-text.ts'
import { TcpListener, UdpWire } from '../../support/torture/wire.ts'

const passwords = 'version:1\n\nbob@sip.example.org clrtxt:secret ;\n'

test('who has no password cannot send through it to wherever he likes: not even a BYE, which is never challenged', async (t) => {
  const alone = await StandaloneSite.start(t, { passwords })
  const inside = await UdpWire.open(t, alone.site.udp, { host: otherLoopback(), port: 0 })
  const listener = await TcpListener.open(t)
  let reached = false
  void listener.accept().then(() => (reached = true))
  const elsewhere = listener.uri.replace('127.0.0.1', 'localhost')
  for (const stranger of [await alone.phone(), await alone.tcpPhone()]) {
    for (const To of ['<sip:bob@sip.example.org>', '<sip:bob@sip.example.org>;tag=invented']) {
      for (const method of ['BYE', 'CANCEL', 'PRACK', 'STRANGE', 'INVITE']) {
        for (const uri of [inside.uri, elsewhere]) {
          stranger.send(requestText(stranger, method, { uri, fields: { To } }))
          assert.ok([407, 481].includes((await stranger.response(method)).status), method)
          stranger.send(requestText(stranger, method, { fields: { To, Route: `<${uri};lr>` } }))
          assert.ok([407, 481].includes((await stranger.response(method)).status), method)
        }
      }
      stranger.send(requestText(stranger, 'ACK', { uri: inside.uri, fields: { To } }))
    }
  }
  assert.equal(reached, false)
  assert.deepEqual(inside.received, [])
})

/** What comes of an INVITE within the time in which a response without ACK is repeated. */
async function answersTo(caller: UdpWire, clock: FakeClock, invite: string): Promise<readonly string[]> {
  caller.send(invite)
  const first = await caller.response('INVITE')
  await clock.advance(40_000)
  caller.send(requestText(caller, 'OPTIONS', { fields: { 'Max-Forwards': '0' } }))
  await caller.response('OPTIONS', 200) // what was sent before has come
  const more = caller.received.splice(0)
  return [first, ...more].map((one) => (one.kind === 'response' ? String(one.status) : one.method))
}

test('RFC 3261 §26.3.2.4: who is not known is challenged once for each request that he sends, and nothing is kept of it', async (t) => {
  const clock = new FakeClock()
  const alone = await StandaloneSite.start(t, { passwords, clock })
  const caller = await alone.phone()
  const From = '<sip:bob@sip.example.org>;tag=1'
  const invite = requestText(caller, 'INVITE', { fields: { From } })
  assert.deepEqual(await answersTo(caller, clock, invite), ['407'])
  assert.deepEqual(await answersTo(caller, clock, invite), ['407'], 'sent again')
  assert.deepEqual(await answersTo(caller, clock, requestText(caller, 'INVITE')), ['407'], 'of nobody')
  for (const method of ['REGISTER', 'MESSAGE', 'INVITE']) {
    caller.send(requestText(caller, method, { fields: { From: '<sip:bob@elsewhere.example.org>;tag=1' } }))
    await caller.response(method, 403)
  }
  assert.equal(alone.site.proxy.counts()['transactions'], 0)
  assert.equal(clock.pending, 0)
})

test('what the front refuses is refused once for each request that comes, and the ACK ends here', async (t) => {
  const clock = new FakeClock()
  const front = await FrontSite.start(t, { clock })
  const phone = await front.phone()
  for (const [status, fields, uri] of [
    ['403', { Route: `<sip:${'A'.repeat(40)}@127.0.0.1:${front.site.udp.port};lr>` }],
    ['400', { Route: '<sip:>' }],
    ['483', { 'Max-Forwards': '0' }],
    ['420', { 'Proxy-Require': 'what' }],
    ['416', {}, 'http:example.org'],
  ] as const) {
    assert.deepEqual(await answersTo(phone, clock, requestText(phone, 'INVITE', { fields, ...(uri && { uri }) })), [
      status,
    ])
  }
  phone.send(requestText(phone, 'INVITE', { fields: { 'Max-Forwards': '0' } }))
  phone.send(ackText(await phone.response('INVITE', 483)))
  await front.pass(phone, 'MESSAGE')
  assert.deepEqual(front.next.received, [])
  assert.deepEqual(front.site.proxy.counts(), { requests: 0, transactions: 0 })
})
