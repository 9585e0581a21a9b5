/** Pain 13: CANCEL at every step of a call, once and again, and crossing the answer: no leg rings on, nothing is left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { RawCall } from '../support/torture/raw-call.ts'
import { ackText, cancelText, inDialogText, requestText, responseText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type Wire } from '../support/torture/wire.ts'

const body = clearAudio(40010)
const reliable = { Require: '100rel', RSeq: '1' }

/** What the callee has said before the caller gives up; `prack`: the caller has acknowledged it. */
const steps: readonly (readonly [
  what: string,
  said: readonly (readonly [status: number, options?: Parameters<typeof responseText>[3]])[],
  prack?: true,
])[] = [
  ['before the callee has said a word', []],
  ['behind 100', [[100]]],
  ['while it rings', [[180]]],
  ['while it is forwarded', [[100], [181]]],
  ['in early media', [[180], [183, { body }]]],
  ['before a reliable response is acknowledged', [[183, { body, fields: reliable }]]],
  ['behind the PRACK', [[183, { body, fields: reliable }]], true],
  [
    'while two forks ring',
    [
      [180, { toTag: 'one' }],
      [180, { toTag: 'two' }],
    ],
  ],
]

/** Takes the caller's final response, and acknowledges it. */
async function finalStatus(caller: Wire): Promise<number> {
  const response = await caller.response('INVITE')
  caller.send(ackText(response))
  return response.status
}

/** The callee takes a request of a method, and says that it is done. */
async function takes(callee: Wire, method: string): Promise<SipRequest> {
  const request = await callee.request(method)
  callee.send(responseText(callee, request, 200))
  return request
}

for (const protocol of ['udp', 'tcp'] as const)
  for (const [what, said, prack] of steps)
    for (const times of [1, 3])
      test(`pain 13: CANCEL ${what}, ${times === 1 ? 'once' : 'and again'}, over ${protocol}`, async (t) => {
        const victim = await Victim.start(t)
        const caller = await victim.wire(t, protocol)
        const callee = await victim.callee(t)
        const { text, invite } = await RawCall.invite(caller, callee, { fields: { Supported: '100rel' } })
        for (const [status, options] of said) {
          callee.send(responseText(callee, invite, status, options))
          if (status === 100) continue // each hop has its own
          const heard = await caller.response('INVITE', status)
          if (prack !== true) continue
          caller.send(
            inDialogText(caller, heard, 'PRACK', 2, {
              fields: { RAck: `${heard.headers.get('RSeq')!} ${heard.headers.get('CSeq')!}` },
            }),
          )
          await takes(callee, 'PRACK')
          assert.equal((await caller.response('PRACK')).status, 200)
        }
        for (let time = 0; time < times; time++) caller.send(cancelText(text))
        for (let time = 0; time < times; time++) assert.equal((await caller.response('CANCEL')).status, 200)
        assert.equal(await finalStatus(caller), 487)
        if (said.length === 0) {
          // a CANCEL waits until somebody has said that the INVITE has come (RFC 3261 §9.1)
          assert.equal(callee.summary(), '')
          callee.send(responseText(callee, invite, 180))
        }
        const cancel = await takes(callee, 'CANCEL')
        assert.equal(cancel.headers.values('Via')[0], invite.headers.values('Via')[0])
        callee.send(responseText(callee, invite, 487))
        await callee.request('ACK')
        caller.send(cancelText(text))
        // over TCP nothing is repeated: her ACK was the end of the transaction
        assert.equal((await caller.response('CANCEL')).status, protocol === 'udp' ? 200 : 481)
        assert.equal((await victim.site.ended.next('end')).reason, 'cancelled')
        await victim.survived()
        assert.doesNotMatch(callee.summary(), /CANCEL|BYE/)
      })

test('pain 13: CANCEL right behind the INVITE, before ports are open: the callee hears of nothing, or is cancelled', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'tcp')
  const callee = await victim.callee(t)
  callee.onMessage = (message) => {
    if (message.kind === 'request' && message.method === 'INVITE') callee.send(responseText(callee, message, 180))
    if (message.kind === 'request' && message.method === 'CANCEL') callee.send(responseText(callee, message, 200))
    return true
  }
  for (let time = 0; time < 20; time++) {
    const text = requestText(caller, 'INVITE', { body: clearAudio(40000) })
    caller.send(text + cancelText(text))
    assert.equal((await caller.response('CANCEL')).status, 200)
    assert.equal(await finalStatus(caller), 487)
  }
  await victim.survived()
})

test('pain 13: CANCEL and 200 at once: she has a call that she can hang up, or none that anybody has', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'tcp')
  const callee = await victim.callee(t)
  const outcomes = new Set<number>()
  for (let time = 0; time < 40; time++) {
    const { text, invite } = await RawCall.invite(caller, callee)
    const answer = (): void => callee.send(responseText(callee, invite, 200, { body }))
    const cancel = (): void => caller.send(cancelText(text))
    for (const act of time % 2 === 0 ? [answer, cancel] : [cancel, answer]) {
      act()
      for (let turn = 0; turn < time % 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await caller.response('CANCEL')).status, 200)
    const final = await caller.response('INVITE')
    caller.send(ackText(final))
    outcomes.add(final.status)
    await callee.request('ACK')
    if (final.status === 200) {
      caller.send(inDialogText(caller, final, 'BYE', 2))
      assert.equal((await caller.response('BYE')).status, 200)
    } else assert.equal(final.status, 487)
    await takes(callee, 'BYE')
  }
  t.diagnostic(`outcomes ${[...outcomes].join(', ')}`)
  await victim.survived()
})

test('pain 13: CANCEL behind the 200 that has come changes nothing', async (t) => {
  const victim = await Victim.start(t)
  const caller = await victim.wire(t, 'udp')
  const callee = await victim.callee(t)
  const { text, invite } = await RawCall.invite(caller, callee)
  callee.send(responseText(callee, invite, 200, { body }))
  const call = new RawCall({ caller, callee, invite, ok: await caller.response('INVITE') })
  caller.send(ackText(call.ok))
  await callee.request('ACK')
  for (let time = 0; time < 2; time++) {
    caller.send(cancelText(text))
    assert.equal((await caller.response('CANCEL')).status, 200)
  }
  await call.hangUp()
  assert.equal((await victim.site.ended.next('end')).reason, 'hangup')
  await victim.survived()
})
