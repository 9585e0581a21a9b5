/** The tables of RFC 6337: its six patterns of offer and answer, how offers are refused, and who may offer when. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { type Site } from '../support/b2bua/site.ts'
import { ask, Inbox, listen, type PhoneCall } from '../support/b2bua/sip-phone.ts'

type Who = 'caller' | 'callee'

/** Offers and answers of a test are told apart by their directions. */
const offerOf = (who: Who): string => clearAudio(who === 'caller' ? 40000 : 40010, 'sendonly', ++versions)
const answerOf = (who: Who): string => clearAudio(who === 'caller' ? 40000 : 40010, 'recvonly', ++versions)
let versions = 1
const refusalOf = (who: Who): string => answerOf(who).replace(/m=audio \d+/, 'm=audio 0')
const described = (text: string) => ({ body: Buffer.from(text), contentType: 'application/sdp' }) as const

/** What a description says, in a word. */
function read({ body }: { readonly body: Buffer }): string {
  const text = body.toString('latin1')
  if (text === '') return 'none'
  assert.doesNotMatch(text, /m=audio 400[01]0/, 'a description of the phone itself')
  if (/m=audio 0 /.test(text)) return 'refusal'
  return /a=sendonly/.test(text) ? 'offer' : 'answer'
}

/** A call as far as it is. */
interface Started {
  readonly site: Site
  readonly call: PhoneCall
  readonly invite: IncomingInvite
}

async function start(site: Site, offers: boolean): Promise<Started> {
  const call = site.a.call('sip:bob@sip.example.org', site.uri, {
    headers: [['Supported', '100rel']],
    ...(offers && { body: offerOf('caller') }),
  })
  const invite = await site.b.invites.next('INVITE')
  assert.equal(read(invite.request), offers ? 'offer' : 'none')
  return { site, call, invite }
}

/** Both ends of a call, early or not. */
interface Ends {
  readonly site: Site
  readonly sessions: Readonly<Record<Who, InviteSession>>
  readonly requests: Readonly<Record<Who, Inbox<ServerTransaction>>>
  readonly acks: Readonly<Record<Who, Inbox<SipRequest>>>
}

function ends(site: Site, caller: InviteSession, callee: InviteSession): Ends {
  const [a, b] = [listen(caller), listen(callee)]
  return {
    site,
    sessions: { caller, callee },
    requests: { caller: a.requests, callee: b.requests },
    acks: { caller: a.acks, callee: b.acks },
  }
}

/** The callee's reliable provisional response, as the caller heard it. */
async function ringReliably({ call, invite }: Started, body?: string) {
  const pracks = new Inbox<ServerTransaction>()
  const callee = invite.provisional(183, { ...(body && described(body)), onPrack: (one) => pracks.put(one) })!
  const { response, session: caller } = await call.ringing.next('183')
  return { response, caller, callee, pracks }
}

type Ringing = Awaited<ReturnType<typeof ringReliably>>

/** The caller's PRACK; the callee answers it as `answer` says. */
async function prack({ response, caller, callee, pracks }: Ringing, body?: string, answer?: string) {
  const told = new Promise<SipResponse>((resolve, reject) => {
    caller.prack(response, {
      ...(body !== undefined && described(body)),
      listener: { onResponse: (one) => one.status >= 200 && resolve(one), onFailure: reject },
    })
  })
  const transaction = await pracks.next('PRACK')
  callee.reply(transaction, 200, answer === undefined ? {} : described(answer))
  return { request: read(transaction.request), response: read(await told) }
}

/** The callee's 200, as the caller hears it. */
async function answered({ site, call, invite }: Started, body?: string) {
  const callee = invite.accept(body === undefined ? {} : described(body))
  const { response, session: caller } = await call.answered.next('200')
  return { ...ends(site, caller, callee), said: read(response) }
}

async function hangUp({ site, sessions, requests }: Ends): Promise<void> {
  assert.deepEqual([requests.caller.unread, requests.callee.unread], [[], []])
  sessions.caller.bye()
  await site.ended.next('end')
}

