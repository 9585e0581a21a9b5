import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { establishedCall, noCounts, Outcome, rawPeer, requestsOf, twoAgents } from '../../support/sip/agents.ts'
import { request } from '../../support/sip/messages.ts'

/** Everything fades: no dialog, no transaction, no timer. */
async function fades(all: Awaited<ReturnType<typeof establishedCall>>) {
  await all.clock.advance(130_000)
  assert.deepEqual(all.alice.agent.counts(), noCounts)
  assert.deepEqual(all.bob.agent.counts(), noCounts)
  assert.equal(all.clock.pending, 0)
  assert.deepEqual([...all.alice.faults, ...all.bob.faults], [])
}

describe('requests inside a dialog', () => {
  test('cross both ways with their header fields and bodies, and so do the answers', async () => {
    for (const method of ['INFO', 'UPDATE', 'REFER', 'NOTIFY', 'MESSAGE', 'OPTIONS']) {
      for (const [from, to] of [
        ['caller', 'callee'],
        ['callee', 'caller'],
      ] as const) {
        const all = await establishedCall()
        const requests = requestsOf(all[to])
        const outcome = new Outcome()
        all[from].request(method, {
          headers: [['X-One', '1']],
          body: Buffer.from('body'),
          contentType: 'text/plain',
          listener: outcome.listener,
        })
        await all.clock.advance(5)
        const [transaction] = requests
        assert.equal(transaction!.request.method, method)
        assert.equal(transaction!.request.headers.get('X-One'), '1')
        assert.equal(
          transaction!.request.headers.get('User-Agent'),
          from === 'caller' ? 'agent/10.0.0.1' : 'agent/10.0.0.2',
        )
        assert.equal(transaction!.request.headers.has('X-Flexisip-B2BUA'), from === 'caller')
        assert.equal(transaction!.request.body.toString(), 'body')
        all[to].reply(transaction!, 202, {
          reason: 'Fine',
          headers: [['X-Two', '2']],
          body: Buffer.from('b'),
          contentType: 'a/b',
        })
        all[to].reply(transaction!, 500)
        await all.clock.advance(5)
        assert.deepEqual(outcome.told, [202])
        assert.equal(outcome.responses[0]!.reason, 'Fine')
        assert.equal(outcome.responses[0]!.headers.get('X-Two'), '2')
        assert.equal(outcome.responses[0]!.headers.get('Content-Type'), 'a/b')
        all.caller.bye()
        await fades(all)
      }
    }
  })

  test('after the end of the session NOTIFY goes on while the dialog is held (RFC 5057), and nothing else', async () => {
    const all = await establishedCall()
    const requests = requestsOf(all.callee)
    for (const session of [all.caller, all.callee]) session.hold()
    all.caller.bye()
    await all.clock.advance(5)
    const told = async (method: string): Promise<readonly unknown[]> => {
      const outcome = new Outcome()
      all.caller.request(method, { listener: outcome.listener })
      await all.clock.advance(5)
      const transaction = requests.shift()
      if (transaction !== undefined) all.callee.reply(transaction, 200)
      await all.clock.advance(5)
      return [transaction?.request.method, ...outcome.told]
    }
    assert.deepEqual(await told('NOTIFY'), ['NOTIFY', 200])
    assert.equal((await told('INFO'))[0], undefined)
    all.callee.release()
    assert.deepEqual(await told('NOTIFY'), [undefined, 481], 'the callee knows nothing of it any more')
    all.caller.release()
    assert.equal((await told('NOTIFY'))[0], undefined)
    await fades(all)
  })

  test('without a listener OPTIONS gets 200, a change of the session 491, the rest 405', async () => {
    const all = await establishedCall()
    const outcome = new Outcome()
    for (const method of ['OPTIONS', 'UPDATE', 'INFO']) {
      all.caller.request(method, { listener: outcome.listener })
      await all.clock.advance(5)
    }
    assert.deepEqual(outcome.told, [200, 491, 405])
    all.caller.bye()
    await fades(all)
  })

  test('an older CSeq gets 500, a gap is fine (§12.2.2)', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    const peer = rawPeer(all.network, '10.0.0.3')
    const { dialog } = all.caller
    const inside = (seq: number): SipRequest =>
      request('INFO', {
        Via: `SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK${seq}`,
        From: `${dialog.localUri};tag=${dialog.localTag}`,
        To: `${dialog.remoteUri};tag=${dialog.remoteTag}`,
        'Call-ID': dialog.callId,
        CSeq: `${seq} INFO`,
      })
    for (const seq of [9, 5, 10]) {
      peer.send('10.0.0.2', inside(seq))
      await all.clock.advance(5)
    }
    assert.equal(seen.length, 2)
    assert.deepEqual(
      peer.responses.map((one) => one.status),
      [500],
    )
    for (const one of seen) all.callee.reply(one, 200)
    all.callee.bye()
    await fades(all)
  })

  test('an INFO with a Require of something unknown gets 420', async () => {
    const all = await establishedCall()
    const outcome = new Outcome()
    all.caller.request('INFO', { headers: [['Require', 'x-none']], listener: outcome.listener })
    await all.clock.advance(5)
    assert.deepEqual(outcome.told, [420])
    assert.equal(outcome.responses[0]!.headers.get('Unsupported'), 'x-none')
    all.caller.bye()
    await fades(all)
  })

  test('481 or 408 is handed over, then the session is over, and the peer told so with BYE (§12.2.1.2)', async () => {
    for (const [status, cause] of [
      [481, 'dialog-gone'],
      [408, 'timeout'],
    ] as const) {
      const all = await establishedCall()
      const seen = requestsOf(all.callee)
      const order: (string | number)[] = []
      all.caller.onEnded = (why) => order.push(why)
      all.caller.request('INVITE', {
        listener: { onResponse: (one) => one.status >= 200 && order.push(one.status), onFailure: () => assert.fail() },
      })
      await all.clock.advance(5)
      all.callee.reply(seen[0]!, status)
      await all.clock.advance(5)
      assert.deepEqual(order, [status, cause])
      assert.equal(all.network.sent('BYE').length, 1)
      await fades(all)
    }
  })

  test('a request that nobody answers ends the session after its timeout', async () => {
    const all = await establishedCall()
    const outcome = new Outcome()
    const ended: string[] = []
    all.caller.onEnded = (cause) => ended.push(cause)
    all.network.loses = () => true
    all.caller.request('INFO', { listener: outcome.listener })
    await all.clock.advance(32_000)
    assert.deepEqual(outcome.told, ['TRANSACTION_TIMEOUT'])
    assert.deepEqual(ended, ['timeout'])
    all.callee.bye()
    await fades(all)
  })

  test('a connection that breaks fails the request and not the session', async () => {
    const all = await establishedCall('tcp')
    requestsOf(all.callee)
    const outcome = new Outcome()
    all.caller.request('INFO', { listener: outcome.listener })
    await all.clock.advance(5)
    all.alice.host.breakConnection('10.0.0.2')
    assert.deepEqual(outcome.told, ['TRANSACTION_TRANSPORT'])
    assert.equal(all.caller.state, 'confirmed')
    await all.bob.agent.close()
    await all.alice.agent.close()
    assert.equal(all.clock.pending, 0)
  })

  test('after the end nothing is sent: 481', async () => {
    const all = await establishedCall()
    all.caller.bye()
    const outcome = new Outcome()
    const handle = all.caller.request('INFO', { listener: outcome.listener })
    handle.cancel()
    await all.clock.advance(5)
    assert.deepEqual(outcome.told, ['TRANSACTION_NO_DIALOG'])
    assert.equal(all.network.sent('INFO').length, 0)
    await fades(all)
  })

  test('the callee reaches a caller whose Contact cannot be reached over the connection it came on', async () => {
    const all = twoAgents()
    all.network.refusing.add('10.0.0.1')
    const call = all.alice.call('sip:bob@10.0.0.2;transport=tcp')
    await all.clock.advance(5)
    const session = all.bob.invites[0]!.accept()
    await all.clock.advance(5)
    session.bye()
    await all.clock.advance(5)
    assert.equal(call.session!.state, 'terminated')
  })
})

