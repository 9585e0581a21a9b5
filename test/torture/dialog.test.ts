/** Security cases 2 and 3 inside a call, and requests that only pretend to be. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { RawCall } from '../support/torture/raw-call.ts'
import {
  ackText,
  cancelText,
  requestText,
  responseText,
  unique,
  type RequestOptions,
} from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type Wire } from '../support/torture/wire.ts'

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: value`)
const offer = (version: number): string => clearAudio(40000, 'sendrecv', version)
const answer = (version: number): string => clearAudio(40010, 'sendrecv', version)

/** An attack on a call in progress, which must go on: it is hung up as usual at the end. */
function inCall(what: string, run: (call: RawCall, victim: Victim, t: TestContext) => Promise<void>): void {
  test(what, async (t) => {
    const victim = await Victim.start(t)
    const call = await RawCall.start(t, victim)
    await run(call, victim, t)
    await call.hangUp()
    assert.equal((await victim.site.ended.next('end')).reason, 'hangup')
    await victim.survived()
  })
}

/** An attack that ends the call. */
function endsCall(what: string, run: (call: RawCall, victim: Victim, t: TestContext) => Promise<void>): void {
  test(what, async (t) => {
    const victim = await Victim.start(t)
    await run(await RawCall.start(t, victim), victim, t)
    await victim.survived()
  })
}

/** The callee takes a request and answers it. */
async function reply(
  { callee }: RawCall,
  method: string,
  status: number,
  options: Parameters<typeof responseText>[3] = {},
): Promise<SipRequest> {
  const request = await callee.request(method)
  callee.send(responseText(callee, request, status, options))
  return request
}

/** A re-INVITE that changes nothing, from the caller to the callee and back. */
async function renews(call: RawCall, version: number): Promise<void> {
  call.caller.send(call.request('INVITE', { body: offer(version) }))
  await reply(call, 'INVITE', 200, { body: answer(version) })
  const ok = await call.caller.response('INVITE')
  assert.equal(ok.status, 200)
  call.caller.send(ackText(ok))
  await call.callee.request('ACK')
}

/** Takes a BYE, and answers it. */
async function takeBye(wire: Wire): Promise<void> {
  wire.send(responseText(wire, await wire.request('BYE'), 200))
}

const strangers: readonly (readonly [what: string, method: string, status: number, options: RequestOptions])[] = [
  ['CANCEL of an unknown call', 'CANCEL', 481, {}],
  ['CANCEL with a To tag', 'CANCEL', 481, { fields: { To: '<sip:bob@sip.example.org>;tag=x' } }],
  ['BYE outside of a dialog', 'BYE', 481, {}],
  ['BYE of an unknown dialog', 'BYE', 481, { fields: { To: '<sip:bob@sip.example.org>;tag=x' } }],
  ['INVITE of an unknown dialog', 'INVITE', 481, { fields: { To: '<sip:bob@sip.example.org>;tag=x' } }],
  ['UPDATE outside of a dialog', 'UPDATE', 481, { body: offer(1) }],
  ['INFO outside of a dialog', 'INFO', 481, {}],
  ['NOTIFY outside of a dialog', 'NOTIFY', 481, {}],
  ['PRACK', 'PRACK', 481, {}],
  ['REGISTER', 'REGISTER', 405, {}],
  ['OPTIONS, as in case 19 of Flexisip', 'OPTIONS', 200, {}],
  ['SUBSCRIBE outside of a dialog', 'SUBSCRIBE', 488, {}],
  ['REFER outside of a dialog', 'REFER', 403, {}],
  ['REFER to a call that is none', 'REFER', 481, { fields: { 'Target-Dialog': 'x;local-tag=1;remote-tag=2' } }],
  ['REFER to nothing that can be read', 'REFER', 481, { fields: { 'Target-Dialog': ';;' } }],
  ['MESSAGE outside of a dialog', 'MESSAGE', 405, {}],
  ['a method that nobody knows', 'DANCE', 501, {}],
  ['a method of 10,000 letters', 'D'.repeat(10_000), 501, {}],
]
test('requests that belong to no call are told so', async (t) => {
  const victim = await Victim.start(t)
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const [what, method, status, options] of strangers) {
      await t.test(`${what} over ${protocol}: ${status}`, async (t) => {
        const wire = await victim.wire(t, protocol)
        wire.send(requestText(wire, method, options))
        const response = await wire.response(method)
        if (method === 'INVITE') wire.send(ackText(response))
        assert.equal(response.status, status)
      })
    }
  }
  await victim.survived()
})