/** A call that is up: pattern 1. */
async function established(site: Site): Promise<Ends> {
  const all = await answered(await start(site, true), answerOf('callee'))
  all.sessions.caller.acknowledge()
  await all.acks.callee.next('ACK')
  return all
}

/** A call whose first offer was answered reliably, before it is answered: pattern 3. */
async function settled(
  site: Site,
): Promise<{ readonly started: Started; readonly early: Ends; readonly ringing: Ringing }> {
  const started = await start(site, true)
  const ringing = await ringReliably(started, answerOf('callee'))
  assert.deepEqual(await prack(ringing), { request: 'none', response: 'none' })
  return { started, ringing, early: ends(site, ringing.caller, ringing.callee) }
}

const other = (who: Who): Who => (who === 'caller' ? 'callee' : 'caller')

/** An exchange in a request with a description: what crossed of it. */
async function exchange(all: Ends, method: 'INVITE' | 'UPDATE', by: Who, status = 200): Promise<string[]> {
  const outcome = ask(all.sessions[by], method, { body: offerOf(by) })
  const request = await all.requests[other(by)].next(method)
  const far = all.sessions[other(by)]
  far.reply(request, status, status === 200 ? described(answerOf(other(by))) : {})
  const response = await outcome
  assert.equal(response.status, status)
  if (method === 'INVITE' && status === 200) {
    all.sessions[by].acknowledge()
    assert.equal(read(await all.acks[other(by)].next('ACK')), 'none')
  }
  return [read(request.request), read(response)]
}

async function cancelled({ site, call }: Started): Promise<void> {
  call.invite.cancel()
  await call.failed.next('487')
  await site.ended.next('end')
}

describe('the patterns of RFC 6337, table 1', () => {
  test('1: an offer in INVITE, an answer in 2xx; first', () =>
    onSite({}, async (site) => {
      const all = await answered(await start(site, true), answerOf('callee'))
      assert.equal(all.said, 'answer')
      all.sessions.caller.acknowledge()
      assert.equal(read(await all.acks.callee.next('ACK')), 'none')
      await hangUp(all)
    }))

  test('2: an offer in 2xx, an answer in ACK; first', () =>
    onSite({}, async (site) => {
      const all = await answered(await start(site, false), offerOf('callee'))
      assert.equal(all.said, 'offer')
      all.sessions.caller.acknowledge(described(answerOf('caller')))
      assert.equal(read(await all.acks.callee.next('ACK')), 'answer')
      await hangUp(all)
    }))

  test('3: an offer in INVITE, an answer in a reliable 1xx; the 2xx says nothing more', () =>
    onSite({}, async (site) => {
      const started = await start(site, true)
      const ringing = await ringReliably(started, answerOf('callee'))
      assert.equal(read(ringing.response), 'answer')
      assert.deepEqual(await prack(ringing), { request: 'none', response: 'none' })
      const all = await answered(started)
      assert.equal(all.said, 'none')
      all.sessions.caller.acknowledge()
      await hangUp(all)
    }))

  test('4: an offer in a reliable 1xx, an answer in PRACK; the 2xx says nothing more', () =>
    onSite({}, async (site) => {
      const started = await start(site, false)
      const ringing = await ringReliably(started, offerOf('callee'))
      assert.equal(read(ringing.response), 'offer')
      assert.deepEqual(await prack(ringing, answerOf('caller')), { request: 'answer', response: 'none' })
      const all = await answered(started)
      assert.equal(all.said, 'none')
      all.sessions.caller.acknowledge()
      await hangUp(all)
    }))

  test('5: an offer in PRACK, an answer in its 2xx; early', () =>
    onSite({}, async (site) => {
      const started = await start(site, true)
      const ringing = await ringReliably(started, answerOf('callee'))
      const said = await prack(ringing, offerOf('caller'), answerOf('callee'))
      assert.deepEqual(said, { request: 'offer', response: 'answer' })
      const all = await answered(started)
      all.sessions.caller.acknowledge()
      await hangUp(all)
    }))

  for (const by of ['caller', 'callee'] as const) {
    test(`6: an offer in UPDATE of the ${by}, an answer in its 2xx; early, and later`, () =>
      onSite({}, async (site) => {
        const { started, early } = await settled(site)
        assert.deepEqual(await exchange(early, 'UPDATE', by), ['offer', 'answer'])
        const all = await answered(started)
        all.sessions.caller.acknowledge()
        assert.deepEqual(await exchange(all, 'UPDATE', by), ['offer', 'answer'])
        await hangUp(all)
      }))

    test(`1, 2: later, in a re-INVITE of the ${by}, which asks for no reliable 1xx (3 and 4 do not happen)`, () =>
      onSite({}, async (site) => {
        const all = await established(site)
        assert.deepEqual(await exchange(all, 'INVITE', by), ['offer', 'answer'])
        const outcome = ask(all.sessions[by], 'INVITE', { headers: [['Supported', '100rel']] })
        const reinvite = await all.requests[other(by)].next('re-INVITE')
        assert.equal(read(reinvite.request), 'none')
        assert.ok(!reinvite.request.headers.values('Supported').includes('100rel'))
        all.sessions[other(by)].reply(reinvite, 200, described(offerOf(other(by))))
        assert.equal(read(await outcome), 'offer')
        all.sessions[by].acknowledge(described(answerOf(by)))
        assert.equal(read(await all.acks[other(by)].next('ACK')), 'answer')
        await hangUp(all)
      }))
  }
})