describe('re-INVITE', () => {
  test('both ways: answered, acknowledged, the target refreshed, our header fields on all of it', async () => {
    for (const [from, to] of [
      ['caller', 'callee'],
      ['callee', 'caller'],
    ] as const) {
      const all = await establishedCall()
      const seen = requestsOf(all[to])
      const acks: string[] = []
      all[to].onAck = (ack) => acks.push(ack.body.toString())
      const outcome = new Outcome()
      all[from].request('INVITE', {
        headers: [['Contact', '<sip:moved@10.0.0.3>']],
        body: Buffer.from('offer 2'),
        contentType: 'application/sdp',
        listener: outcome.listener,
      })
      await all.clock.advance(5)
      assert.notEqual(all[to].dialog.remoteTarget, 'sip:moved@10.0.0.3')
      all[to].reply(seen[0]!, 200, { body: Buffer.from('answer 2'), contentType: 'application/sdp' })
      assert.equal(all[to].dialog.remoteTarget, 'sip:moved@10.0.0.3')
      await all.clock.advance(5)
      assert.deepEqual(outcome.told, [200])
      assert.ok(outcome.responses[0]!.headers.has('Contact'))
      all[from].acknowledge()
      all[from].acknowledge()
      await all.clock.advance(5)
      assert.deepEqual(acks, [''])
      const last = all.network.log.at(-1)!.message as SipRequest
      assert.equal(last.method, 'ACK')
      assert.equal(last.headers.has('X-Flexisip-B2BUA'), from === 'caller')
      await all.clock.advance(40_000)
      assert.equal(all.network.sent(200).length, 2) // nothing was repeated
      all[from].bye()
      await fades(all)
    }
  })

  test('the answer in the ACK of an offerless one arrives', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    let answer: string | undefined
    all.callee.onAck = (ack) => (answer = ack.body.toString())
    const outcome = new Outcome()
    all.caller.request('INVITE', { listener: outcome.listener })
    await all.clock.advance(5)
    all.callee.reply(seen[0]!, 200, { body: Buffer.from('offer'), contentType: 'application/sdp' })
    await all.clock.advance(5)
    // until the answer is there both sides refuse another INVITE
    const glare = new Outcome()
    all.callee.request('INVITE', { listener: glare.listener })
    await all.clock.advance(5)
    assert.deepEqual(glare.told, [491])
    all.caller.acknowledge({ body: Buffer.from('answer'), contentType: 'application/sdp' })
    await all.clock.advance(5)
    assert.equal(answer, 'answer')
    all.caller.bye()
    await fades(all)
  })

  test('a second one of the peer while the first is open gets 500 with Retry-After of 0 to 10 s (§14.2)', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    const first = new Outcome()
    all.caller.request('INVITE', { listener: first.listener })
    await all.clock.advance(5)
    const { dialog } = all.caller
    const peer = rawPeer(all.network, '10.0.0.3')
    peer.send(
      '10.0.0.2',
      request('INVITE', {
        From: `${dialog.localUri};tag=${dialog.localTag}`,
        To: `${dialog.remoteUri};tag=${dialog.remoteTag}`,
        Via: 'SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKsecond',
        'Call-ID': dialog.callId,
        CSeq: '9 INVITE',
      }),
    )
    await all.clock.advance(5)
    assert.equal(peer.responses[0]!.status, 500)
    assert.match(peer.responses[0]!.headers.get('Retry-After')!, /^([0-9]|10)$/)
    all.callee.reply(seen[0]!, 200)
    await all.clock.advance(5)
    all.caller.acknowledge()
    assert.deepEqual(first.told.slice(-1), [200])
    all.callee.bye()
    await fades(all)
  })

  test('glare: both at once get 491, and the call goes on (§14.2)', async () => {
    const all = await establishedCall()
    requestsOf(all.caller)
    requestsOf(all.callee)
    const [one, two] = [new Outcome(), new Outcome()]
    all.caller.request('INVITE', { listener: one.listener })
    all.callee.request('INVITE', { listener: two.listener })
    await all.clock.advance(10)
    assert.deepEqual([one.told, two.told], [[491], [491]])
    assert.equal(all.caller.state, 'confirmed')
    all.caller.bye()
    await fades(all)
  })

  test('a second one of ours while another is in progress, either way, is not sent: 491 (§14.1)', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    const [first, second, third] = [new Outcome(), new Outcome(), new Outcome()]
    all.caller.request('INVITE', { listener: first.listener })
    all.caller.request('INVITE', { listener: second.listener })
    await all.clock.advance(5)
    all.callee.request('INVITE', { listener: third.listener })
    await all.clock.advance(5)
    assert.deepEqual([second.told, third.told], [['TRANSACTION_PENDING'], ['TRANSACTION_PENDING']])
    all.callee.reply(seen[0]!, 488)
    await all.clock.advance(5)
    assert.deepEqual(first.told.slice(-1), [488])
    // and then the next one may go
    all.callee.request('INVITE', { listener: third.listener })
    await all.clock.advance(5)
    assert.equal(all.network.sent('INVITE', all.bob.host).length, 1)
    all.caller.bye()
    await fades(all)
  })

  test('right behind the 200, before its ACK arrives, is taken when the offer has its answer', async () => {
    const all = twoAgents()
    const call = all.alice.call('sip:bob@10.0.0.2')
    await all.clock.advance(5)
    all.network.loses = ({ message }) => message.kind === 'request' && message.method === 'ACK'
    const callee = all.bob.invites[0]!.accept({ body: Buffer.from('answer'), contentType: 'application/sdp' })
    const seen = requestsOf(callee)
    await all.clock.advance(5)
    const outcome = new Outcome()
    call.session!.request('INVITE', { listener: outcome.listener })
    await all.clock.advance(5)
    callee.reply(seen[0]!, 200)
    all.network.loses = () => false
    await all.clock.advance(5)
    call.session!.acknowledge()
    await all.clock.advance(2_000)
    assert.deepEqual(outcome.told, [200])
    callee.bye()
    await fades({ ...all, call, caller: call.session!, callee, invite: all.bob.invites[0]! })
  })

  test('cancelled, it gets 487 by itself, unless its user sees to it', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    const [first, second] = [new Outcome(), new Outcome()]
    const one = all.caller.request('INVITE', { listener: first.listener })
    await all.clock.advance(300)
    one.cancel()
    await all.clock.advance(5)
    assert.deepEqual(first.told, [100, 487])
    assert.equal(seen[0]!.completed, true)
    const two = all.caller.request('INVITE', { listener: second.listener })
    await all.clock.advance(300)
    seen[1]!.onCancel = () => all.callee.reply(seen[1]!, 200)
    two.cancel()
    await all.clock.advance(5)
    assert.deepEqual(second.told, [100, 200])
    all.caller.acknowledge()
    assert.equal(all.network.sent('CANCEL')[0]!.headers.get('X-Flexisip-B2BUA'), 'ignore')
    all.caller.bye()
    await fades(all)
  })

  test('pain 17: BYE while it is open: 487 for it, 200 for the BYE, nothing left', async () => {
    for (const byeFrom of ['caller', 'callee'] as const) {
      const all = await establishedCall()
      const seen = requestsOf(all.callee)
      const outcome = new Outcome()
      all.caller.request('INVITE', { listener: outcome.listener })
      await all.clock.advance(5)
      assert.equal(seen.length, 1)
      all[byeFrom].bye()
      await all.clock.advance(10)
      assert.deepEqual(outcome.told, [487])
      assert.equal(all.network.sent(200).at(-1)!.headers.get('CSeq')!.endsWith('BYE'), true)
      await fades(all)
    }
  })

  test('accepted by the peer after our BYE, it is acknowledged by itself', async () => {
    const all = await establishedCall()
    const seen = requestsOf(all.callee)
    const outcome = new Outcome()
    all.caller.request('INVITE', { listener: outcome.listener })
    await all.clock.advance(5)
    all.callee.reply(seen[0]!, 200)
    all.caller.bye()
    await all.clock.advance(5)
    assert.deepEqual(outcome.told, [200])
    assert.equal(all.network.sent('ACK').length, 2)
    await fades(all)
  })
})

