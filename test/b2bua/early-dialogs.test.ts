import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tagOf } from '../../src/sip/message/name-addr.ts'
import { type SipResponse } from '../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { type Site } from '../support/b2bua/site.ts'
import { ask, Inbox, listen } from '../support/b2bua/sip-phone.ts'

const recipient = 'sip:bob@sip.example.org'
const answer = { body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' } as const
const reliably = [['Supported', '100rel']] as const

/** A calls B, whose INVITE has come. */
async function calling(site: Site, options: { offer?: boolean; headers?: typeof reliably | readonly [] } = {}) {
  const { offer = true, headers = reliably } = options
  const call = site.a.call(recipient, site.uri, { headers, ...(offer && { body: clearAudio(40000) }) })
  return { call, invite: await site.b.invites.next('INVITE') }
}

/** B rings reliably. */
function ring(invite: IncomingInvite, status: number, options: Parameters<IncomingInvite['provisional']>[1] = {}) {
  const pracks = new Inbox<ServerTransaction>()
  const session = invite.provisional(status, { ...options, onPrack: (prack) => pracks.put(prack) })!
  return { session, pracks }
}

/** Acknowledges a reliable response, and waits for what becomes of that. */
function prack(session: InviteSession, response: SipResponse, body?: string): Promise<SipResponse> {
  return new Promise((resolve, reject) => {
    session.prack(response, {
      ...(body !== undefined && { body: Buffer.from(body), contentType: 'application/sdp' }),
      listener: { onResponse: (final) => final.status >= 200 && resolve(final), onFailure: reject },
    })
  })
}

const text = (message: { body: Buffer }): string => message.body.toString('latin1')
const toTag = (response: SipResponse): string => tagOf(response.headers.get('To')!)!

describe('reliable provisional responses', () => {
  test('cross with their PRACKs, each leg with its own RSeq; the 200 says nothing that was said before', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site)
      assert.deepEqual(invite.request.headers.values('Supported').includes('100rel'), true)
      const { session: b, pracks } = ring(invite, 183, answer)
      const { response, session } = await call.ringing.next('183')
      assert.deepEqual(response.headers.values('Require'), ['100rel'])
      assert.match(text(response), /m=audio \d+ RTP\/AVP 0 101/)
      const acknowledged = prack(session, response)
      b.reply(await pracks.next('PRACK'), 200)
      assert.equal((await acknowledged).status, 200)
      const accepted = invite.accept()
      const { response: ok, session: a } = await call.answered.next('200')
      assert.equal(ok.body.length, 0)
      assert.equal(toTag(ok), toTag(response))
      a.acknowledge()
      const [atA, atB] = [listen(a), listen(accepted)]
      const again = ask(a, 'INVITE', { body: clearAudio(40000, 'sendonly', 2) })
      const reinvite = await atB.requests.next('re-INVITE')
      accepted.reply(reinvite, 200, { ...answer, body: Buffer.from(clearAudio(40010, 'recvonly', 2)) })
      assert.match(text(await again), /a=recvonly/)
      a.acknowledge()
      await atB.acks.next('ACK')
      a.bye()
      await site.ended.next('end')
      assert.deepEqual(atA.requests.unread, [])
    }))

  test('a PRACK that offers crosses with the offer, and its 200 with the answer', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site)
      const { session: b, pracks } = ring(invite, 183, answer)
      const { response, session } = await call.ringing.next('183')
      const acknowledged = prack(session, response, clearAudio(40000, 'sendonly', 2))
      const transaction = await pracks.next('PRACK')
      assert.match(text(transaction.request), /a=sendonly/)
      b.reply(transaction, 200, { ...answer, body: Buffer.from(clearAudio(40010, 'recvonly', 2)) })
      assert.match(text(await acknowledged), /a=recvonly/)
      const update = ask(session, 'UPDATE', { body: clearAudio(40000, 'sendrecv', 3) })
      const updates = listen(b).requests
      const changed = await updates.next('UPDATE')
      b.reply(changed, 200, { ...answer, body: Buffer.from(clearAudio(40010, 'sendrecv', 3)) })
      assert.equal((await update).status, 200)
      invite.accept()
      const { session: a } = await call.answered.next('200')
      a.acknowledge()
      a.bye()
      await site.ended.next('end')
    }))

  test('an UPDATE of the callee before the answer crosses too', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site)
      const { session: b, pracks } = ring(invite, 183, answer)
      const { response, session } = await call.ringing.next('183')
      const acknowledged = prack(session, response)
      b.reply(await pracks.next('PRACK'), 200)
      await acknowledged
      const updates = listen(session).requests
      const update = ask(b, 'UPDATE', { body: clearAudio(40012, 'sendrecv', 2) })
      const changed = await updates.next('UPDATE')
      assert.match(text(changed.request), /m=audio \d+ RTP\/AVP 0 101/)
      session.reply(changed, 200, { ...answer, body: Buffer.from(clearAudio(40000, 'sendrecv', 2)) })
      assert.equal((await update).status, 200)
      call.invite.cancel()
      await call.failed.next('487')
      await site.ended.next('end')
    }))

  test('an offer of the callee to an offerless INVITE is answered in the PRACK', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { offer: false })
      const { session: b, pracks } = ring(invite, 183, answer)
      const { response, session } = await call.ringing.next('183')
      assert.match(text(response), /m=audio \d+ RTP\/AVP 0 101/)
      const acknowledged = prack(session, response, clearAudio(40000))
      const transaction = await pracks.next('PRACK')
      assert.match(text(transaction.request), /m=audio \d+ RTP\/AVP 0 101/)
      b.reply(transaction, 200)
      assert.equal((await acknowledged).status, 200)
      invite.accept()
      const { response: ok, session: a } = await call.answered.next('200')
      assert.equal(ok.body.length, 0)
      a.acknowledge()
      a.bye()
      await site.ended.next('end')
    }))

  test('offers of two phones to an offerless INVITE: the caller hears one, and acknowledges the other without an answer', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { offer: false })
      const one = ring(invite, 183, answer)
      const first = await call.ringing.next('183')
      assert.ok(text(first.response).length > 0)
      const two = ring(invite, 183, { ...answer, toTag: 'two' })
      const second = await call.ringing.next('183 of the other')
      assert.equal(text(second.response), '')
      const noticed = prack(second.session, second.response)
      const transaction = await two.pracks.next('PRACK of the other')
      assert.equal(transaction.request.body.length, 0)
      two.session.reply(transaction, 200)
      assert.equal((await noticed).status, 200)
      const answered = prack(first.session, first.response, clearAudio(40000))
      const taken = await one.pracks.next('PRACK')
      assert.match(text(taken.request), /m=audio/)
      one.session.reply(taken, 200)
      assert.equal((await answered).status, 200)
      invite.accept()
      const { session: a } = await call.answered.next('200')
      a.acknowledge()
      a.bye()
      assert.equal((await site.ended.next('end')).reason, 'hangup')
    }))

  test('what the PRACK of a response without an offer says is no answer to the one that another phone has made', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { offer: false })
      const one = ring(invite, 183, answer)
      ring(invite, 183, { ...answer, toTag: 'two' })
      const heard = [await call.ringing.next('183'), await call.ringing.next('183 of the other')]
      const [offering, other] = heard.sort((a, b) => b.response.body.length - a.response.body.length)
      assert.equal(text(other!.response), '')
      assert.equal((await prack(other!.session, other!.response, clearAudio(40000))).status, 491)
      const answered = prack(offering!.session, offering!.response, clearAudio(40000))
      one.session.reply(await one.pracks.next('PRACK'), 200)
      assert.equal((await answered).status, 200)
      invite.reject(486)
      await site.ended.next('end')
    }))

  test('an offer in the 200 that overtakes the PRACK of another one is what counts', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { offer: false })
      ring(invite, 183, answer)
      const { response, session } = await call.ringing.next('183')
      const { acks } = listen(invite.accept({ ...answer, body: Buffer.from(clearAudio(40020)) }))
      const late = prack(session, response, clearAudio(40000)).catch(() => undefined)
      const { session: a } = await call.answered.next('200')
      a.acknowledge({ ...answer, body: Buffer.from(clearAudio(40000)) })
      assert.match(text(await acks.next('ACK')), /m=audio/)
      await late // whatever it is told
      a.bye()
      assert.equal((await site.ended.next('end')).reason, 'hangup')
    }))

  test('to a caller who cannot do it leg B is not asked for it; one that does it all the same is acknowledged here', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { headers: [] })
      assert.ok(!invite.request.headers.values('Supported').includes('100rel'))
      const { session: b, pracks } = ring(invite, 180)
      const response = await call.provisional.next('180')
      assert.equal(response.headers.get('RSeq'), undefined)
      assert.ok(!response.headers.values('Require').includes('100rel'))
      b.reply(await pracks.next('PRACK'), 200)
      call.invite.cancel()
      await call.failed.next('487')
      await site.ended.next('end')
    }))

  test('one that the caller never acknowledges is not acknowledged to the callee either', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site)
      const { pracks } = ring(invite, 180)
      await call.ringing.next('180')
      await new Promise((resolve) => setTimeout(resolve, 700))
      assert.deepEqual(pracks.unread, [])
      call.invite.cancel()
      await call.failed.next('487')
      await site.ended.next('end')
    }))
})