describe('offers that are refused, RFC 6337 table 2', () => {
  test('in INVITE: 488', () =>
    onSite({}, async (site) => {
      const { call, invite } = await start(site, true)
      invite.reject(488)
      assert.equal((await call.failed.next('488')).status, 488)
      await site.ended.next('end')
    }))

  for (const [method, by] of [
    ['INVITE', 'caller'],
    ['INVITE', 'callee'],
    ['UPDATE', 'caller'],
    ['UPDATE', 'callee'],
  ] as const)
    test(`in ${method} of the ${by} of a call that is up: 488, and the session stays as it was`, () =>
      onSite({}, async (site) => {
        const all = await established(site)
        assert.deepEqual(await exchange(all, method, by, 488), ['offer', 'none'])
        assert.deepEqual(await exchange(all, method, by), ['offer', 'answer'])
        await hangUp(all)
      }))

  test('in UPDATE before the answer: 488, and the session stays as it was', () =>
    onSite({}, async (site) => {
      const { started, early } = await settled(site)
      for (const by of ['caller', 'callee'] as const) {
        assert.deepEqual(await exchange(early, 'UPDATE', by, 488), ['offer', 'none'])
        assert.deepEqual(await exchange(early, 'UPDATE', by), ['offer', 'answer'])
      }
      await cancelled(started)
    }))

  test('in 2xx: an answer with port 0 in ACK', () =>
    onSite({}, async (site) => {
      const all = await answered(await start(site, false), offerOf('callee'))
      all.sessions.caller.acknowledge(described(refusalOf('caller')))
      assert.equal(read(await all.acks.callee.next('ACK')), 'refusal')
      await hangUp(all)
    }))

  test('in a reliable 1xx: an answer with port 0 in PRACK', () =>
    onSite({}, async (site) => {
      const started = await start(site, false)
      const ringing = await ringReliably(started, offerOf('callee'))
      assert.deepEqual(await prack(ringing, refusalOf('caller')), { request: 'refusal', response: 'none' })
      await cancelled(started)
    }))

  test('in PRACK: an answer with port 0 in its 2xx, since the PRACK itself is accepted', () =>
    onSite({}, async (site) => {
      const started = await start(site, true)
      const ringing = await ringReliably(started, answerOf('callee'))
      const said = await prack(ringing, offerOf('caller'), refusalOf('callee'))
      assert.deepEqual(said, { request: 'offer', response: 'refusal' })
      await cancelled(started)
    }))
})

