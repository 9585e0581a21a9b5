import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Agent, allow, noCounts, rawPeer } from '../../support/sip/agents.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { FakeNetwork, FakeResolver } from '../../support/sip/fake-network.ts'
import { request } from '../../support/sip/messages.ts'

function site() {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const ours = new Agent(network, new FakeResolver(), '192.0.2.1')
  const peer = rawPeer(network, '192.0.2.2')
  /** Sends what is not an INVITE and gives back the final response. */
  const ask = async (...message: Parameters<typeof request>) => {
    peer.send('192.0.2.1', request(...message))
    await clock.advance(10)
    return peer.responses.splice(0)[0]
  }
  return { clock, network, ours, peer, ask }
}

describe('requests outside of a dialog', () => {
  test('OPTIONS gets 200 with Allow, Accept and Supported (§11.2)', async () => {
    const { ask } = site()
    const answer = await ask('OPTIONS')
    assert.equal(answer!.status, 200)
    assert.equal(answer!.headers.get('Allow'), allow.join(', '))
    assert.equal(answer!.headers.get('Accept'), 'application/sdp')
    assert.equal(answer!.headers.get('Supported'), '100rel')
    assert.equal(answer!.headers.get('Server'), 'agent/192.0.2.1')
    assert.match(answer!.headers.get('To')!, /;tag=/)
  })

  test('what no dialog is known for gets 481, whatever it is', async () => {
    const { ask } = site()
    for (const method of ['INVITE', 'BYE', 'UPDATE', 'INFO', 'OPTIONS', 'NOTIFY']) {
      const fields = { To: '<sip:bob@example.org>;tag=gone', Via: `SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK${method}` }
      assert.equal((await ask(method, fields))!.status, 481, method)
    }
    assert.equal((await ask('BYE'))!.status, 481)
  })

  test('each check has its answer: 405, 501, 416, 420, 483, 400', async () => {
    const { ask, ours, clock } = site()
    assert.equal((await ask('PUBLISH'))!.headers.get('Allow'), allow.join(', '))
    assert.equal((await ask('DANCE'))!.status, 501)
    assert.equal((await ask('MESSAGE'))!.status, 405) // in Allow for dialogs, but nobody listens outside of one
    const statuses = []
    for (const [i, fields] of [
      { uri: 'http://example.org' },
      { Require: 'x' },
      { 'Max-Forwards': '0' },
      { Contact: '*' },
      { Contact: '<nonsense>' },
    ].entries()) {
      const via = `SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK${i}`
      statuses.push((await ask('INVITE', { Via: via, ...(fields as Record<string, string>) }))!.status)
    }
    assert.deepEqual(statuses, [416, 420, 483, 400, 400])
    assert.equal(ours.invites.length, 0)
    await clock.advance(64_000)
    assert.deepEqual(ours.agent.counts(), noCounts)
    assert.equal(clock.pending, 0)
  })

  test('a listener takes what is left, and answers it', async () => {
    const { ours, ask } = site()
    ours.agent.onRequest = (transaction) => {
      ours.agent.reply(transaction, 488, { reason: 'Not Here' })
      return true
    }
    for (const method of ['OPTIONS', 'MESSAGE']) {
      const answer = await ask(method)
      assert.equal(answer!.status, 488)
      assert.equal(answer!.reason, 'Not Here')
    }
  })

  test('an ACK or a response that belongs to nothing is ignored', async () => {
    const { ask, ours } = site()
    assert.equal(await ask('ACK', { To: '<sip:bob@example.org>;tag=x' }), undefined)
    assert.equal(await ask('ACK'), undefined)
    assert.deepEqual(ours.faults, [])
  })

  test('without a listener an INVITE gets 503', async () => {
    const clock = new FakeClock()
    const network = new FakeNetwork(clock)
    const ours = new Agent(network, new FakeResolver(), '192.0.2.1')
    const { UserAgent } = await import('../../../src/sip/usage/user-agent.ts')
    new UserAgent({
      transactions: ours.layer,
      clock,
      userAgent: 'x',
      requestHeaders: [],
      supported: [],
      allow: ['INVITE'],
    })
    const peer = rawPeer(network, '192.0.2.2')
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    assert.equal(peer.responses[0]!.status, 503)
    ours.layer.close()
  })
})

