/** RFC 3261 §16.8 to §16.10: timer C, transport errors, and CANCEL. Time stands still unless a test moves it. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { timerC } from '../../../proxy-module/proxy/response-context.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { ProxySite } from '../../support/proxy/proxy-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { ackText, cancelText, requestText, responseText } from '../../support/torture/sip-text.ts'
import { UdpWire } from '../../support/torture/wire.ts'

/** A phone whose INVITE the next hop has; time stands still. */
async function invited(t: TestContext) {
  const clock = new FakeClock()
  const front = await FrontSite.start(t, { clock })
  const phone = await front.phone()
  return { clock, front, phone, invite: await front.pass(phone, 'INVITE') }
}

test('16.8: a phone that rings longer than timer C is cancelled, and the caller hears 487', async (t) => {
  const { clock, front, phone, invite } = await invited(t)
  front.answer(invite, 180)
  await phone.response('INVITE', 180)
  await clock.advance(timerC - 1)
  await front.pass(phone, 'MESSAGE')
  assert.equal(front.next.summary().includes('CANCEL'), false)
  await clock.advance(1)
  front.answer(await front.next.request('CANCEL'), 200)
  front.answer(invite, 487)
  await front.next.request('ACK')
  phone.send(ackText(await phone.response('INVITE', 487)))
})

test('16.7 step 2: every provisional response but 100 starts timer C anew', async (t) => {
  const { clock, front, phone, invite } = await invited(t)
  for (const status of [180, 183]) {
    front.answer(invite, status)
    await phone.response('INVITE', status)
    await clock.advance(timerC - 1)
  }
  front.answer(invite, 100)
  await front.pass(phone, 'MESSAGE')
  assert.equal(front.next.summary().includes('CANCEL'), false)
  await clock.advance(1)
  await front.next.request('CANCEL')
})

test('16.8: timer C lets a 2xx that crosses its CANCEL pass', async (t) => {
  const { clock, front, phone, invite } = await invited(t)
  front.answer(invite, 180)
  await phone.response('INVITE', 180)
  await clock.advance(timerC)
  await front.next.request('CANCEL')
  front.answer(invite, 200)
  await phone.response('INVITE', 200)
})

test('16.8: who was only ever 100 counts as timed out', async (t) => {
  const { clock, front, phone, invite } = await invited(t)
  front.answer(invite, 100)
  await front.pass(phone, 'MESSAGE') // what was sent before it has come by now
  await clock.advance(timerC)
  assert.equal((await phone.response('INVITE')).status, 408)
  await front.next.request('CANCEL')
})

test('16.7 step 6: who never answers counts as 408, and does not outdo somebody who did', async (t) => {
  const clock = new FakeClock()
  const alone = await StandaloneSite.start(t, { clock })
  const caller = await alone.phone()
  const phones = [await alone.phone(), await alone.phone()]
  await alone.register('bob', ...phones)
  const { invites } = await alone.call(caller, phones)
  await clock.advance(200)
  await caller.response('INVITE', 100)
  phones[0]!.send(responseText(phones[0]!, invites[0]!, 486))
  await phones[0]!.request('ACK')
  await clock.advance(32_000)
  caller.send(ackText(await caller.response('INVITE', 486)))
  await alone.call(caller, phones)
  await clock.advance(32_000)
  assert.equal((await caller.response('INVITE')).status, 408)
})

test('16.9: a next hop that cannot be reached is answered 503', async (t) => {
  const site = await ProxySite.start(t, { nextHop: 'sip:127.0.0.1:9;transport=tcp' })
  const phone = await UdpWire.open(t, site.udp)
  for (const method of ['INVITE', 'MESSAGE', 'REGISTER']) {
    phone.send(requestText(phone, method))
    await phone.response(method, 503)
  }
})

test('16.9: a phone whose connection breaks under an INVITE is answered 480, and others ring on', async (t) => {
  const alone = await StandaloneSite.start(t)
  const caller = await alone.phone()
  const [leaving, staying] = [await alone.tcpPhone(), await alone.phone()]
  await alone.register('bob', leaving, staying)
  const { invites } = await alone.call(caller, [leaving, staying])
  leaving.socket.destroy()
  staying.send(responseText(staying, invites[1]!, 180))
  await caller.response('INVITE', 180)
  staying.send(responseText(staying, invites[1]!, 200))
  assert.equal((await caller.response('INVITE')).status, 200)

  const other = await alone.tcpPhone()
  await alone.register('carol', other)
  await alone.call(caller, [other], 'carol')
  other.socket.destroy()
  await caller.response('INVITE', 480)
})