describe('provisional responses', () => {
  for (const [status, reason, headers] of [
    [
      181,
      'Off To The Other Office',
      [
        ['History-Info', '<sip:bob@sip.example.org?Reason=SIP%3Bcause%3D302>;index=1'],
        ['History-Info', '<sip:carol@sip.example.org>;index=1.1'],
        ['Diversion', '<sip:bob@sip.example.org>;reason=no-answer'],
      ],
    ],
    [
      182,
      '5 calls queued; expected waiting time is 15 minutes',
      [
        ['Alert-Info', '<http://example.org/music.wav>'],
        ['X-Queue-Position', '5'],
      ],
    ],
    [199, 'Early Dialog Terminated', [['Reason', 'SIP;cause=486;text="Busy Here"']]],
  ] as const)
    test(`${status} crosses with its headers and its phrase`, () =>
      onSite({}, async (site) => {
        const { call, invite } = await calling(site, { headers: [] })
        invite.provisional(status, { reason, headers })
        const response = await call.provisional.next(String(status))
        assert.deepEqual([response.status, response.reason], [status, reason])
        for (const [name] of headers) {
          const values = headers.filter((header) => header[0] === name).map(([, value]) => value)
          assert.deepEqual(response.headers.values(name), values)
        }
        call.invite.cancel()
        await call.failed.next('487')
        await site.ended.next('end')
      }))

  test('of 199 leg B is asked where the caller asks for it, and for whom it is over the others go on', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, { headers: [['Supported', '199']], body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      assert.ok(invite.request.headers.values('Supported').includes('199'))
      invite.provisional(183, { toTag: 'one', ...answer })
      const first = await call.ringing.next('183')
      invite.provisional(199, { toTag: 'one', headers: [['Reason', 'SIP;cause=480']] })
      const over = await call.ringing.next('199')
      assert.equal(toTag(over.response), toTag(first.response))
      assert.equal(over.response.headers.get('Reason'), 'SIP;cause=480')
      invite.provisional(182, { toTag: 'two' })
      assert.notEqual(toTag((await call.ringing.next('182')).response), toTag(first.response))
      invite.accept({ toTag: 'two', ...answer })
      const { session: a } = await call.answered.next('200')
      a.acknowledge()
      a.bye()
      await site.ended.next('end')
    }))
})

