/** RFC 3261 §16.11: what is passed on without a transaction, and that responses reach who asked and nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { ackText, requestText, responseText, unique } from '../../support/torture/sip-text.ts'
import { type Wire, UdpWire } from '../../support/torture/wire.ts'

/** Passes a message through: whatever was to come before it has come. */
async function ping(front: FrontSite): Promise<void> {
  const phone = await front.phone()
  front.answer(await front.pass(phone, 'INFO'), 200)
  await phone.response('INFO', 200)
}

test('a request that comes again is passed on again, with the same branch and no transaction', async (t) => {
  const front = await FrontSite.start(t)
  for (const phone of [await front.phone(), await front.tcpPhone()]) {
    const text = requestText(phone, 'MESSAGE')
    const branches = new Set<string>()
    for (let i = 0; i < 3; i++) {
      phone.send(text)
      branches.add((await front.next.request('MESSAGE')).headers.values('Via')[0]!)
    }
    assert.equal(branches.size, 1)
    for (const changed of [text.replace(/Call-ID: ./, 'Call-ID: x'), text.replace('1 MESSAGE', '2 MESSAGE')]) {
      phone.send(changed)
      branches.add((await front.next.request('MESSAGE')).headers.values('Via')[0]!)
    }
    assert.equal(branches.size, 3, 'another request has another branch')
  }
  assert.equal(front.site.proxy.counts()['transactions'], 0)
})

test('an answer of the proxy itself has the same To tag for a request that comes again', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const text = requestText(phone, 'MESSAGE', { fields: { 'Max-Forwards': '0' } })
  const tags = new Set<string>()
  for (let i = 0; i < 3; i++) {
    phone.send(text)
    tags.add((await phone.response('MESSAGE', 483)).headers.get('To')!)
  }
  assert.equal(tags.size, 1)
})

test('over UDP the response goes to the source port with rport, without it to the port of the Via', async (t) => {
  const front = await FrontSite.start(t)
  for (const method of ['MESSAGE', 'INVITE']) {
    const [phone, other] = [await front.phone(), await front.phone()]
    front.answer(
      await front.pass(phone, method, { fields: { Via: `${other.via};rport;branch=z9hG4bK${unique()}` } }),
      202,
    )
    await phone.response(method, 202)
    front.answer(await front.pass(phone, method, { fields: { Via: `${other.via};branch=z9hG4bK${unique()}` } }), 202)
    await other.response(method, 202)
  }
})

test('over TCP the response takes the connection of its request', async (t) => {
  const front = await FrontSite.start(t)
  const [phone, other] = [await front.tcpPhone(), await front.tcpPhone()]
  for (const method of ['MESSAGE', 'INVITE']) {
    // another's address in the Via misleads nobody
    front.answer(await front.pass(phone, method, { fields: { Via: `${other.via};branch=z9hG4bK${unique()}` } }), 202)
    await phone.response(method, 202)
  }
  assert.deepEqual(other.received, [])
})

test('a response whose sender has gone, or whose Via is not ours, is dropped', async (t) => {
  const front = await FrontSite.start(t)
  const why: string[] = []
  front.site.proxy.events.on('dropped', (_message, _flow, reason) => why.push(reason))
  const [phone, victim] = [await front.tcpPhone(), await front.phone()]
  const request = await front.pass(phone, 'MESSAGE')
  const [own = '', sender = ''] = request.headers.values('Via')
  const token = own.split('.').at(-2)!
  const changed = `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`
  const vias: readonly (readonly string[])[] = [
    [`${victim.via};branch=z9hG4bKforeign`],
    [`${victim.via};branch=z9hG4bKforeign`, sender],
    [own.replace(token, changed), sender],
    [own.replace(token, 'short'), sender],
    [own.replace(/\.[^.]*$/, ''), sender],
    [own.replace(/branch=.*/, 'branch=z9hG4bK-s.'), sender],
    [own.replace(/;branch=.*/, ''), sender],
    [own],
  ]
  for (const Via of vias) front.answer(request, 200, { fields: { Via } })
  await ping(front)
  assert.deepEqual([...phone.received, ...victim.received], [])
  front.answer(request, 200)
  await phone.response('MESSAGE', 200)
  phone.socket.destroy()
  const closed = new Promise((resolve) => front.site.transport.events.on('flowClosed', resolve))
  await closed
  front.answer(request, 200)
  await ping(front)
  assert.ok(why.includes('who sent the request has gone'), why.join())
})

