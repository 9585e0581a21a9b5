import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { type SessionEnd } from '../../../src/sip/usage/invite-session.ts'
import { SessionTimer } from '../../../src/sip/usage/session-timer.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { noCounts, rawPeer, requestsOf, twoAgents } from '../../support/sip/agents.ts'
import { request, response } from '../../support/sip/messages.ts'

type Fields = Readonly<Record<string, string>>

/** Bob, whose session timer is looked at, is called by a peer that the test writes. */
async function called(fields: Fields) {
  const { clock, network, bob } = twoAgents()
  const peer = rawPeer(network, '10.0.0.9')
  const contact = { Via: 'SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1', Contact: '<sip:10.0.0.9>' }
  const invite = request('INVITE', { uri: 'sip:bob@10.0.0.2', ...contact, ...fields }, Buffer.from('offer'))
  peer.send('10.0.0.2', invite)
  await clock.advance(10)
  const answered = bob.invites[0]
  if (answered === undefined) return { clock, peer, bob, session: undefined, ends: [], answer: peer.responses.at(-1)! }
  const session = answered.accept({ body: Buffer.from('answer'), contentType: 'application/sdp' })
  const ends: SessionEnd[] = []
  session.onEnded = (cause) => ends.push(cause)
  await clock.advance(10)
  const answer = peer.responses.at(-1)!
  const inside = (method: string, seq: number, more: Fields = {}): void => {
    const { headers } = answer
    peer.send(
      '10.0.0.2',
      request(method, {
        ...{ uri: 'sip:10.0.0.2', Via: `SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK${method}${seq}` },
        ...{ To: headers.get('To')!, CSeq: `${seq} ${method}`, Contact: '<sip:10.0.0.9>', ...more },
      }),
    )
  }
  inside('ACK', 1)
  await clock.advance(10)
  return { clock, peer, bob, session, ends, answer, inside }
}

/** Requests that came since it was last asked. */
function taken(peer: { readonly requests: SipRequest[] }): string[] {
  return peer.requests.splice(0).map(({ method }) => method)
}

describe('pain 16: the session timer (RFC 4028)', () => {
  for (const [supported, expires, answer, require] of [
    ['timer', undefined, undefined, undefined],
    ['timer', '1800', '1800;refresher=uac', 'timer'],
    ['timer', '1800;refresher=uac', '1800;refresher=uac', 'timer'],
    ['timer', '1800;refresher=uas', '1800;refresher=uas', undefined],
    ['', '1800', '1800;refresher=uas', undefined], // put in by a proxy: the phone cannot
    ['', '1800;refresher=uac', '1800;refresher=uas', undefined],
    ['', '30', '90;refresher=uas', undefined], // and could not learn of Min-SE either
    ['timer', 'soon', undefined, undefined],
  ] as const)
    test(`an INVITE with Supported: ${supported || '-'} and Session-Expires: ${expires ?? '-'} is answered with ${answer ?? 'none'}`, async () => {
      const { answer: got, bob } = await called({
        ...(supported !== '' && { Supported: supported }),
        ...(expires !== undefined && { 'Session-Expires': expires }),
      })
      assert.equal(got.headers.get('Session-Expires'), answer)
      assert.equal(got.headers.get('Require'), require)
      await bob.agent.close()
    })

  test('an interval under 90 s is refused with 422 and Min-SE', async () => {
    const { answer, bob } = await called({ Supported: 'timer', 'Session-Expires': '60' })
    assert.equal(answer.status, 422)
    assert.equal(answer.headers.get('Min-SE'), '90')
    assert.equal(bob.agent.counts().dialogs, 0)
  })

  test('without a word about it a call goes on for ever', async () => {
    const { clock, peer, ends, bob } = await called({ Supported: 'timer' })
    await clock.advance(100_000_000)
    assert.deepEqual([taken(peer), ends], [[], []])
    await bob.agent.close()
  })

  test('a peer that is to refresh and does not is given up 32 s before the end, with BYE', async () => {
    const { clock, peer, ends } = await called({ Supported: 'timer', 'Session-Expires': '1800;refresher=uac' })
    await clock.advance(1_760_000)
    assert.deepEqual([taken(peer), ends], [[], []])
    await clock.advance(10_000)
    assert.deepEqual(ends, ['expired'])
    assert.equal(taken(peer)[0], 'BYE')
  })

  test('an UPDATE without a description is answered here, and the time begins anew', async () => {
    const all = await called({ Supported: 'timer', 'Session-Expires': '1800;refresher=uac' })
    const asked = requestsOf(all.session!)
    for (let seq = 2; seq < 6; seq++) {
      await all.clock.advance(1_000_000)
      all.inside!('UPDATE', seq, { Supported: 'timer', 'Session-Expires': '1800;refresher=uac' })
      await all.clock.advance(10)
      const answer = all.peer.responses.at(-1)!
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('Session-Expires'), '1800;refresher=uac')
    }
    assert.deepEqual([asked, all.ends], [[], []])
    await all.bob.agent.close()
  })

  /** Bob is the one to refresh, and the peer answers as the test says. */
  async function refreshing(allow: string, statuses: readonly (readonly [number, Fields?])[]) {
    const all = await called({ Allow: allow, 'Session-Expires': '1800' })
    const due: number[] = []
    all.session!.onRefreshDue = () => due.push(all.clock.now())
    const left = [...statuses]
    all.peer.host.onMessage = (message) => {
      if (message.kind === 'response') return
      all.peer.requests.push(message)
      const [status, fields] = left.shift() ?? [200, { 'Session-Expires': '1800;refresher=uac' }]
      all.peer.send('10.0.0.2', response(message, status, undefined, fields ?? {}))
    }
    return { ...all, due }
  }

  test('refreshes by UPDATE at half time, again and again', async () => {
    const { clock, peer, ends, bob, due } = await refreshing('INVITE, UPDATE', [])
    await clock.advance(4_000_000)
    const updates = peer.requests.filter(({ method }) => method === 'UPDATE')
    assert.equal(updates.length, 4)
    assert.equal(updates[0]!.headers.get('Session-Expires'), '1800;refresher=uac')
    assert.equal(updates[0]!.body.length, 0)
    assert.deepEqual([ends, due], [[], []])
    await bob.agent.close()
  })

  for (const [what, allow, statuses] of [
    ['that does not list UPDATE', 'INVITE, ACK, BYE', []],
    ['that refuses UPDATE all the same', 'INVITE, UPDATE', [[405]]],
  ] as const)
    test(`asks for a re-INVITE for a peer ${what}`, async () => {
      const { clock, due, bob } = await refreshing(allow, statuses)
      await clock.advance(1_000_000)
      assert.equal(due.length, 1)
      await bob.agent.close()
    })

  test('a refresh that is refused with 422 is sent again as the peer wants it', async () => {
    const { clock, peer, bob } = await refreshing('UPDATE', [[422, { 'Min-SE': '3600' }]])
    await clock.advance(1_000_000)
    const [, second] = peer.requests.filter(({ method }) => method === 'UPDATE')
    assert.equal(second!.headers.get('Session-Expires'), '3600;refresher=uac')
    assert.equal(second!.headers.get('Min-SE'), '3600')
    await bob.agent.close()
  })

  test('a refresh that meets glare is tried again; one that always fails ends the session in time', async () => {
    const first = await refreshing('UPDATE', [[491]])
    await first.clock.advance(1_000_000)
    assert.deepEqual([first.peer.requests.filter(({ method }) => method === 'UPDATE').length, first.ends], [2, []])
    await first.bob.agent.close()
    const never = await refreshing(
      'UPDATE',
      Array.from({ length: 1000 }, () => [500] as const),
    )
    await never.clock.advance(1_770_000)
    assert.deepEqual(never.ends, ['expired'])
  })

  for (const [status, cause] of [
    [481, 'dialog-gone'],
    [408, 'timeout'],
  ] as const)
    test(`a refresh that is answered ${status} ends the session with BYE`, async () => {
      const { clock, peer, ends, bob } = await refreshing('UPDATE', [[status]])
      await clock.advance(1_000_000)
      assert.deepEqual(ends, [cause])
      assert.ok(taken(peer).includes('BYE'))
      await clock.advance(100_000)
      assert.deepEqual(bob.agent.counts(), noCounts)
      assert.equal(clock.pending, 0)
    })
})

