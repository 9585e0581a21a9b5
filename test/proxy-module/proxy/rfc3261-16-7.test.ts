/** RFC 3261 §16.7: what becomes of responses, of one branch and of several. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { ackText, requestText, responseText, type TextOptions } from '../../support/torture/sip-text.ts'
import { type UdpWire } from '../../support/torture/wire.ts'

/** A call to a user with several phones, in the order of their branches. */
interface Fork {
  readonly alone: StandaloneSite
  readonly caller: UdpWire
  readonly phones: readonly UdpWire[]
  readonly invites: readonly SipRequest[]
  /** The CANCEL that a phone gets, after which it gives up. */
  readonly cancelled: (at: number) => Promise<void>
  readonly answer: (at: number, status: number, options?: TextOptions & { readonly toTag?: string }) => void
}

async function fork(t: TestContext, count: number): Promise<Fork> {
  const alone = await StandaloneSite.start(t)
  const caller = await alone.phone()
  const phones: UdpWire[] = []
  for (let i = 0; i < count; i++) phones.push(await alone.phone())
  await alone.register('bob', ...phones.toReversed()) // the newest is called first
  const { invites } = await alone.call(caller, phones)
  const answer: Fork['answer'] = (at, status, options) => {
    const invite = invites[at]!
    const fields = { 'Record-Route': invite.headers.all('Record-Route'), ...options?.fields }
    phones[at]!.send(responseText(phones[at]!, invite, status, { toTag: `phone${at}`, ...options, fields }))
  }
  const cancelled = async (at: number): Promise<void> => {
    const cancel = await phones[at]!.request('CANCEL')
    assert.equal(cancel.headers.get('Via'), invites[at]!.headers.values('Via')[0])
    assert.equal(cancel.uri, invites[at]!.uri)
    phones[at]!.send(responseText(phones[at]!, cancel, 200))
    answer(at, 487)
    await phones[at]!.request('ACK')
  }
  return { alone, caller, phones, invites, cancelled, answer }
}

for (const method of ['INVITE', 'MESSAGE']) {
  test(`steps 3 and 9: of a response to ${method} the proxy takes its own Via and nothing else`, async (t) => {
    const front = await FrontSite.start(t)
    for (const phone of [await front.phone(), await front.tcpPhone()]) {
      const request = await front.pass(phone, method)
      const lines = ['X-Odd:  spaced', 'x-ODD: again', 'Unknown:']
      front.next.send(
        responseText(front.next, request, 'SIP/2.0 299 \xc3\x9cber', { lines, body: 'a\0b', contentType: 'a/b' }),
      )
      const response = await phone.response(method, 299)
      assert.equal(response.reason, '\xc3\x9cber')
      assert.equal(response.body.toString('latin1'), 'a\0b')
      assert.deepEqual(response.headers.values('Via'), request.headers.values('Via').slice(1))
      assert.ok(response.headers.toLines('Content-Length').includes(lines.join('\r\n').replace('  ', ' ')))
    }
  })
}

test('step 5: every provisional response passes at once, but for 100', async (t) => {
  const { caller, answer } = await fork(t, 2)
  answer(0, 100)
  answer(0, 180)
  answer(1, 183, { body: 'v=0', contentType: 'application/sdp' })
  const [ringing, early] = [await caller.response('INVITE', 180), await caller.response('INVITE', 183)]
  assert.match(ringing.headers.get('To')!, /tag=phone0$/)
  assert.match(early.headers.get('To')!, /tag=phone1$/)
  assert.equal(early.body.toString(), 'v=0')
  answer(0, 200)
  await caller.response('INVITE', 200)
  const hundreds = caller.received.filter((one) => one.kind === 'response' && one.status === 100)
  for (const one of hundreds) assert.equal(one.headers.get('To')!.includes('phone'), false, 'a 100 of ours, if any')
})

test('steps 5 and 10: a 2xx passes at once, and the others are cancelled', async (t) => {
  const { alone, caller, phones, answer, cancelled } = await fork(t, 3)
  for (const at of [0, 1, 2]) answer(at, 180)
  answer(1, 200)
  const ok = await caller.response('INVITE')
  assert.equal(ok.status, 200)
  await Promise.all([cancelled(0), cancelled(2)])
  assert.equal(phones[1]!.summary().includes('CANCEL'), false)
  assert.equal(alone.site.proxy.counts()['requests'], 0)
})

test('step 5: the 2xx of two branches both pass, and each gets its ACK', async (t) => {
  const { caller, phones, answer, invites } = await fork(t, 2)
  answer(0, 200)
  answer(1, 200)
  for (const at of [0, 1]) {
    const ok = await caller.response('INVITE', 200)
    const which = ok.headers.get('To')!.endsWith('phone0') ? 0 : 1
    const Route = ok.headers.values('Record-Route').toReversed()
    caller.send(ackText(ok, { uri: phones[which]!.uri, fields: { Route } }))
    const ack = await phones[which]!.request('ACK')
    assert.equal(ack.uri, phones[which]!.uri)
    assert.equal(ack.headers.has('Route'), false)
    assert.notEqual(ack.headers.values('Via')[0], invites[which]!.headers.values('Via')[0], String(at))
  }
})