inCall('a storm of ACKs, right and wrong, changes nothing', async (call) => {
  const { caller, ok } = call
  const wrong = {
    From: '<sip:x@y>;tag=z',
    To: '<sip:bob@sip.example.org>;tag=z',
    'Call-ID': 'z',
    CSeq: '99 ACK',
  }
  for (let time = 0; time < 300; time++) {
    caller.send(ackText(ok, { body: time % 2 === 0 ? 'v=0' : '' }))
    for (const [name, value] of Object.entries(wrong)) caller.send(ackText(ok, { fields: { [name]: value } }))
    if (time % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
})

inCall('BYEs and re-INVITEs with a wrong tag or Call-ID are told 481', async (call) => {
  for (const method of ['BYE', 'INVITE', 'INFO'] as const) {
    for (const fields of [
      { From: '<sip:mallory@sip.example.org>;tag=other' },
      { From: '<sip:mallory@sip.example.org>' },
      { To: '<sip:bob@sip.example.org>;tag=other' },
      { 'Call-ID': 'other' },
    ]) {
      call.caller.send(call.request(method, { fields, ...(method === 'INVITE' ? { body: offer(2) } : {}) }))
      const response = await call.caller.response(method)
      if (method === 'INVITE') call.caller.send(ackText(response))
      assert.equal(response.status, 481, `${method} ${JSON.stringify(fields)}`)
    }
  }
  assert.equal(call.callee.summary(), '')
})

inCall('requests with a CSeq that goes back are told 500, and gaps are allowed', async (call) => {
  const { caller } = call
  caller.send(call.request('INFO', { fields: { CSeq: '1000000 INFO' } }))
  await reply(call, 'INFO', 200)
  assert.equal((await caller.response('INFO')).status, 200)
  for (const [seq, method] of [
    [999_999, 'INFO'],
    [0, 'UPDATE'],
    [2, 'INVITE'],
    [1, 'BYE'],
  ] as const) {
    caller.send(call.request(method, { fields: { CSeq: `${seq} ${method}` } }))
    const response = await caller.response(method)
    if (method === 'INVITE') caller.send(ackText(response))
    assert.equal(response.status, 500, method)
  }
  call.seq = 2_000_000
})

inCall('a request inside the dialog from another address is as good as any', async (call, victim, t) => {
  const elsewhere = await victim.wire(t, 'tcp')
  elsewhere.send(call.request('INFO'))
  await reply(call, 'INFO', 200)
  assert.equal((await elsewhere.response('INFO')).status, 200)
})

for (const contact of ['nonsense', '*', '<<>>', '', '<http://example.org>', '<tel:+331>']) {
  inCall(`a re-INVITE whose Contact is ${JSON.stringify(contact)} leaves the target as it was`, async (call) => {
    call.caller.send(call.request('INVITE', { body: offer(2), fields: { Contact: contact } }))
    await reply(call, 'INVITE', 200, { body: answer(2), fields: { Contact: contact } })
    const ok = await call.caller.response('INVITE')
    call.caller.send(ackText(ok))
    assert.equal(ok.status, 200)
  })
}

for (const contact of ['<sip:a@127.0.0.1:0>', '<sip:a@0.0.0.0:5060;transport=tcp>']) {
  endsCall(
    `a re-INVITE that moves the target to ${contact}: the BYE that cannot be sent leaves nothing`,
    async (call, victim) => {
      const { caller, callee } = call
      caller.send(call.request('INVITE', { body: offer(2), fields: { Contact: contact } }))
      await reply(call, 'INVITE', 200, { body: answer(2) })
      const ok = await caller.response('INVITE')
      caller.send(ackText(ok))
      assert.equal(ok.status, 200)
      callee.send(call.calleeRequest('INFO', 1))
      assert.notEqual((await callee.response('INFO')).status, 200)
      for (const one of victim.site.b2bua.calls) one.end('shutdown')
      await takeBye(callee)
    },
  )
}

inCall('requests and responses with as many header fields as are read cross', async (call) => {
  for (const method of ['INFO', 'INVITE', 'UPDATE'] as const) {
    const [body, answered] = method === 'INFO' ? ['x', ''] : [offer(2), answer(2)]
    call.caller.send(call.request(method, { body, lines: many(240) }))
    await reply(call, method, 200, { body: answered, lines: many(240) })
    const ok = await call.caller.response(method)
    assert.equal(ok.status, 200)
    if (method === 'INVITE') call.caller.send(ackText(ok))
  }
  await renews(call, 3)
})

/** Bodies of a re-INVITE or UPDATE that cannot be used, and the status that refuses them. */
const badOffers: readonly (readonly [what: string, status: number, options: RequestOptions])[] = [
  ['no description', 400, { body: 'nonsense' }],
  ['a NUL', 400, { body: offer(2).replace('s=-', 's=\0') }],
  ['another type', 415, { body: offer(2), contentType: 'text/plain' }],
  ['no type', 415, { body: offer(2), fields: { 'Content-Type': undefined } }],
  ['DTLS-SRTP', 488, { body: offer(2).replace('RTP/AVP', 'UDP/TLS/RTP/SAVP') }],
  ['the stream in another profile', 488, { body: offer(2).replace('RTP/AVP', 'RTP/SAVP') }],
  ['3000 lines', 413, { body: offer(2) + 'a=x\r\n'.repeat(3000) }],
  ['1000 m-lines', 413, { body: offer(2) + 'm=audio 9 RTP/AVP 0\r\n'.repeat(1000) }],
]
for (const method of ['INVITE', 'UPDATE'] as const) {
  inCall(`${method} with an offer that cannot be used is refused, and the call goes on`, async (call) => {
    for (const [what, status, options] of badOffers) {
      call.caller.send(call.request(method, options))
      const response = await call.caller.response(method)
      if (method === 'INVITE') call.caller.send(ackText(response))
      assert.equal(response.status, status, what)
    }
    await renews(call, 3)
  })
}

inCall('twenty re-INVITEs at once: one is relayed, the others are told to wait', async (call) => {
  const { caller } = call
  for (let version = 2; version < 22; version++) caller.send(call.request('INVITE', { body: offer(version) }))
  for (let refused = 0; refused < 19; refused++) {
    const response = await caller.response('INVITE')
    caller.send(ackText(response))
    assert.equal(response.status, 500)
    assert.match(response.headers.get('Retry-After')!, /^\d+$/)
  }
  await reply(call, 'INVITE', 200, { body: answer(2) })
  const ok = await caller.response('INVITE')
  caller.send(ackText(ok))
  assert.equal(ok.status, 200)
  await call.callee.request('ACK')
  assert.equal(call.callee.summary(), '')
})

inCall('pain 15: re-INVITEs that cross are both told 491, and one later works', async (call) => {
  const { caller, callee } = call
  caller.send(call.request('INVITE', { body: offer(2) }))
  const atCallee = await callee.request('INVITE')
  callee.send(call.calleeRequest('INVITE', 1, { body: answer(2), fields: { Contact: `<${callee.uri}>` } }))
  const glare = await callee.response('INVITE')
  callee.send(ackText(glare))
  assert.equal(glare.status, 491)
  callee.send(responseText(callee, atCallee, 491))
  const response = await caller.response('INVITE')
  caller.send(ackText(response))
  assert.equal(response.status, 491)
  await renews(call, 3)
})

/** What a callee may answer a re-INVITE so that the call goes on, and what the caller gets. */
const harmlessAnswers: readonly (readonly [status: number, options: Parameters<typeof responseText>[3]])[] = [
  [488, {}],
  [500, { lines: many(240) }],
  [302, { fields: { Contact: '<<<' } }],
  [401, {}],
  [699, {}],
]
inCall('a re-INVITE that the callee refuses in an odd way is refused, and the call goes on', async (call) => {
  for (const [status, options] of harmlessAnswers) {
    call.caller.send(call.request('INVITE', { body: offer(2) }))
    await reply(call, 'INVITE', status, options)
    const response = await call.caller.response('INVITE')
    call.caller.send(ackText(response))
    assert.equal(response.status, status)
    await call.callee.request('ACK')
  }
  await renews(call, 3)
})

/** What a callee may answer a re-INVITE so that the call ends. */
const fatalAnswers: readonly (readonly [what: string, status: number, options: Parameters<typeof responseText>[3]])[] =
  [
    ['no description', 200, {}],
    ['nonsense', 200, { body: 'nonsense' }],
    ['another type', 200, { body: 'x', contentType: 'text/plain' }],
    ['no m-line', 200, { body: answer(2).slice(0, answer(2).indexOf('m=')) }],
    ['481', 481, {}],
    ['408', 408, {}],
  ]
for (const [what, status, options] of fatalAnswers) {
  endsCall(`a re-INVITE that the callee answers with ${what} ends the call on both legs`, async (call) => {
    call.caller.send(call.request('INVITE', { body: offer(2) }))
    await reply(call, 'INVITE', status, options)
    await call.callee.request('ACK')
    const response = await call.caller.response('INVITE')
    call.caller.send(ackText(response))
    assert.equal(response.status, status === 200 ? 488 : status)
    await takeBye(call.caller)
    await takeBye(call.callee)
  })
}

endsCall('a re-INVITE that the callee never answers ends the call after 32 s', async (call, victim) => {
  call.caller.send(call.request('INVITE', { body: offer(2) }))
  await call.callee.request('INVITE')
  await victim.leap(33_000)
  const response = await call.caller.response('INVITE')
  call.caller.send(ackText(response))
  assert.equal(response.status, 408)
  await takeBye(call.caller)
})

endsCall('a re-INVITE whose 200 is never acknowledged ends the call after 32 s', async (call, victim) => {
  call.caller.send(call.request('INVITE', { body: offer(2) }))
  await reply(call, 'INVITE', 200, { body: answer(2) })
  assert.equal((await call.caller.response('INVITE')).status, 200)
  await victim.leap(33_000)
  await takeBye(call.caller)
  await takeBye(call.callee)
})

for (const body of ['', 'nonsense', clearAudio(40000).replace('m=audio', 'm=video')]) {
  endsCall(
    `an offerless re-INVITE acknowledged with ${JSON.stringify(body.slice(0, 10))} ends the call`,
    async (call) => {
      call.caller.send(call.request('INVITE'))
      await reply(call, 'INVITE', 200, { body: answer(2) })
      const ok = await call.caller.response('INVITE')
      call.caller.send(ackText(ok, { body }))
      await takeBye(call.caller)
      await takeBye(call.callee)
    },
  )
}

for (const [what, body] of [
  ['nothing', ''],
  ['nonsense', 'nonsense'],
  ['other m-lines', clearAudio(40000).replace('m=audio', 'm=video')],
] as const) {
  test(`an offerless INVITE acknowledged with ${what} is ended on both legs`, async (t) => {
    const victim = await Victim.start(t)
    const caller = await victim.wire(t, 'udp')
    const callee = await victim.callee(t)
    const { invite } = await RawCall.invite(caller, callee, { body: '' })
    callee.send(responseText(callee, invite, 200, { body: answer(1) }))
    const ok = await caller.response('INVITE')
    caller.send(ackText(ok, { body }))
    await takeBye(caller)
    await callee.request('ACK')
    await takeBye(callee)
    await victim.survived()
  })
}

inCall('pain 13: a re-INVITE that is cancelled is told 487, and the call goes on', async (call) => {
  const { caller, callee } = call
  const text = call.request('INVITE', { body: offer(2) })
  caller.send(text)
  const atCallee = await callee.request('INVITE')
  callee.send(responseText(callee, atCallee, 100))
  callee.send(responseText(callee, atCallee, 180))
  caller.send(cancelText(text))
  assert.equal((await caller.response('CANCEL')).status, 200)
  callee.send(responseText(callee, await callee.request('CANCEL'), 200))
  callee.send(responseText(callee, atCallee, 487))
  const response = await caller.response('INVITE')
  caller.send(ackText(response))
  assert.equal(response.status, 487)
  await callee.request('ACK')
  await renews(call, 3)
})

endsCall(
  'pain 17: a BYE while a re-INVITE is under way ends both, and the late answer is acknowledged',
  async (call) => {
    const { caller, callee } = call
    caller.send(call.request('INVITE', { body: offer(2) }))
    const atCallee = await callee.request('INVITE')
    assert.equal((await call.ask('BYE')).status, 200)
    const response = await caller.response('INVITE')
    caller.send(ackText(response))
    assert.equal(response.status, 487)
    await takeBye(callee)
    callee.send(responseText(callee, atCallee, 200, { body: answer(2) }))
    await callee.request('ACK')
  },
)

endsCall('BYEs from both sides at once are both answered', async (call) => {
  const { caller, callee } = call
  caller.send(call.request('BYE'))
  callee.send(call.calleeRequest('BYE', 1))
  assert.equal((await caller.response('BYE')).status, 200)
  assert.equal((await callee.response('BYE')).status, 200)
})

endsCall('a second BYE and whatever follows it are told 200 or 481', async (call) => {
  await call.hangUp()
  for (const method of ['BYE', 'INFO', 'UPDATE', 'OPTIONS'] as const) {
    assert.equal((await call.ask(method)).status, 481, method)
  }
})

endsCall('two hundred INFOs that the callee never answers leave nothing', async (call, victim) => {
  for (let time = 0; time < 200; time++) {
    call.caller.send(call.request('INFO', { body: 'x', contentType: 'text/plain' }))
    if (time % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await victim.leap(33_000)
  await takeBye(call.caller)
})

inCall(
  'methods inside the dialog that are not taken are told so, the others cross with whatever they hold',
  async (call) => {
    assert.equal((await call.ask('PUBLISH')).status, 405)
    assert.equal((await call.ask('PRACK')).status, 481)
    assert.equal((await call.ask('DANCE')).status, 501)
    assert.equal((await call.ask('INFO', { fields: { Require: 'teleportation' } })).status, 420)
    const fields = { 'Refer-To': '<sip:x?Replaces=%3b>', 'Subscription-State': ';;', Event: '', Replaces: ';' }
    for (const method of ['REFER', 'NOTIFY', 'SUBSCRIBE', 'MESSAGE', 'OPTIONS'] as const) {
      call.caller.send(call.request(method, { fields, body: '\0\xff', contentType: 'application/octet-stream' }))
      const request = await reply(call, method, 200)
      assert.equal(request.body.toString('latin1'), '\0\xff', method)
      assert.equal((await call.caller.response(method)).status, 200)
    }
  },
)

/** Requests of the caller before the call is answered, and what they get. */
for (const [method, status] of [
  ['UPDATE', 500],
  ['INVITE', 500],
  ['PRACK', 481],
] as const) {
  test(`${method} from the caller before the answer gets ${status}, and the call goes on ringing`, async (t) => {
    const victim = await Victim.start(t)
    const caller = await victim.wire(t, 'udp')
    const callee = await victim.callee(t)
    const { invite } = await RawCall.invite(caller, callee)
    callee.send(responseText(callee, invite, 180))
    const ringing = await caller.response('INVITE', 180)
    const { headers } = ringing
    const fields = {
      From: headers.get('From'),
      To: headers.get('To'),
      'Call-ID': headers.get('Call-ID'),
      CSeq: `2 ${method}`,
    }
    caller.send(requestText(caller, method, { fields, body: offer(2) }))
    const response = await caller.response(method)
    assert.equal(response.status, status)
    if (method === 'INVITE') caller.send(ackText(response))
    callee.send(responseText(callee, invite, 486))
    assert.equal((await caller.response('INVITE')).status, 486)
    await victim.survived()
  })
}

test('a BYE of the caller before the answer ends the call', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'udp')
  const callee = await victim.callee(t)
  const { invite } = await RawCall.invite(caller, callee)
  callee.send(responseText(callee, invite, 180))
  const { headers } = await caller.response('INVITE', 180)
  const fields = { From: headers.get('From'), To: headers.get('To'), 'Call-ID': headers.get('Call-ID'), CSeq: '2 BYE' }
  caller.send(requestText(caller, 'BYE', { fields }))
  assert.equal((await caller.response('BYE')).status, 200)
  assert.equal((await caller.response('INVITE')).status, 487)
  callee.send(responseText(callee, await callee.request('CANCEL'), 200))
  callee.send(responseText(callee, invite, 487))
  await victim.survived()
})

test('an INVITE that comes five hundred times is one call; one with another branch is another', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'udp')
  const callee = await victim.callee(t)
  const [branch, callId] = [unique('z9hG4bK'), unique()]
  const options = { branch, body: offer(1), fields: { 'Call-ID': callId } }
  const text = requestText(caller, 'INVITE', options)
  for (let time = 0; time < 500; time++) caller.send(text)
  const first = await callee.request('INVITE')
  caller.send(requestText(caller, 'INVITE', { ...options, branch: unique('z9hG4bK') }))
  const second = await callee.request('INVITE')
  assert.equal(victim.site.b2bua.calls.size, 2)
  for (const invite of [first, second]) {
    callee.send(responseText(callee, invite, 486))
    caller.send(ackText(await caller.response('INVITE')))
    await callee.request('ACK')
  }
  await victim.survived()
})

