/** Security case 3: a callee who answers at the wrong time, too often, or goes away. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { tagOf } from '../../src/sip/message/name-addr.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { RawCall } from '../support/torture/raw-call.ts'
import { ackText, cancelText, requestText, responseText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type TcpWire, type UdpWire, type Wire } from '../support/torture/wire.ts'

const answer = clearAudio(40010)
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: value`)

interface Ringing {
  readonly victim: Victim
  readonly caller: Wire
  readonly callee: UdpWire
  /** The caller's INVITE, as text. */
  readonly text: string
  /** Leg B's. */
  readonly invite: SipRequest
}

/** A caller and a callee with an INVITE between them, and at the end all that must hold then. */
function whileRinging(what: string, run: (ringing: Ringing, t: TestContext) => Promise<void>): void {
  test(`security case 3: ${what}`, async (t) => {
    const victim = await Victim.start(t)
    const caller = await victim.wire(t, 'udp')
    const callee = await victim.callee(t)
    await run({ victim, caller, callee, ...(await RawCall.invite(caller, callee)) }, t)
    await victim.survived()
  })
}

/** Takes the caller's final response, and acknowledges it. */
async function finalStatus(caller: Wire): Promise<number> {
  const response = await caller.response('INVITE')
  caller.send(ackText(response))
  return response.status
}

/** Takes a BYE, and answers it. */
async function takeBye(wire: Wire): Promise<SipRequest> {
  const bye = await wire.request('BYE')
  wire.send(responseText(wire, bye, 200))
  return bye
}

/** Ends the call from the callee's side. */
async function hangUp({ caller, callee, invite }: Ringing): Promise<void> {
  const { headers } = invite
  callee.send(
    requestText(callee, 'BYE', {
      uri: /<([^>]*)>/.exec(headers.get('Contact')!)![1]!,
      fields: {
        From: `${headers.get('To')!};tag=callee`,
        To: headers.get('From'),
        'Call-ID': headers.get('Call-ID'),
      },
    }),
  )
  assert.equal((await callee.response('BYE')).status, 200)
  await takeBye(caller)
}

whileRinging('a second 200 from another fork gets ACK and BYE of its own, and the call goes on', async (ringing) => {
  const { caller, callee, invite } = ringing
  callee.send(responseText(callee, invite, 200, { body: answer }))
  assert.equal(await finalStatus(caller), 200)
  await callee.request('ACK')
  callee.send(responseText(callee, invite, 200, { body: answer, toTag: 'other' }))
  assert.equal(tagOf((await callee.request('ACK')).headers.get('To')!), 'other')
  assert.equal(tagOf((await takeBye(callee)).headers.get('To')!), 'other')
  await hangUp(ringing)
})

whileRinging('fifty 200 of as many forks get fifty ACKs, and all but the first a BYE', async (ringing) => {
  const { caller, callee, invite } = ringing
  for (let fork = 0; fork < 50; fork++) {
    callee.send(responseText(callee, invite, 200, { body: answer, toTag: fork === 0 ? 'callee' : `fork-${fork}` }))
  }
  assert.equal(await finalStatus(caller), 200)
  for (let fork = 0; fork < 50; fork++) await callee.request('ACK')
  for (let fork = 1; fork < 50; fork++) await takeBye(callee)
  await hangUp(ringing)
})

whileRinging('the same 200 a hundred times is acknowledged each time, and answers the caller once', async (ringing) => {
  const { caller, callee, invite } = ringing
  const ok = responseText(callee, invite, 200, { body: answer })
  callee.send(ok)
  assert.equal(await finalStatus(caller), 200)
  await callee.request('ACK')
  for (let time = 0; time < 100; time++) callee.send(ok)
  for (let time = 0; time < 100; time++) await callee.request('ACK')
  assert.equal(caller.summary().replaceAll('100 INVITE', ''), '')
  await hangUp(ringing)
})