test('step 5: after a 2xx nothing but another 2xx passes', async (t) => {
  const { caller, phones, answer } = await fork(t, 2)
  answer(0, 200)
  await caller.response('INVITE', 200)
  answer(1, 180)
  answer(1, 603)
  await phones[1]!.request('ACK')
  answer(0, 200)
  await caller.response('INVITE', 200)
  assert.equal(/180|603/.test(caller.summary()), false, caller.summary())
})

test('step 5: a 6xx cancels the others, and passes when all have answered', async (t) => {
  const { caller, answer, cancelled, phones } = await fork(t, 3)
  for (const at of [0, 1]) answer(at, 180)
  answer(2, 603)
  await phones[2]!.request('ACK')
  await cancelled(0)
  assert.equal(caller.summary().includes('603'), false)
  await cancelled(1)
  caller.send(ackText(await caller.response('INVITE', 603)))
})

test('step 5: a 2xx that crosses the CANCEL of a 6xx passes', async (t) => {
  const { caller, answer, phones } = await fork(t, 2)
  answer(0, 180)
  answer(1, 600)
  await phones[0]!.request('CANCEL')
  answer(0, 200)
  assert.equal((await caller.response('INVITE')).status, 200)
})

for (const [statuses, best, why] of [
  [[404, 486, 503], 404, 'the lowest class, of equals the first'],
  [[500, 302, 404], 302, '3xx before 4xx and 5xx'],
  [[302, 404, 603], 603, 'a 6xx before all'],
  [[486, 484, 404], 484, 'one that says how to try again'],
  [[404, 415, 486], 415, 'one that says how to try again'],
  [[408, 486, 500], 486, 'somebody rather than nobody'],
  [[503, 503, 503], 500, 'a 503 of phones is not of this proxy'],
  [[503, 500, 503], 500, 'not 503'],
  [[501, 580, 503], 501, 'of 5xx the first'],
] as const) {
  test(`step 6: of ${statuses.join(', ')} the best is ${best}: ${why}`, async (t) => {
    const { caller, phones, answer } = await fork(t, 3)
    for (const [at, status] of statuses.entries()) {
      assert.equal(/[3-6]\d\d INVITE/.test(caller.summary()), false, 'not before all have answered')
      answer(at, status)
      await phones[at]!.request('ACK')
    }
    const response = await caller.response('INVITE')
    assert.equal(response.status, best)
    assert.equal(response.headers.values('Via').length, 1)
    caller.send(ackText(response))
  })
}

test('step 6: a 503 of the next hop, who is the one way on, speaks for the proxy', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  front.answer(await front.pass(phone, 'INVITE'), 503, { fields: { 'Retry-After': '7' } })
  assert.equal((await phone.response('INVITE', 503)).headers.get('Retry-After'), '7')
})

for (const [statuses, best] of [
  [[401, 407, 404], 401],
  [[404, 407, 401], 407],
] as const) {
  test(`step 7: all challenges of ${statuses.join(', ')} are in the ${best}`, async (t) => {
    const { caller, phones, answer } = await fork(t, 3)
    for (const [at, status] of statuses.entries()) {
      const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate'
      answer(
        at,
        status,
        status === 404 ? {} : { fields: { [name]: [`Digest realm="${at}a"`, `Digest realm="${at}b"`] } },
      )
      await phones[at]!.request('ACK')
    }
    const { headers, status } = await caller.response('INVITE')
    assert.equal(status, best)
    const [www, proxy] = [statuses.indexOf(401), statuses.indexOf(407)]
    assert.deepEqual(headers.all('WWW-Authenticate'), [`Digest realm="${www}a"`, `Digest realm="${www}b"`])
    assert.deepEqual(headers.all('Proxy-Authenticate'), [`Digest realm="${proxy}a"`, `Digest realm="${proxy}b"`])
  })
}

test('step 7: phones that challenge more than a message can hold are answered for, and the call ends', async (t) => {
  const { alone, caller, phones, answer } = await fork(t, 5)
  const challenges = Array.from({ length: 240 }, (_, at) => `Digest realm="${at}", nonce="x"`)
  for (const [at, phone] of phones.entries()) {
    answer(at, 407, { fields: { 'Proxy-Authenticate': challenges } })
    await phone.request('ACK')
  }
  const response = await caller.response('INVITE', 407)
  assert.ok(response.headers.size <= 256)
  assert.deepEqual(response.headers.all('Proxy-Authenticate').slice(0, 240), challenges)
  assert.equal(alone.site.proxy.counts()['requests'], 0)
})

test('a fork of a request that is no INVITE has one answer', async (t) => {
  const alone = await StandaloneSite.start(t)
  const caller = await alone.phone()
  const phones = [await alone.phone(), await alone.phone()]
  await alone.register('bob', ...phones)
  caller.send(requestText(caller, 'MESSAGE'))
  for (const phone of phones) phone.send(responseText(phone, await phone.request('MESSAGE'), 202))
  await caller.response('MESSAGE', 202)
  caller.send(requestText(caller, 'MESSAGE', { uri: 'sip:nobody@sip.example.org' }))
  await caller.response('MESSAGE', 404)
  assert.equal(caller.summary().includes('202'), false)
})