/** A session timer by itself, and what it has asked for. */
function timerOf(role: 'caller' | 'callee') {
  const clock = new HandClock()
  const asked: string[] = []
  const timer = new SessionTimer(clock, role, {
    onRefreshDue: () => asked.push('refresh'),
    onExpired: () => asked.push('end'),
  })
  return { clock, asked, timer }
}

describe('pain 16: the session timer of a caller', () => {
  for (const [value, atHalf, atEnd] of [
    [undefined, [], []],
    ['1800;refresher=uac', ['refresh'], ['refresh', 'end']],
    ['1800', ['refresh'], ['refresh', 'end']], // who answers without a refresher leaves it to the caller
    ['1800;refresher=uas', [], ['end']],
    ['soon', [], []],
  ] as const)
    test(`whom a 2xx tells Session-Expires: ${value ?? '-'}`, () => {
      const { clock, asked, timer } = timerOf('caller')
      const invite = request('INVITE')
      timer.accepted(response(invite, 200, 'b', value === undefined ? {} : { 'Session-Expires': value }))
      clock.advance(900_000)
      assert.deepEqual(asked, atHalf)
      clock.advance(900_000)
      assert.deepEqual(asked, atEnd)
      assert.equal(clock.pending, 0)
    })
})

describe('pain 15: a refresh that meets glare', () => {
  for (const [role, from, to] of [
    ['caller', 2100, 4000],
    ['callee', 0, 2000],
  ] as const)
    test(`is tried again by the ${role} of the call after ${from} to ${to} ms (RFC 3261 §14.1)`, () => {
      for (let time = 0; time < 100; time++) {
        const { clock, asked, timer } = timerOf(role)
        timer.accepted(response(request('UPDATE'), 200, 'b', { 'Session-Expires': '1800;refresher=uac' }))
        clock.advance(900_000)
        timer.refused(response(request('UPDATE'), 491, 'b'))
        if (from > 0) clock.advance(from - 1)
        assert.deepEqual(asked, ['refresh'])
        clock.advance(to - from + 1)
        assert.deepEqual(asked, ['refresh', 'refresh'])
        timer.stop()
      }
    })
})
