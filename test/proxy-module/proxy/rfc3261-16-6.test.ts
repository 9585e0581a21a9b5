/** RFC 3261 §16.6: what a proxy writes into the requests that it passes on, and what it leaves alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrontSite, otherLoopback } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { ackText, requestText, responseText } from '../../support/torture/sip-text.ts'
import { UdpWire } from '../../support/torture/wire.ts'

const token = '[\\w-]{30,64}'

for (const method of ['INVITE', 'MESSAGE', 'REGISTER', 'STRANGE']) {
  test(`steps 1 and 2: ${method} arrives with every field, its Request-URI and its body as they were`, async (t) => {
    const front = await FrontSite.start(t)
    const lines = [
      'X-Odd:   spaced  out ',
      'x-ODD: again',
      's: compact',
      'Unknown:',
      'k: 100rel',
      'X-Bytes: \xc3\xa9\xff"',
    ]
    const uri = 'sip:%62ob;a=%00@Sip.Example.ORG;x=Y;lr'
    const body = 'bytes \0\r\n\r\nand more'
    for (const phone of [await front.phone(), await front.tcpPhone()]) {
      const request = await front.pass(phone, method, { uri, lines, body, contentType: 'a/b' })
      assert.equal(request.uri, uri)
      assert.equal(request.body.toString('latin1'), body)
      const odd = request.headers.toLines('Content-Length')
      const kept = lines.map((line) => line.replace(/:\s*(.*?)\s*$/, ': $1'))
      assert.ok(odd.includes(kept.join('\r\n')), odd)
    }
  })
}

for (const method of ['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']) {
  test(`step 4: ${method} gets two Record-Routes, above those that it had`, async (t) => {
    const front = await FrontSite.start(t)
    const { udp, tcp } = front.site
    const before = '<sip:before.example.org;lr>'
    const [byUdp, byTcp] = [await front.phone(), await front.tcpPhone()]
    const request = await front.pass(byUdp, method, { fields: { 'Record-Route': before } })
    const [upper = '', lower = '', ...rest] = request.headers.values('Record-Route')
    assert.match(upper, new RegExp(`^<sip:${udp.host}:${udp.port};lr;did=[\\da-f]+>$`), 'the side of the next hop')
    assert.match(
      lower,
      new RegExp(`^<sip:${token}@${udp.host}:${udp.port};lr;did=[\\da-f]+>$`),
      'the side of the phone',
    )
    assert.deepEqual(rest, [before])
    const other = (await front.pass(byTcp, method)).headers.values('Record-Route')
    assert.match(other[1]!, new RegExp(`^<sip:${token}@${tcp.host}:${tcp.port};transport=tcp;lr;did=[\\da-f]+>$`))
    assert.equal(other.length, 2)
  })
}

test('step 4: what makes no dialog gets no Record-Route', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  for (const method of ['MESSAGE', 'OPTIONS', 'REGISTER', 'PUBLISH', 'BYE', 'STRANGE']) {
    assert.equal((await front.pass(phone, method)).headers.has('Record-Route'), false, method)
  }
})

test('step 4: sips calls for Record-Routes of sips', async (t) => {
  const front = await FrontSite.start(t)
  const { headers } = await front.pass(await front.phone(), 'INVITE', { uri: 'SIPS:bob@sip.example.org' })
  for (const value of headers.values('Record-Route')) assert.match(value, /^<sips:[^>]*;lr;did=[\da-f]+>$/)
})

test('step 6: where a strict router follows, its URI is the Request-URI, and that is the last Route', async (t) => {
  const [front, alone] = [await FrontSite.start(t), await StandaloneSite.start(t)]
  const strict = await UdpWire.open(t, { host: '127.0.0.1', port: 9 }, { host: otherLoopback(), port: 0 })
  const phone = await alone.phone()
  for (const sender of [front.next, phone]) {
    for (const method of ['INVITE', 'MESSAGE']) {
      const Route = [`<${strict.uri}>`, '<sip:second.example.org;lr>']
      sender.send(requestText(sender, method, { uri: 'sip:bob@far.example.org;x', fields: { Route } }))
      const request = await strict.request(method)
      assert.equal(request.uri, strict.uri)
      const routes = ['<sip:second.example.org;lr>', '<sip:bob@far.example.org;x>']
      assert.deepEqual(request.headers.values('Route'), routes)
    }
  }
})

for (const method of ['INVITE', 'MESSAGE']) {
  test(`step 8: ${method} gets a Via of this proxy, with a branch of its own, above the sender's`, async (t) => {
    const front = await FrontSite.start(t)
    const { udp } = front.site
    const phone = await front.phone()
    const branches = new Set<string>()
    for (const branch of ['z9hG4bKone', 'z9hG4bKtwo', 'ofRfc2543']) {
      const request = await front.pass(phone, method, { branch })
      const [own = '', sender, ...none] = request.headers.values('Via')
      const read = new RegExp(`^SIP/2.0/UDP ${udp.host}:${udp.port};rport;branch=(z9hG4bK\\S+)$`).exec(own)
      assert.ok(read !== null, own)
      branches.add(read[1]!)
      assert.equal(sender, `${phone.via};branch=${branch};received=127.0.0.1;rport=${phone.address.port}`)
      assert.deepEqual(none, [])
    }
    assert.equal(branches.size, 3)
  })
}

test('step 8: each branch of a fork has a branch of its own', async (t) => {
  const alone = await StandaloneSite.start(t)
  const phones = [await alone.phone(), await alone.tcpPhone(), await alone.phone()]
  await alone.register('bob', ...phones)
  const { invites } = await alone.call(await alone.phone(), phones)
  assert.equal(new Set(invites.map(({ headers }) => headers.values('Via')[0])).size, 3)
})

test('step 9: a stream gets a Content-Length where a datagram had none', async (t) => {
  const front = await FrontSite.start(t)
  const { next } = front
  const phone = await front.tcpPhone()
  const Route = await front.register(phone)
  for (const method of ['INVITE', 'MESSAGE']) {
    next.send(requestText(next, method, { fields: { Route, 'Content-Length': undefined }, body: 'four' }))
    const request = await phone.request(method)
    assert.equal(request.headers.get('Content-Length'), '4')
    assert.equal(request.body.toString(), 'four')
  }
})

test('step 10: a CANCEL before any provisional response waits for one', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const text = requestText(phone, 'INVITE')
  phone.send(text)
  const invite = await front.next.request('INVITE')
  phone.send(text.replaceAll('INVITE', 'CANCEL').replace(/^Contact.*\r\n/m, ''))
  assert.equal((await phone.response('CANCEL')).status, 200)
  await front.pass(phone, 'MESSAGE')
  assert.equal(front.next.summary().includes('CANCEL'), false)
  front.answer(invite, 100)
  const cancel = await front.next.request('CANCEL')
  assert.equal(cancel.headers.get('Via'), invite.headers.values('Via')[0])
  front.answer(cancel, 200)
  front.answer(invite, 487)
  await front.next.request('ACK')
  phone.send(ackText(await phone.response('INVITE', 487)))
})

test('an INVITE that comes again is absorbed, and its last response repeated', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const text = requestText(phone, 'INVITE')
  phone.send(text)
  const invite = await front.next.request('INVITE')
  front.answer(invite, 180)
  await phone.response('INVITE', 180)
  phone.send(text)
  await phone.response('INVITE', 180)
  front.next.send(responseText(front.next, invite, 486))
  await front.next.request('ACK')
  phone.send(text)
  await phone.response('INVITE', 486)
  await phone.response('INVITE', 486)
  await front.pass(phone, 'MESSAGE')
  const branch = invite.headers.values('Via')[0]
  const others = front.next.received.filter(
    (one) => one.kind === 'request' && one.method === 'INVITE' && one.headers.values('Via')[0] !== branch,
  )
  assert.deepEqual(others, [], front.next.summary())
})
