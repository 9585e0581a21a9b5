/** Security case 3: a callee, or whoever sits where the outbound proxy should, who answers what nobody expects. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { RawCall } from '../support/torture/raw-call.ts'
import { ackText, requestText, responseText, type TextOptions } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type UdpWire, type Wire } from '../support/torture/wire.ts'

const answer = clearAudio(40010)
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: value`)

/** A caller and a callee with an INVITE between them. */
async function ringing(
  t: TestContext,
  victim: Victim,
): Promise<{
  readonly caller: Wire
  readonly callee: UdpWire
  readonly text: string
  readonly invite: SipRequest
}> {
  const caller = await victim.wire(t, 'udp')
  const callee = await victim.callee(t)
  return { caller, callee, ...(await RawCall.invite(caller, callee)) }
}

/** Responses that belong to nothing or mean nothing: they are dropped, and the right answer that follows still counts. */
const ignored: readonly (readonly [what: string, status: number | string, options: TextOptions])[] = [
  ['a CSeq that is no number', 200, { fields: { CSeq: 'abc INVITE' } }],
  ['a CSeq of another number', 200, { fields: { CSeq: '77 INVITE' } }],
  ['a CSeq beyond 2³¹', 200, { fields: { CSeq: '4294967297 INVITE' } }],
  ['a CSeq of another method', 200, { fields: { CSeq: '1 OPTIONS' } }],
  ['a CSeq without a method', 200, { fields: { CSeq: '1' } }],
  ['no CSeq', 200, { fields: { CSeq: undefined } }],
  ['no Via', 200, { fields: { Via: undefined } }],
  ['a Via that is none', 200, { fields: { Via: ';;;' } }],
  ['a Via without a branch', 200, { fields: { Via: 'SIP/2.0/UDP 127.0.0.1' } }],
  ['a branch of somebody else', 200, { fields: { Via: 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKother' } }],
  ['another Call-ID', 200, { fields: { 'Call-ID': 'other' } }],
  ['another From tag', 200, { fields: { From: '<sip:mallory@sip.example.org>;tag=other' } }],
  ['two To tags', 200, { fields: { To: '<sip:bob@sip.example.org>;tag=a;tag=b' } }],
  ['two To', 200, { lines: ['t: <sip:bob@sip.example.org>'] }],
  ['a status of 99', 'SIP/2.0 99 Low', {}],
  ['a status of 700', 'SIP/2.0 700 High', {}],
  ['a status of 2e2', 'SIP/2.0 2e2 OK', {}],
  ['another version', 'SIP/3.0 200 OK', {}],
  ['no reason and no space', 'SIP/2.0', {}],
  ['a NUL', 200, { fields: { Subject: 'a\0' } }],
  ['a body shorter than its Content-Length', 200, { fields: { 'Content-Length': '5000' } }],
  ['more header fields than are read', 200, { lines: many(260) }],
]
test('security case 3: responses that belong to nothing are dropped, and the right one that follows counts', async (t) => {
  const victim = await Victim.start(t)
  for (const [what, status, options] of ignored) {
    await t.test(`a response with ${what}`, async (t) => {
      const { caller, callee, invite } = await ringing(t, victim)
      callee.send(responseText(callee, invite, status, { body: answer, ...options }))
      callee.send(responseText(callee, invite, 486))
      await callee.request('ACK')
      const response = await caller.response('INVITE')
      assert.equal(response.status, 486)
      caller.send(ackText(response))
      await victim.forgets()
    })
  }
  await victim.survived()
})

/** Answers that cannot be used: what the caller gets, and the callee gets ACK and BYE. */
const unusable: readonly (readonly [what: string, status: number, options: TextOptions & { toTag?: string }])[] = [
  ['no description', 488, {}],
  ['a body of another type', 488, { body: answer, contentType: 'text/plain' }],
  ['a body without a type', 488, { body: answer, fields: { 'Content-Type': undefined } }],
  ['a multipart body', 488, { body: answer, contentType: 'multipart/mixed;boundary=x' }],
  ['a description that is none', 488, { body: 'v=0\r\nnonsense\r\n' }],
  ['a NUL in the description', 488, { body: answer.replace('s=-', 's=\0') }],
  ['a description of 3000 lines', 488, { body: answer + 'a=x:y\r\n'.repeat(3000) }],
  ['a description of 60 KB', 488, { body: `${answer}a=x:${'y'.repeat(60_000)}\r\n` }],
  ['more m-lines than were offered', 488, { body: answer + 'm=audio 40020 RTP/AVP 0\r\n'.repeat(2) }],
  ['no m-line', 488, { body: answer.slice(0, answer.indexOf('m=')) }],
  ['an m-line of another kind', 488, { body: answer.replace('m=audio', 'm=video') }],
  ['a secured profile that was not offered', 488, { body: answer.replace('RTP/AVP', 'RTP/SAVP') }],
]
test('security case 3: a 200 that cannot be used ends the call on both legs', async (t) => {
  const victim = await Victim.start(t)
  for (const [what, status, options] of unusable) {
    await t.test(`a 200 with ${what}: ${status} to the caller, ACK and BYE to the callee`, async (t) => {
      const { caller, callee, invite } = await ringing(t, victim)
      callee.send(responseText(callee, invite, 200, options))
      await callee.request('ACK')
      callee.send(responseText(callee, await callee.request('BYE'), 200))
      const response = await caller.response('INVITE')
      caller.send(ackText(response))
      assert.equal(response.status, status)
      await victim.forgets()
    })
  }
  await victim.survived()
})

/** Answers that are odd and good enough. */
const odd: readonly (readonly [what: string, options: TextOptions & { toTag?: string }])[] = [
  ['no To tag', { toTag: '' }],
  ['no Contact', { fields: { Contact: undefined } }],
  ['Contact: *', { fields: { Contact: '*' } }],
  ['a Contact that is no address', { fields: { Contact: '<<<>>>' } }],
  ['a Contact of no known scheme', { fields: { Contact: '<http://example.org/>' } }],
  ['an empty Contact', { fields: { Contact: '' } }],
  ['a Record-Route that is none', { fields: { 'Record-Route': ';;;,<,>,<sip:>' } }],
  ['a telephone number in Record-Route', { fields: { 'Record-Route': '<tel:+331;lr>' } }],
  ['200 more header fields', { lines: many(200) }],
  ['Require of something unknown', { fields: { Require: 'teleportation' } }],
  ['a Content-Type in capitals with parameters', { contentType: 'APPLICATION/SDP ; charset=utf-8' }],
]
test('security case 3: a 200 that is odd and good enough is an answer', async (t) => {
  const victim = await Victim.start(t)
  for (const [what, options] of odd) {
    await t.test(`a 200 with ${what}`, async (t) => {
      const { caller, callee, invite } = await ringing(t, victim)
      callee.send(responseText(callee, invite, 200, { body: answer, ...options }))
      const ok = await caller.response('INVITE')
      caller.send(ackText(ok))
      assert.equal(ok.status, 200)
      caller.send(
        requestText(caller, 'BYE', {
          fields: {
            From: ok.headers.get('From'),
            To: ok.headers.get('To'),
            'Call-ID': ok.headers.get('Call-ID'),
            CSeq: '2 BYE',
          },
        }),
      )
      assert.equal((await caller.response('BYE')).status, 200)
      await victim.forgets()
    })
  }
  await victim.survived()
})

/** Addresses to which nothing can ever be sent. */
const unreachable = [
  '127.0.0.1:0',
  '0.0.0.0:5060',
  '255.255.255.255:5060',
  '224.0.0.1:5060',
  '[::]:5060',
  '[::ffff:127.0.0.1]:0',
  '999.1.1.1:5060',
]
for (const transport of ['udp', 'tcp', 'tls', 'sctp']) {
  test(`security case 3: a callee who cannot be reached at its Contact over ${transport} harms only its own call`, async (t) => {
    const victim = await Victim.start(t)
    for (const address of unreachable) {
      await t.test(address, async (t) => {
        const { caller, callee, invite } = await ringing(t, victim)
        const fields = { Contact: `<sip:${address};transport=${transport}>` }
        callee.send(responseText(callee, invite, 200, { body: answer, fields }))
        const ok = await caller.response('INVITE')
        caller.send(ackText(ok))
        assert.equal(ok.status, 200)
        for (const call of victim.site.b2bua.calls) call.end('shutdown')
        caller.send(responseText(caller, await caller.request('BYE'), 200))
        await victim.forgets()
      })
    }
    await victim.survived()
  })
}