for (const tags of ['one tag', 'as many tags'] as const) {
  whileRinging(`a storm of 2000 provisional responses with ${tags} ends with the final one`, async (ringing) => {
    const { caller, callee, invite } = ringing
    for (let time = 0; time < 2000; time++) {
      const status = [180, 181, 182, 183, 199][time % 5]!
      const toTag = tags === 'one tag' ? 'callee' : `fork-${time}`
      callee.send(responseText(callee, invite, status, { toTag, ...(status === 183 ? { body: answer } : {}) }))
      if (time % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    callee.send(responseText(callee, invite, 486))
    assert.equal(await finalStatus(caller), 486)
    caller.received.length = 0
  })
}

whileRinging('a 200 that crosses the CANCEL is acknowledged and ended; the caller got 487', async (ringing) => {
  const { caller, callee, invite, text } = ringing
  callee.send(responseText(callee, invite, 180))
  await caller.response('INVITE', 180)
  caller.send(cancelText(text))
  assert.equal((await caller.response('CANCEL')).status, 200)
  await callee.request('CANCEL')
  callee.send(responseText(callee, invite, 200, { body: answer }))
  await callee.request('ACK')
  await takeBye(callee)
  assert.equal(await finalStatus(caller), 487)
})

whileRinging('a callee that answers a CANCEL with nothing at all is given up', async (ringing) => {
  const { victim, caller, callee, invite, text } = ringing
  callee.send(responseText(callee, invite, 180))
  await caller.response('INVITE', 180)
  caller.send(cancelText(text))
  assert.equal(await finalStatus(caller), 487)
  await callee.request('CANCEL')
  await victim.forgets()
})

whileRinging(
  'a CANCEL that nobody has heard of the INVITE for waits, and the late answer is ended',
  async (ringing) => {
    const { caller, callee, invite, text } = ringing
    caller.send(cancelText(text))
    assert.equal(await finalStatus(caller), 487)
    assert.equal(callee.summary().includes('CANCEL'), false)
    callee.send(responseText(callee, invite, 200, { body: answer }))
    await callee.request('ACK')
    await takeBye(callee)
  },
)

whileRinging('what comes behind the 200 changes nothing', async (ringing) => {
  const { caller, callee, invite } = ringing
  callee.send(responseText(callee, invite, 200, { body: answer }))
  assert.equal(await finalStatus(caller), 200)
  await callee.request('ACK')
  for (const status of [100, 180, 183, 302, 404, 486, 503, 603]) callee.send(responseText(callee, invite, status))
  await hangUp(ringing)
})

whileRinging('what comes behind a refusal changes nothing', async (ringing) => {
  const { caller, callee, invite } = ringing
  callee.send(responseText(callee, invite, 486))
  assert.equal(await finalStatus(caller), 486)
  await callee.request('ACK')
  for (const status of [100, 180, 200, 200, 302]) callee.send(responseText(callee, invite, status, { body: answer }))
  callee.send(responseText(callee, invite, 486))
  await callee.request('ACK')
})

/** Refusals that are odd: the caller gets the same status. */
const refusals: readonly (readonly [what: string, status: number, options: Parameters<typeof responseText>[3]])[] = [
  ['300 without Contact', 300, {}],
  ['302 with a Contact that is none', 302, { fields: { Contact: '<<<,,,>>>' } }],
  ['302 with a thousand Contacts', 302, { fields: { Contact: Array(200).fill('<sip:a@127.0.0.1>').join(',') } }],
  ['401 without a challenge', 401, {}],
  ['407 with a challenge that is none', 407, { fields: { 'Proxy-Authenticate': ',,,"' } }],
  ['420 without Unsupported', 420, {}],
  ['422 without Min-SE', 422, {}],
  ['486 with 250 header fields', 486, { lines: many(245) }],
  ['486 with a description', 486, { body: answer }],
  ['487 that nobody asked for', 487, {}],
  ['491', 491, {}],
  ['503 with a Retry-After that is none', 503, { fields: { 'Retry-After': 'soon' } }],
  ['699', 699, {}],
]
test('security case 3: refusals that are odd cross with their status', async (t) => {
  const victim = await Victim.start(t)
  for (const [what, status, options] of refusals) {
    await t.test(what, async (t) => {
      const caller = await victim.wire(t, 'udp')
      const callee = await victim.callee(t)
      const { invite } = await RawCall.invite(caller, callee)
      callee.send(responseText(callee, invite, status, options))
      assert.equal(await finalStatus(caller), status)
      await victim.forgets()
    })
  }
  await victim.survived()
})

/** Requests of the callee before it has answered, and what they get. */
const early: readonly (readonly [method: string, status: number])[] = [
  ['UPDATE', 491],
  ['INVITE', 491],
  ['PRACK', 481],
  ['BYE', 200],
]
for (const [method, status] of early) {
  whileRinging(
    `${method} from the callee before its answer gets ${status}`,
    async ({ victim, caller, callee, invite }) => {
      callee.send(responseText(callee, invite, 180))
      await caller.response('INVITE', 180)
      const { headers } = invite
      callee.send(
        requestText(callee, method, {
          uri: /<([^>]*)>/.exec(headers.get('Contact')!)![1]!,
          ...(method === 'UPDATE' || method === 'INVITE' ? { body: answer } : {}),
          fields: {
            From: `${headers.get('To')!};tag=callee`,
            To: headers.get('From'),
            'Call-ID': headers.get('Call-ID'),
          },
        }),
      )
      const response = await callee.response(method)
      if (method === 'INVITE') callee.send(ackText(response))
      assert.equal(response.status, status)
      for (const call of victim.site.b2bua.calls) call.end('shutdown')
      assert.equal(await finalStatus(caller), 503)
      callee.send(responseText(callee, invite, 487))
    },
  )
}

whileRinging(
  'a callee that cancels and acknowledges the INVITE that it got is told 481, or nothing',
  async (ringing) => {
    const { caller, callee, invite } = ringing
    for (const method of ['CANCEL', 'ACK'] as const) {
      const lines = { Via: invite.headers.get('Via'), From: invite.headers.get('From'), To: invite.headers.get('To') }
      callee.send(requestText(callee, method, { fields: { ...lines, 'Call-ID': invite.headers.get('Call-ID') } }))
    }
    assert.equal((await callee.response('CANCEL')).status, 481)
    callee.send(responseText(callee, invite, 486))
    assert.equal(await finalStatus(caller), 486)
  },
)

whileRinging('a callee that never says a word is given up after 32 s, and the caller gets 504', async (ringing) => {
  const { victim, caller } = ringing
  await victim.leap(33_000)
  assert.equal(await finalStatus(caller), 504)
})

whileRinging('a callee that rings for ever is given up after 240 s, and the caller gets 486', async (ringing) => {
  const { victim, caller, callee, invite } = ringing
  callee.send(responseText(callee, invite, 180))
  await caller.response('INVITE', 180)
  await victim.leap(241_000)
  assert.equal(await finalStatus(caller), 486)
})

whileRinging('a callee that never answers the BYE is forgotten', async (ringing) => {
  const { victim, caller, callee, invite } = ringing
  callee.send(responseText(callee, invite, 200, { body: answer }))
  assert.equal(await finalStatus(caller), 200)
  for (const call of victim.site.b2bua.calls) call.end('shutdown')
  await takeBye(caller)
  await callee.request('BYE')
})

test('security case 3: a callee over TCP who sends too much, half an answer, or resets the connection', async (t) => {
  const victim = await Victim.start(t)
  const attacks: readonly (readonly [
    what: string,
    status: number,
    send: (wire: TcpWire, invite: SipRequest) => void,
  ])[] = [
    [
      'a body over 64 KiB',
      503,
      (wire, invite) => wire.send(responseText(wire, invite, 200, { body: 'a'.repeat(70_000) })),
    ],
    [
      'header fields over 64 KiB',
      503,
      (wire, invite) => wire.send(responseText(wire, invite, 200, { fields: { 'X-Long': 'x'.repeat(70_000) } })),
    ],
    [
      'no Content-Length',
      503,
      (wire, invite) => wire.send(responseText(wire, invite, 200, { fields: { 'Content-Length': undefined } })),
    ],
    ['bytes that are no SIP', 503, (wire) => wire.send('\0'.repeat(100) + '\r\n\r\n')],
    ['a reset', 503, (wire) => wire.socket.resetAndDestroy()],
    ['an end', 503, (wire) => wire.socket.end()],
  ]
  const callee = await victim.tcpCallee(t)
  for (const [what, status, send] of attacks) {
    await t.test(`${what}: ${status} to the caller`, async (t) => {
      const caller = await victim.wire(t, 'udp')
      caller.send(requestText(caller, 'INVITE', { body: clearAudio(40000) }))
      const wire = await callee.accept()
      send(wire, await wire.request('INVITE'))
      assert.equal(await finalStatus(caller), status)
      await victim.forgets()
    })
  }
  await t.test('half an answer for ever: 503 when the connection is given up after 10 s', async (t) => {
    const caller = await victim.wire(t, 'udp')
    caller.send(requestText(caller, 'INVITE', { body: clearAudio(40000) }))
    const wire = await callee.accept()
    wire.send(responseText(wire, await wire.request('INVITE'), 200, { body: answer }).slice(0, -20))
    await victim.leap(12_000)
    await wire.end()
    assert.equal(await finalStatus(caller), 503)
    await victim.forgets()
  })
  await victim.survived()
})
