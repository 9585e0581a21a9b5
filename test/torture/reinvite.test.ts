/** Pains 12, 14 and 15: what comes right behind an answer, and offers that come with it. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { RawCall } from '../support/torture/raw-call.ts'
import { ackText, inDialogText, requestText, responseText, type RequestOptions } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type Wire } from '../support/torture/wire.ts'

const [offer, answer] = [clearAudio(40000), clearAudio(40010)]

async function ringing(t: TestContext) {
  const victim = await Victim.start(t)
  const [caller, callee] = [await victim.wire(t, 'tcp'), await victim.callee(t)]
  return { victim, caller, callee, ...(await RawCall.invite(caller, callee)) }
}

/** The callee's re-INVITE. */
function reinviteOf(callee: Wire, { headers }: SipRequest, options: RequestOptions = {}): string {
  return requestText(callee, 'INVITE', {
    uri: /<([^>]*)>/.exec(headers.get('Contact')!)![1]!,
    ...options,
    fields: {
      From: `${headers.get('To')!};tag=callee`,
      To: headers.get('From'),
      'Call-ID': headers.get('Call-ID'),
      ...options.fields,
    },
  })
}

/** One end takes a re-INVITE, and agrees. */
async function agree(wire: Wire, body: string): Promise<SipRequest> {
  const reinvite = await wire.request('INVITE')
  wire.send(responseText(wire, reinvite, 200, { body }))
  return reinvite
}

/** Takes a 200 with an answer, and acknowledges it. */
async function acknowledge(wire: Wire): Promise<SipResponse> {
  const ok = await wire.response('INVITE')
  assert.equal(ok.status, 200)
  assert.match(ok.body.toString(), /^m=audio/m)
  wire.send(ackText(ok))
  return ok
}

test('pain 12: a re-INVITE of the callee right behind its 200 finds the dialog, and crosses', async (t) => {
  const { victim, caller, callee, invite } = await ringing(t)
  callee.send(responseText(callee, invite, 200, { body: answer }))
  callee.send(reinviteOf(callee, invite, { body: answer }))
  const ok = await acknowledge(caller)
  await callee.request('ACK')
  await agree(caller, offer)
  await acknowledge(callee)
  await caller.request('ACK')
  await new RawCall({ caller, callee, invite, ok }).hangUp()
  await victim.survived()
})

test('pain 12: a re-INVITE of the caller right behind her ACK crosses', async (t) => {
  const { victim, caller, callee, invite } = await ringing(t)
  callee.send(responseText(callee, invite, 200, { body: answer }))
  const ok = await caller.response('INVITE')
  caller.send(ackText(ok) + inDialogText(caller, ok, 'INVITE', 2, { body: offer }))
  await agree(callee, answer)
  await acknowledge(caller)
  const call = new RawCall({ caller, callee, invite, ok })
  call.seq = 2
  await call.hangUp()
  await victim.survived()
})

for (const by of ['caller', 'callee'] as const)
  test(`pain 14: an offerless re-INVITE of the ${by}: the ACK with the answer waits until there is one`, async (t) => {
    const victim = await Victim.start(t)
    const call = await RawCall.start(t, victim)
    const [near, far] = by === 'caller' ? [call.caller, call.callee] : [call.callee, call.caller]
    near.send(by === 'caller' ? call.request('INVITE') : reinviteOf(call.callee, call.invite))
    assert.equal((await agree(far, by === 'caller' ? answer : offer)).body.length, 0)
    const ok = await near.response('INVITE')
    assert.match(ok.body.toString(), /^m=audio/m)
    await victim.leap(2000) // the far end repeats its 200 meanwhile, and may hear no ACK
    assert.equal(far.received.filter((one) => one.kind === 'request').length, 0)
    near.send(ackText(ok, { body: by === 'caller' ? offer : answer }))
    assert.match((await far.request('ACK')).body.toString(), /^m=audio/m)
    near.received.length = 0 // the 200s of that time
    await call.hangUp()
    await victim.survived()
  })