describe('the forks of leg B', () => {
  test('are told apart on leg A, and the one that answers is the one that she talks to', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { headers: [] })
      invite.provisional(180, { toTag: 'one' })
      invite.provisional(183, { toTag: 'two', ...answer })
      const first = await call.ringing.next('180')
      const second = await call.ringing.next('183')
      assert.notEqual(toTag(first.response), toTag(second.response))
      invite.provisional(199, { toTag: 'one' })
      assert.equal(toTag((await call.ringing.next('199')).response), toTag(first.response))
      const b = invite.accept({ toTag: 'two', ...answer })
      const { response, session: a } = await call.answered.next('200')
      assert.equal(toTag(response), toTag(second.response))
      a.acknowledge()
      const atB = listen(b)
      const info = ask(a, 'INFO')
      b.reply(await atB.requests.next('INFO'), 200)
      assert.equal((await info).status, 200)
      a.bye()
      await site.ended.next('end')
    }))

  for (const method of ['INFO', 'OPTIONS', 'MESSAGE'])
    test(`hear ${method} before they have answered, and are heard`, () =>
      onSite({}, async (site) => {
        const { call, invite } = await calling(site, { headers: [] })
        const b = invite.provisional(183, answer)!
        const { session: a } = await call.ringing.next('183')
        const [atA, atB] = [listen(a), listen(b)]
        const there = ask(a, method)
        b.reply(await atB.requests.next(method), 200)
        assert.equal((await there).status, 200)
        const back = ask(b, method)
        a.reply(await atA.requests.next(method), 404)
        assert.equal((await back).status, 404)
        assert.equal((await ask(a, 'UPDATE', { body: clearAudio(40000) })).status, 500)
        assert.equal((await ask(b, 'UPDATE', { body: clearAudio(40010) })).status, 491)
        call.invite.cancel()
        await call.failed.next('487')
        await site.ended.next('end')
      }))

  test('that answered reliably keep what they said, also when another one has said something since', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site)
      for (const [tag, port] of [
        ['one', 40010],
        ['two', 40020],
      ] as const) {
        const { session: b, pracks } = ring(invite, 183, { ...answer, body: Buffer.from(clearAudio(port)), toTag: tag })
        const { response, session } = await call.ringing.next('183')
        const acknowledged = prack(session, response)
        b.reply(await pracks.next('PRACK'), 200)
        await acknowledged
      }
      const b = invite.accept({ toTag: 'one' })
      const { response, session: a } = await call.answered.next('200')
      assert.equal(response.body.length, 0)
      a.acknowledge()
      const atB = listen(b)
      const info = ask(a, 'INFO')
      b.reply(await atB.requests.next('INFO'), 200)
      await info
      a.bye()
      await site.ended.next('end')
    }))

  for (const status of [183, 200] as const)
    test(`that answer with ${status} after another one has changed its session with UPDATE are the answer`, () =>
      onSite({}, async (site) => {
        const { call, invite } = await calling(site)
        const { session: one, pracks } = ring(invite, 183, { ...answer, toTag: 'one' })
        const { response, session } = await call.ringing.next('183')
        const acknowledged = prack(session, response)
        one.reply(await pracks.next('PRACK'), 200)
        await acknowledged
        const updates = listen(session).requests
        const update = ask(one, 'UPDATE', { body: clearAudio(40012, 'sendonly', 2) })
        session.reply(await updates.next('UPDATE'), 200, {
          ...{ ...answer, body: Buffer.from(clearAudio(40000, 'recvonly', 2)) },
        })
        assert.equal((await update).status, 200)
        if (status === 183) {
          invite.provisional(183, { ...answer, toTag: 'two' })
          assert.match(text(await call.provisional.next('183')), /m=audio/)
          assert.match(text(await call.provisional.next('183')), /a=sendrecv/)
        }
        const b = invite.accept({ ...answer, toTag: 'two' })
        const ok = await call.answered.next('200')
        assert.match(text(ok.response), /a=sendrecv/)
        ok.session.acknowledge()
        const atB = listen(b)
        const again = ask(ok.session, 'INVITE', { body: clearAudio(40000, 'sendonly', 3) })
        b.reply(await atB.requests.next('re-INVITE'), 200, {
          ...{ ...answer, body: Buffer.from(clearAudio(40010, 'recvonly', 2)) },
        })
        assert.match(text(await again), /a=recvonly/)
        ok.session.acknowledge()
        b.bye()
        await site.ended.next('end')
      }))

  test('one answers an offerless call with an offer of its own, whatever another one has offered', () =>
    onSite({}, async (site) => {
      const { call, invite } = await calling(site, { offer: false })
      ring(invite, 183, { ...answer, toTag: 'one' })
      assert.match(text(await call.provisional.next('183')), /m=audio/)
      const b = invite.accept({ ...answer, toTag: 'two' })
      const { acks } = listen(b)
      const { response, session } = await call.answered.next('200')
      assert.match(text(response), /m=audio/)
      session.acknowledge({ ...answer, body: Buffer.from(clearAudio(40000)) })
      assert.match(text(await acks.next('ACK')), /m=audio/)
      session.bye()
      await site.ended.next('end')
    }))
})
