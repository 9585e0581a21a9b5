import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SipResponse } from '../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { Inbox } from '../support/b2bua/sip-phone.ts'
import { type Chance } from '../support/torture/chance.ts'
import { type Side } from './media-messages.ts'
import { SoakCall } from './soak-call.ts'
import { SoakPhone } from './soak-phone.ts'

/** Longest wait for anything of SIP, in milliseconds. */
const patience = 45_000
const sdpType = 'application/sdp'

/** A way in which a call goes. */
export interface Flow {
  readonly name: string
  readonly weight: number
  /** Whether media is lost when the call ends, because a phone was not there any more. */
  readonly lossy?: boolean
  /** The call has ended when it resolves. */
  run(call: SoakCall, chance: Chance): Promise<void>
}

const sides = ['a', 'b'] as const
const other = (side: Side): Side => (side === 'a' ? 'b' : 'a')
const talk = (chance: Chance, atMost = 40): Promise<void> => sleep(3000 + 1000 * chance.below(atMost))

async function established(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial()
  await sleep(chance.below(2000))
  await call.answer()
}

async function plain(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  await talk(chance)
  await call.hangUp(chance.of(sides))
}

async function hold(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  await talk(chance, 10)
  const [by, music] = [chance.of(sides), chance.is(0.5)]
  // who is put on hold hears music, or nothing
  call.speak(other(by), false)
  if (!music) call.speak(by, false)
  await call.change(by, 'INVITE', music ? 'sendonly' : 'inactive', music ? 'recvonly' : 'inactive')
  await talk(chance, 10)
  await call.change(by, 'INVITE', 'sendrecv', 'sendrecv')
  for (const side of sides) call.speak(side)
  await talk(chance, 10)
  await call.hangUp(chance.of(sides))
}

async function update(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  for (let i = 0; i < 3; i++) {
    await talk(chance, 8)
    await call.change(chance.of(sides), 'UPDATE', 'sendrecv', 'sendrecv')
  }
  await talk(chance, 5)
  await call.hangUp(chance.of(sides))
}

async function info(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  for (const key of '1234567890*#') {
    await sleep(500 + chance.below(2000))
    const body = `Signal=${key}\r\nDuration=100\r\n`
    await call.tell(chance.of(sides), 'INFO', 200, { body, contentType: 'application/dtmf-relay' })
  }
  await call.hangUp(chance.of(sides))
}

async function earlyMedia(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial()
  const offer = call.incoming!.request.body.toString('latin1')
  const body = Buffer.from(call.description('b', 'sendrecv', offer))
  const { response } = await firstHeard(call, () => call.incoming!.provisional(183, { body, contentType: sdpType }))
  if (response.body.length > 0) {
    call.agree('a', response.body.toString('latin1'))
    call.agree('b', offer)
    call.speak('b')
  }
  await talk(chance, 5)
  await call.answer()
  await talk(chance)
  await call.hangUp(chance.of(sides))
}