endsCall('a re-INVITE that the callee lets ring for ever is cancelled when the call ends', async (call) => {
  const { caller, callee } = call
  caller.send(call.request('INVITE', { body: offer(2) }))
  callee.send(responseText(callee, await callee.request('INVITE'), 180))
  assert.equal((await call.ask('BYE')).status, 200)
  const response = await caller.response('INVITE')
  caller.send(ackText(response))
  assert.equal(response.status, 487)
  await takeBye(callee)
})

inCall('a description that is no part of an offer and answer does not cross, whatever carries it', async (call) => {
  const key = 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB'
  const secret = sdesAudio(40666, key)
  for (const method of ['OPTIONS', 'INFO', 'MESSAGE', 'UPDATE', 'NOTIFY', 'REFER'] as const) {
    call.caller.send(
      call.request(method, {
        ...(method !== 'UPDATE' && { body: secret, contentType: 'Application/SDP ; x=y' }),
        ...(method === 'REFER' && { fields: { 'Refer-To': '<sip:carol@example.org>' } }),
      }),
    )
    const request = await reply(call, method, 200, { body: secret })
    const response = await call.caller.response(method)
    assert.equal(response.status, 200, method)
    assert.equal(request.body.toString(), '', method)
    assert.equal(response.body.toString(), '', method)
    for (const { headers } of [request, response]) assert.equal(headers.get('Content-Type'), undefined, method)
  }
})

test('an offer from either side while an offerless INVITE waits for its answer is told to wait, and the call goes on', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'udp')
  const callee = await victim.callee(t)
  const { invite } = await RawCall.invite(caller, callee, { body: '' })
  callee.send(responseText(callee, invite, 200, { body: answer(1) }))
  const call = new RawCall({ caller, callee, invite, ok: await caller.response('INVITE') })
  assert.equal((await call.ask('UPDATE', { body: offer(2) })).status, 491)
  callee.send(call.calleeRequest('UPDATE', 1, { body: answer(2) }))
  assert.equal((await callee.response('UPDATE')).status, 500)
  caller.send(ackText(call.ok, { body: offer(1) }))
  assert.match((await callee.request('ACK')).body.toString(), /^m=audio/m)
  await renews(call, 3)
  await call.hangUp()
  await victim.survived()
})