describe('an INVITE outside of a dialog', () => {
  test('forks with the same Call-ID and another branch are calls of their own', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    peer.send('192.0.2.1', request('INVITE', { Via: 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKfork2' }))
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    assert.equal(ours.invites.length, 2)
    const [first, second] = ours.invites.map((one) => one.accept())
    assert.notEqual(first!.dialog.key, second!.dialog.key)
    await ours.agent.close()
    assert.deepEqual(ours.agent.counts(), noCounts)
  })

  test('100 comes after 200 ms by itself, at once when asked for, and has no tag', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(190)
    assert.equal(peer.responses.length, 0)
    await clock.advance(12)
    assert.equal(peer.responses[0]!.status, 100)
    assert.equal(peer.responses[0]!.headers.get('To'), '<sip:bob@example.org>')
    peer.send('192.0.2.1', request('INVITE', { Via: 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKfork2' }))
    await clock.advance(1)
    assert.equal(ours.invites[1]!.provisional(100), undefined)
    await clock.advance(1)
    assert.equal(peer.responses[1]!.status, 100)
    assert.equal(ours.agent.counts().dialogs, 0)
  })

  test('101 to 299 echo Record-Route and have Contact of the flow, Server, Allow and Supported', async () => {
    const { clock, ours, peer } = site()
    const routes = ['<sip:192.0.2.2;lr;a>', '<sip:192.0.2.2;transport=tcp;lr>']
    for (const [protocol, contact] of [
      ['udp', '<sip:192.0.2.1:5060>'],
      ['tcp', '<sip:192.0.2.1:5060;transport=tcp>'],
    ] as const) {
      peer.send(
        '192.0.2.1',
        request('INVITE', {
          'Record-Route': routes.join(', '),
          Via: `SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK${protocol}`,
        }),
        protocol,
      )
      await clock.advance(10)
      const invite = ours.invites.pop()!
      invite.provisional(180)
      const session = invite.accept({ headers: [['X-Relayed', '1']] })
      await clock.advance(10)
      const answers = peer.responses.splice(0)
      assert.deepEqual(
        answers.map((one) => one.status),
        [180, 200],
      )
      for (const { headers } of answers) {
        assert.deepEqual(headers.values('Record-Route'), routes)
        assert.equal(headers.get('Contact'), contact)
        assert.equal(headers.get('Server'), 'agent/192.0.2.1')
        assert.equal(headers.get('Allow'), allow.join(', '))
        assert.equal(headers.get('To'), answers[0]!.headers.get('To'))
      }
      assert.deepEqual(session.dialog.routeSet, routes)
    }
  })

  test('our own Route without lr on arrival is nothing to us (a Flexisip proxy writes it so)', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE', { Route: '<sip:192.0.2.1:5060;transport=udp>' }))
    await clock.advance(10)
    ours.invites[0]!.reject(486)
    await clock.advance(10)
    assert.equal(peer.responses[0]!.status, 486)
  })

  test('is refused once: the second answer is dropped, accept() then is a fault of its caller', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    const [invite] = ours.invites
    invite!.reject(603, { headers: [['Retry-After', '5']], reason: 'No' })
    invite!.reject(500)
    assert.equal(invite!.provisional(180), undefined)
    assert.throws(() => invite!.accept(), { code: 'INVITE_SETTLED' })
    assert.equal(invite!.settled, true)
    let failed: unknown
    invite!.onFailed = (error) => (failed = error)
    await clock.advance(400)
    assert.deepEqual(
      peer.responses.map((one) => one.status),
      [603],
    )
    assert.equal(peer.responses[0]!.headers.get('Retry-After'), '5')
    await clock.advance(32_000)
    assert.equal((failed as { code: string }).code, 'INVITE_NO_ACK')
    assert.deepEqual(ours.agent.counts(), noCounts)
    assert.equal(clock.pending, 0)
  })

  test('is refused and forgotten: when it comes again it is told the same with the same tag, and its ACK is nothing to anybody', async () => {
    const { clock, ours, peer } = site()
    const invite = request('INVITE')
    for (let time = 0; time < 2; time++) {
      peer.send('192.0.2.1', invite)
      await clock.advance(10)
      ours.invites.pop()!.refuseOnce(503, { headers: [['Retry-After', '5']] })
      await clock.advance(40_000)
    }
    assert.deepEqual(
      peer.responses.map((one) => one.status),
      [503, 503],
    )
    const [first, second] = peer.responses.map(({ headers }) => headers.get('To'))
    assert.match(first!, /;tag=[0-9a-f]{20}$/)
    assert.equal(first, second)
    peer.send('192.0.2.1', request('ACK', { To: first! }))
    await clock.advance(10)
    assert.equal(clock.pending, 0)
  })

  test('CANCEL gets 200, the INVITE 487, and the early dialog is over', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    const [invite] = ours.invites
    const session = invite!.provisional(180)
    const told: string[] = []
    session!.onEnded = (cause) => told.push(cause)
    invite!.onCancelled = (cancel) => told.push(cancel.method)
    peer.send('192.0.2.1', request('CANCEL'))
    await clock.advance(10)
    assert.deepEqual(
      peer.responses.map((one) => one.status),
      [180, 200, 487],
    )
    assert.deepEqual(told, ['dialog-gone', 'CANCEL'])
    invite!.reject(500)
    peer.send('192.0.2.1', request('ACK'))
    await clock.advance(32_000)
    assert.deepEqual(ours.agent.counts(), noCounts)
    assert.equal(clock.pending, 0)
  })

  test('BYE in the only early dialog gives the call up too: 200 and 487 (§15.1.2)', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    const [invite] = ours.invites
    invite!.provisional(180)
    let given: string | undefined
    invite!.onCancelled = (bye) => (given = bye.method)
    await clock.advance(10)
    const to = peer.responses[0]!.headers.get('To')!
    peer.send('192.0.2.1', request('BYE', { To: to, CSeq: '2 BYE', Via: 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb' }))
    await clock.advance(10)
    assert.deepEqual(peer.responses.map((one) => one.status).sort(), [180, 200, 487])
    assert.equal(given, 'BYE')
    assert.equal(ours.agent.counts().dialogs, 0)
    ours.layer.close()
  })

  test('several early dialogs by their tags; one is confirmed, the others end; BYE in one of them ends only that', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    const [invite] = ours.invites
    const sessions = ['one', 'two', 'three'].map((toTag) => invite!.provisional(180, { toTag })!)
    assert.equal(invite!.provisional(183, { toTag: 'one' }), sessions[0])
    const ended: string[] = []
    for (const one of sessions) one.onEnded = (cause) => ended.push(`${one.dialog.localTag} ${cause}`)
    peer.send(
      '192.0.2.1',
      request('BYE', {
        To: '<sip:bob@example.org>;tag=one',
        CSeq: '2 BYE',
        Via: 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb',
      }),
    )
    await clock.advance(10)
    assert.deepEqual(ended, ['one bye'])
    assert.equal(invite!.settled, false)
    assert.equal(invite!.accept({ toTag: 'two' }), sessions[1])
    assert.deepEqual(ended, ['one bye', 'three dialog-gone'])
    assert.equal(ours.agent.counts().dialogs, 1)
    await clock.advance(10)
    assert.match(peer.responses.at(-1)!.headers.get('To')!, /;tag=two$/)
    await ours.agent.close()
    assert.equal(clock.pending, 0)
  })

  test('bye() on an early dialog of ours as callee refuses the INVITE', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'))
    await clock.advance(10)
    ours.invites[0]!.provisional(180)!.bye()
    await clock.advance(10)
    assert.deepEqual(
      peer.responses.map((one) => one.status),
      [180, 480],
    )
    assert.equal(ours.agent.counts().dialogs, 0)
  })

  test('a response that cannot be delivered is told', async () => {
    const { clock, ours, peer } = site()
    peer.send('192.0.2.1', request('INVITE'), 'tcp')
    await clock.advance(10)
    const [invite] = ours.invites
    const told: string[] = []
    invite!.onFailed = (error) => told.push(error.message)
    ours.host.breakConnection('192.0.2.2')
    invite!.provisional(180)
    await settle()
    assert.deepEqual(told, ['closed'])
    ours.layer.close()
  })
})

describe('closing', () => {
  test('with time: callers get 503, callees CANCEL or BYE, and it waits for their answers', async () => {
    const clock = new FakeClock()
    const network = new FakeNetwork(clock)
    const resolver = new FakeResolver()
    const ours = new Agent(network, resolver, '192.0.2.1')
    const other = new Agent(network, resolver, '192.0.2.3')
    const up = ours.call('sip:x@192.0.2.3')
    await clock.advance(10)
    other.invites[0]!.accept()
    await clock.advance(10)
    const ringing = ours.call('sip:y@192.0.2.3')
    await clock.advance(10)
    other.invites[1]!.provisional(180)
    const waiting = other.call('sip:z@192.0.2.1')
    await clock.advance(10)
    let closed = false
    void ours.agent.close(2_000).then(() => (closed = true))
    await clock.advance(10)
    assert.equal(closed, true)
    assert.deepEqual(ringing.told, [180, 'response 487'])
    assert.deepEqual(waiting.told, ['response 503'])
    assert.equal(up.session!.state, 'terminated')
    assert.deepEqual(ours.agent.counts(), noCounts)
    await clock.advance(64_000)
    assert.deepEqual(other.agent.counts(), noCounts)
    assert.equal(clock.pending, 0)
  })

  test('with time, but nobody answers: it forgets them when the time is over', async () => {
    const { clock, ours } = site()
    ours.call('sip:nobody@192.0.2.77')
    await clock.advance(10)
    let closed = false
    void ours.agent.close(2_000).then(() => (closed = true))
    await clock.advance(1_999)
    assert.equal(closed, false)
    await clock.advance(1)
    assert.equal(closed, true)
    assert.deepEqual(ours.agent.counts(), noCounts)
    assert.equal(clock.pending, 0)
  })
})