/** The first provisional response that arrives: no layer repeats them, and so the callee says it again. */
async function firstHeard(call: SoakCall, say: () => void): Promise<{ readonly response: SipResponse }> {
  for (let left = 3; ; left--) {
    say()
    try {
      return await call.attempt!.early.next('180 or 183', left === 0 ? patience : 3000)
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

async function prack(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial([['Supported', '100rel']])
  const offer = call.incoming!.request.body.toString('latin1')
  const body = Buffer.from(call.description('b', 'sendrecv', offer))
  const pracks = new Inbox<ServerTransaction>()
  const b = call.incoming!.provisional(183, { body, contentType: sdpType, onPrack: (one) => pracks.put(one) })!
  const { response, session } = await reliable(call)
  const acknowledged = acknowledge(session, response)
  b.reply(await pracks.next('PRACK', patience), 200)
  assert.equal((await acknowledged).status, 200, 'PRACK')
  call.agree('a', response.body.toString('latin1'))
  call.agree('b', offer)
  call.speak('b')
  await talk(chance, 5)
  await call.answerAgain()
  await talk(chance)
  await call.hangUp(chance.of(sides))
}

/** The first provisional response that must be acknowledged. */
async function reliable(call: SoakCall): Promise<{ readonly response: SipResponse; readonly session: InviteSession }> {
  for (;;) {
    const early = await call.attempt!.early.next('183', patience)
    if (early.response.headers.has('RSeq')) return early
  }
}

function acknowledge(session: InviteSession, response: SipResponse): Promise<SipResponse> {
  return new Promise((resolve, reject) => {
    session.prack(response, {
      listener: { onResponse: (final) => final.status >= 200 && resolve(final), onFailure: reject },
    })
  })
}

/** The callee is asked to call somebody else, does, and says how it went. */
async function refer(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  await talk(chance, 10)
  const { callee, media, slot } = call.parts
  const id = await call.tell('a', 'REFER', 202, {
    headers: [
      ['Refer-To', '<sip:carol@soak.example>'],
      ['Referred-By', '<sip:alice@soak.example>'],
    ],
  })
  const notify = (fragment: string, state: string): Promise<string> =>
    call.tell('b', 'NOTIFY', 200, {
      headers: [
        ['Event', `refer;id=${id}`],
        ['Subscription-State', state],
      ],
      ...{ body: `SIP/2.0 ${fragment}\r\n`, contentType: 'message/sipfrag;version=2.0' },
    })
  await notify('100 Trying', 'active;expires=60')
  for (const side of sides) call.speak(side, false)
  await sleep(250)
  await media.end(slot)
  const second = new SoakCall({ ...call.parts, caller: callee })
  try {
    await established(second, chance)
    await notify('200 OK', 'terminated;reason=noresource')
    await call.hangUp('a')
    for (const side of sides) second.speak(side)
    await talk(chance, 10)
    await second.hangUp(chance.of(sides))
  } catch (error) {
    await second.finish()
    throw error
  }
}

async function cancelled(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial()
  const heard = new Inbox<true>()
  call.incoming!.onCancelled = () => heard.put(true)
  await sleep(500 + chance.below(3000))
  call.attempt!.invite.cancel()
  await heard.next('CANCEL', patience)
  assert.equal(await call.failure(), 487)
}

async function refused(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial()
  await sleep(chance.below(2000))
  const status = chance.of([404, 480, 486, 603])
  call.incoming!.reject(status)
  assert.equal(await call.failure(), status)
}

/** Longer than a session of 90 s goes on that nobody refreshes: it is given up after 60 s (RFC 4028 §10). */
async function sessionTimer(call: SoakCall, chance: Chance): Promise<void> {
  await call.dial([
    ['Supported', 'timer'],
    ['Session-Expires', `90;refresher=${chance.of(['uac', 'uas'])}`],
  ])
  await call.answer()
  await sleep(70_000)
  await call.hangUp(chance.of(sides))
}

async function vanishing(call: SoakCall, chance: Chance): Promise<void> {
  await established(call, chance)
  await talk(chance, 10)
  await call.vanish(chance.of(sides), chance.is(0.3))
}

/** The caller's phone is one of its own, which loses its address and its connection in the middle of the call. */
async function moving(call: SoakCall, chance: Chance): Promise<void> {
  const { caller } = call.parts
  const phone = await SoakPhone.start('mobile', caller.transport.protocol, caller.transport.loss)
  const mobile = new SoakCall({ ...call.parts, caller: phone })
  try {
    await established(mobile, chance)
    await talk(chance, 10)
    await mobile.move()
    await talk(chance, 10)
    await mobile.hangUp(chance.of(sides))
    // what is under way of the BYE
    await sleep(2000)
  } finally {
    if (mobile.ends.size > 0) await mobile.finish()
    await phone.stop()
  }
}

/** All flows, with how often each is taken. */
export const flows: readonly Flow[] = [
  { name: 'plain', weight: 20, run: plain },
  { name: 'hold and resume', weight: 15, run: hold },
  { name: 'UPDATE', weight: 10, run: update },
  { name: 'INFO', weight: 10, run: info },
  { name: 'early media', weight: 10, run: earlyMedia },
  { name: 'PRACK', weight: 10, run: prack },
  { name: 'REFER, blind', weight: 8, run: refer },
  { name: 'session timer', weight: 4, run: sessionTimer },
  { name: 'CANCEL', weight: 12, run: cancelled },
  { name: 'refused', weight: 12, run: refused },
  { name: 'new address and connection', weight: 6, run: moving },
  { name: 'peer vanishes', weight: 4, lossy: true, run: vanishing },
]