test('16.10: the CANCEL of a caller is answered, and goes to all who ring, with its reason', async (t) => {
  const alone = await StandaloneSite.start(t)
  const caller = await alone.phone()
  const phones = [await alone.phone(), await alone.tcpPhone()]
  await alone.register('bob', ...phones)
  const { text, invites } = await alone.call(caller, phones)
  for (const [at, phone] of phones.entries()) phone.send(responseText(phone, invites[at]!, 180))
  await caller.response('INVITE', 180)
  await caller.response('INVITE', 180)
  caller.send(cancelText(text).replace('\r\n\r\n', '\r\nReason: SIP;cause=200;text="Call completed elsewhere"\r\n\r\n'))
  await caller.response('CANCEL', 200)
  for (const [at, phone] of phones.entries()) {
    const cancel = await phone.request('CANCEL')
    assert.deepEqual(cancel.headers.values('Via'), [invites[at]!.headers.values('Via')[0]])
    assert.equal(cancel.uri, invites[at]!.uri)
    assert.equal(cancel.headers.get('Reason'), 'SIP;cause=200;text="Call completed elsewhere"')
    phone.send(responseText(phone, cancel, 200))
    phone.send(responseText(phone, invites[at]!, 487))
    await phone.request('ACK')
  }
  caller.send(ackText(await caller.response('INVITE', 487)))
})

test('16.10: a CANCEL that matches nothing is passed on without a transaction', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const text = cancelText(requestText(phone, 'INVITE'))
  phone.send(text)
  const cancel = await front.next.request('CANCEL')
  phone.send(text)
  const again = await front.next.request('CANCEL')
  assert.equal(again.headers.get('Via'), cancel.headers.get('Via'))
  front.answer(cancel, 481)
  await phone.response('CANCEL', 481)
  assert.equal(front.site.proxy.counts()['transactions'], 0)
})

test('16.10: alone, where every INVITE has a transaction, such a CANCEL is answered 481', async (t) => {
  const alone = await StandaloneSite.start(t)
  const [caller, bob] = [await alone.phone(), await alone.phone()]
  await alone.register('bob', bob)
  const { text } = await alone.call(caller, [bob])
  caller.send(cancelText(text.replace(/branch=\S+/, 'branch=z9hG4bKanother')))
  await caller.response('CANCEL', 481)
  assert.equal(bob.summary().includes('CANCEL'), false)
})

test('16.10: the ACK of a failure stops here, that of a 2xx goes on', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  front.answer(await front.pass(phone, 'INVITE'), 486)
  await front.next.request('ACK')
  phone.send(ackText(await phone.response('INVITE', 486)))
  await front.pass(phone, 'MESSAGE')
  assert.equal(front.next.summary(), '')
  const invite = await front.pass(phone, 'INVITE')
  front.answer(invite, 200, { fields: { 'Record-Route': invite.headers.all('Record-Route') } })
  const ok = await phone.response('INVITE', 200)
  const Route = ok.headers.values('Record-Route').toReversed()
  phone.send(ackText(ok, { uri: front.next.uri, fields: { Route } }))
  const ack = await front.next.request('ACK')
  assert.equal(ack.uri, front.next.uri)
  assert.equal(ack.headers.has('Route'), false)
  assert.equal(ack.headers.get('Max-Breadth'), undefined)
  assert.equal(ack.headers.values('Via').length, 2)
})

test('a next hop that stays silent fills no memory: beyond so many requests the next is told 503 and when to come again', async (t) => {
  const clock = new FakeClock()
  const front = await FrontSite.start(t, { clock, maxRequests: 2 })
  const phone = await front.phone()
  const first = await front.pass(phone, 'INVITE')
  await front.pass(phone, 'INVITE')
  phone.send(requestText(phone, 'INVITE'))
  const refusal = await phone.response('INVITE', 503)
  assert.match(refusal.headers.get('Retry-After')!, /^([1-9]|10)$/)
  // who has got an answer has made room
  front.answer(first, 486)
  phone.send(ackText(await phone.response('INVITE', 486)))
  await front.pass(phone, 'INVITE')
})