describe('the 2xx of ours', () => {
  test('is repeated after 0.5, 1.5, 3.5, 7.5, 11.5 … s on every transport until the ACK; none in 32 s: BYE and no-ack', async () => {
    for (const transport of ['udp', 'tcp']) {
      const all = twoAgents()
      const call = all.alice.call(`sip:bob@10.0.0.2;transport=${transport}`, { onSuccess: () => undefined })
      await all.clock.advance(5)
      const session = all.bob.invites[0]!.accept()
      const ended: string[] = []
      session.onEnded = (cause) => ended.push(cause)
      const times: number[] = []
      for (let at = 0; at <= 32_000; at += 500) {
        if (all.network.sent(200, all.bob.host).length > 0) times.push(at)
        all.network.log.length = 0
        await all.clock.advance(500)
      }
      assert.deepEqual(times, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
      assert.deepEqual(ended, ['no-ack'])
      assert.equal(call.provisional.length, 0)
      await all.clock.advance(130_000)
      assert.deepEqual(all.bob.agent.counts(), noCounts)
      assert.deepEqual(all.alice.agent.counts(), noCounts)
      assert.equal(all.clock.pending, 0)
    }
  })

  test('is acknowledged once: onAck gets the first ACK with its body, repeated ones are nothing', async () => {
    const all = twoAgents()
    const call = all.alice.call('sip:bob@10.0.0.2', { body: Buffer.alloc(0), onSuccess: () => undefined })
    await all.clock.advance(5)
    const session = all.bob.invites[0]!.accept({ body: Buffer.from('offer'), contentType: 'application/sdp' })
    const acks: string[] = []
    session.onAck = (ack) => acks.push(ack.body.toString())
    await all.clock.advance(600)
    assert.equal(call.invite.settled, true)
    const alice = all.network.sent(200)[0]!.headers.get('From')!
    const to = all.network.sent(200)[0]!.headers.get('To')!
    const peer = rawPeer(all.network, '10.0.0.3')
    for (const seq of [7, 1, 1]) {
      peer.send(
        '10.0.0.2',
        request(
          'ACK',
          { From: alice, To: to, 'Call-ID': call.invite.callId, CSeq: `${seq} ACK` },
          Buffer.from('answer'),
        ),
      )
    }
    await all.clock.advance(40_000)
    assert.deepEqual(acks, ['answer'])
    assert.equal(all.network.sent(200).length, 2)
    await all.alice.agent.close()
    await all.bob.agent.close()
  })

  test('BYE waits for its ACK, and goes without it after 64*T1 (§15)', async () => {
    for (const acknowledges of [true, false]) {
      const all = twoAgents()
      let acknowledge = (): void => undefined
      all.alice.call('sip:bob@10.0.0.2', { onSuccess: (_, session) => (acknowledge = () => session.acknowledge()) })
      await all.clock.advance(5)
      const session = all.bob.invites[0]!.accept()
      const ended: string[] = []
      session.onEnded = (cause) => ended.push(cause)
      await all.clock.advance(5)
      session.bye()
      await all.clock.advance(1_000)
      assert.equal(session.state, 'terminated')
      assert.equal(all.network.sent('BYE').length, 0)
      if (acknowledges) acknowledge()
      await all.clock.advance(acknowledges ? 5 : 32_000)
      assert.equal(all.network.sent('BYE').length, 1)
      assert.deepEqual(ended, ['local'])
      await all.clock.advance(130_000)
      assert.deepEqual(all.bob.agent.counts(), noCounts)
      assert.equal(all.clock.pending, 0)
    }
  })

  test('stops when the peer says BYE instead of ACK', async () => {
    const all = twoAgents()
    all.network.loses = ({ message }) => message.kind === 'request' && message.method === 'ACK'
    const call = all.alice.call('sip:bob@10.0.0.2')
    await all.clock.advance(5)
    const session = all.bob.invites[0]!.accept()
    await all.clock.advance(5)
    call.session!.bye()
    await all.clock.advance(5)
    assert.equal(session.state, 'terminated')
    all.network.log.length = 0
    await all.clock.advance(40_000)
    assert.deepEqual(all.network.sent(200), [])
  })
})

describe('early dialogs', () => {
  test('requests cross in them both ways, before and after the answer, with CSeq going on', async () => {
    const all = twoAgents()
    const call = all.alice.call('sip:bob@10.0.0.2')
    await all.clock.advance(5)
    const early = all.bob.invites[0]!.provisional(183, {
      headers: [
        ['RSeq', '1'],
        ['Require', '100rel'],
      ],
    })!
    const seen = requestsOf(early)
    await all.clock.advance(5)
    const session = call.provisional[0]!.session!
    const outcome = new Outcome()
    session.request('UPDATE', { listener: outcome.listener })
    await all.clock.advance(5)
    early.reply(seen[0]!, 200)
    const back = new Outcome()
    session.onRequest = (transaction) => session.reply(transaction, 200)
    early.request('UPDATE', { listener: back.listener })
    await all.clock.advance(5)
    const accepted = all.bob.invites[0]!.accept()
    assert.equal(accepted, early)
    await all.clock.advance(5)
    assert.equal(call.session, session)
    assert.deepEqual([outcome.told, back.told], [[200], [200]])
    assert.equal(all.network.sent('ACK')[0]!.headers.get('CSeq'), '1 ACK')
    session.bye()
    await all.clock.advance(5)
    assert.equal(all.network.sent('BYE')[0]!.headers.get('CSeq'), '3 BYE')
    assert.equal(early.state, 'terminated')
    await all.clock.advance(64_000)
    assert.equal(all.clock.pending, 0)
  })

  test('an INVITE inside of one gets 491 from the caller, 500 from the callee', async () => {
    const all = twoAgents()
    const call = all.alice.call('sip:bob@10.0.0.2')
    await all.clock.advance(5)
    const early = all.bob.invites[0]!.provisional(180)!
    await all.clock.advance(5)
    const [a, b] = [new Outcome(), new Outcome()]
    early.request('INVITE', { listener: a.listener })
    call.provisional[0]!.session!.request('INVITE', { listener: b.listener })
    await all.clock.advance(5)
    assert.deepEqual(a.told, [491])
    assert.deepEqual(b.told, ['TRANSACTION_PENDING'])
    call.invite.cancel()
    await all.clock.advance(130_000)
    assert.deepEqual(all.alice.agent.counts(), noCounts)
    assert.deepEqual(all.bob.agent.counts(), noCounts)
    assert.equal(all.clock.pending, 0)
  })
})