test('a response cannot be sent to somebody else by what it has in the Via of the sender', async (t) => {
  const front = await FrontSite.start(t)
  for (const phone of [await front.phone(), await front.tcpPhone()] as readonly Wire[]) {
    const victim = await front.phone()
    for (const method of ['MESSAGE', 'INVITE']) {
      const request = await front.pass(phone, method)
      const [own = '', sender = ''] = request.headers.values('Via')
      const { host, port } = victim.address
      const misled = sender.replace(/received=[^;]*;rport=\d+/, `received=${host};rport=${port};maddr=${host}`)
      front.answer(request, 202, { fields: { Via: [own, misled] } })
      await phone.response(method, 202)
    }
    assert.deepEqual(victim.received, [])
  }
})

test('a response to one phone never reaches another, whatever they have in common', async (t) => {
  const front = await FrontSite.start(t)
  const phones: readonly Wire[] = [
    await front.phone(),
    await front.tcpPhone(),
    await front.phone(),
    await front.tcpPhone(),
  ]
  const same = { branch: 'z9hG4bKsame', fields: { 'Call-ID': 'same', From: '<sip:a@example.org>;tag=1' } }
  for (const method of ['MESSAGE', 'INVITE']) {
    const requests = []
    for (const phone of phones) requests.push(await front.pass(phone, method, same))
    for (const [at, request] of [...requests.entries()].reverse()) front.answer(request, 200, { toTag: `for${at}` })
    for (const [at, phone] of phones.entries()) {
      assert.match((await phone.response(method, 200)).headers.get('To')!, new RegExp(`for${at}$`))
    }
  }
  await ping(front)
  for (const phone of phones) assert.deepEqual(phone.received, [])
})

test('a 2xx that comes when its transaction is gone finds back all the same', async (t) => {
  const clock = new FakeClock()
  const front = await FrontSite.start(t, { clock })
  for (const phone of [await front.phone(), await front.tcpPhone()]) {
    const invite = await front.pass(phone, 'INVITE')
    front.answer(invite, 200)
    await phone.response('INVITE', 200)
    await clock.advance(64_000)
    assert.equal(front.site.proxy.counts()['transactions'], 0)
    front.answer(invite, 200)
    const ok = await phone.response('INVITE', 200)
    assert.deepEqual(ok.headers.values('Via'), invite.headers.values('Via').slice(1))
    phone.send(ackText(ok))
    await front.next.request('ACK')
  }
})

test('a next hop that has gone is no reason for silence, and ACK is never answered', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.tcpPhone()
  const path = await front.register(phone)
  phone.socket.destroy()
  await new Promise((resolve) => front.site.transport.events.on('flowClosed', resolve))
  const { next } = front
  next.send(requestText(next, 'ACK', { fields: { Route: path } }))
  for (const method of ['INVITE', 'MESSAGE', 'BYE']) {
    next.send(requestText(next, method, { fields: { Route: path } }))
    await next.response(method, 480)
  }
  assert.equal(next.summary(), '')
})

test('an unreachable port does not end the proxy', async (t) => {
  const front = await FrontSite.start(t)
  const gone = await UdpWire.open(t, front.site.udp)
  const request = await front.pass(gone, 'MESSAGE', { fields: { Via: 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKgone' } })
  front.answer(request, 200)
  front.next.send(responseText(front.next, request, 200))
  await ping(front)
})