/** What an UPDATE with an offer gets while another offer has no answer: nothing of it crosses. */
async function refusedUpdates(all: Ends, expected: Readonly<Record<Who, 491 | 500>>): Promise<void> {
  for (const by of ['caller', 'callee'] as const) {
    const { status, headers } = await ask(all.sessions[by], 'UPDATE', { body: offerOf(by) })
    assert.equal(status, expected[by], by)
    assert.equal(headers.has('Retry-After'), status === 500)
  }
}

/** Who has offered waits for the answer (500); the other one has met an offer under way (491). */
const offered = (who: Who): Readonly<Record<Who, 491 | 500>> =>
  who === 'caller' ? { caller: 500, callee: 491 } : { caller: 491, callee: 500 }

describe('an UPDATE with an offer while another one has no answer (RFC 3311 §5.2, RFC 6337 §3.2)', () => {
  for (const reliably of [false, true])
    test(`the INVITE has an offer, and it rings${reliably ? ' reliably' : ''}`, () =>
      onSite({}, async (site) => {
        const started = await start(site, true)
        const { call, invite } = started
        const ringing = reliably ? await ringReliably(started) : undefined
        const callee = ringing?.callee ?? invite.provisional(183, described(answerOf('callee')))!
        const caller = ringing?.caller ?? (await call.ringing.next('183')).session
        if (ringing !== undefined) await prack(ringing)
        await refusedUpdates(ends(site, caller, callee), offered('caller'))
        const all = await answered(started, answerOf('callee'))
        assert.equal(all.said, 'answer')
        all.sessions.caller.acknowledge()
        await hangUp(all)
      }))

  test('the callee of an offerless INVITE has offered in a reliable 1xx', () =>
    onSite({}, async (site) => {
      const started = await start(site, false)
      const ringing = await ringReliably(started, offerOf('callee'))
      await refusedUpdates(ends(site, ringing.caller, ringing.callee), offered('callee'))
      assert.equal((await prack(ringing, answerOf('caller'))).request, 'answer')
      const all = await answered(started)
      all.sessions.caller.acknowledge()
      await hangUp(all)
    }))

  test('the callee of an offerless INVITE has offered in its 2xx', () =>
    onSite({}, async (site) => {
      const all = await answered(await start(site, false), offerOf('callee'))
      await refusedUpdates(all, offered('callee'))
      all.sessions.caller.acknowledge(described(answerOf('caller')))
      assert.equal(read(await all.acks.callee.next('ACK')), 'answer')
      assert.deepEqual(await exchange(all, 'UPDATE', 'callee'), ['offer', 'answer'])
      await hangUp(all)
    }))

  for (const method of ['INVITE', 'UPDATE'] as const)
    for (const by of ['caller', 'callee'] as const) {
      test(`the ${by} has offered in ${method}`, () =>
        onSite({}, async (site) => {
          const all = await established(site)
          const outcome = ask(all.sessions[by], method, { body: offerOf(by) })
          const request = await all.requests[other(by)].next(method)
          await refusedUpdates(all, offered(by))
          all.sessions[other(by)].reply(request, 200, described(answerOf(other(by))))
          assert.equal(read(await outcome), 'answer')
          if (method === 'INVITE') all.sessions[by].acknowledge()
          await hangUp(all)
        }))
      if (method === 'INVITE')
        test(`an offerless INVITE of the ${by} has an offer in its 2xx`, () =>
          onSite({}, async (site) => {
            const all = await established(site)
            const outcome = ask(all.sessions[by], 'INVITE')
            all.sessions[other(by)].reply(
              await all.requests[other(by)].next('INVITE'),
              200,
              described(offerOf(other(by))),
            )
            assert.equal(read(await outcome), 'offer')
            await refusedUpdates(all, offered(other(by)))
            all.sessions[by].acknowledge(described(answerOf(by)))
            assert.equal(read(await all.acks[other(by)].next('ACK')), 'answer')
            await hangUp(all)
          }))
    }
})
