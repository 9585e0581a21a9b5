import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import { establishedCall, noCounts, rawPeer, twoAgents } from '../../support/sip/agents.ts'
import { response } from '../../support/sip/messages.ts'

/** Alice calls a peer whose every message a test writes. */
async function toRawPeer(more: Parameters<ReturnType<typeof twoAgents>['alice']['call']>[1] = {}, transport = 'udp') {
  const all = twoAgents()
  const peer = rawPeer(all.network, '10.0.0.9')
  const call = all.alice.call(`sip:bob@10.0.0.9;transport=${transport}`, more)
  await all.clock.advance(2)
  const invite = peer.requests.shift()!
  const answer = async (status: number, tag?: string, fields: Record<string, string> = {}) => {
    const contact = status > 100 && status < 300 ? { Contact: '<sip:bob@10.0.0.9>' } : {}
    peer.send('10.0.0.1', response(invite, status, tag, { ...contact, ...fields }), transport as 'udp')
    await all.clock.advance(2)
  }
  const got = () =>
    peer.requests.splice(0).map((one) => `${one.method} ${one.headers.get('To')!.split('tag=')[1] ?? '-'}`)
  const rest = async () => {
    await all.clock.advance(100_000)
    assert.deepEqual(all.alice.agent.counts(), noCounts)
    assert.equal(all.clock.pending, 0)
    assert.deepEqual(all.alice.faults, [])
  }
  return { ...all, peer, call, invite, answer, got, rest }
}

describe('the INVITE of an outgoing call', () => {
  test('is what the spec says, with our product, our own header fields, what we can do, and where we are', async () => {
    const { invite, call, alice } = await toRawPeer({
      route: ['<sip:10.0.0.9;lr>', '<sip:second.example;lr>'],
      headers: [['Subject', 'hello']],
    })
    const { headers } = invite
    assert.equal(invite.uri, 'sip:bob@10.0.0.9;transport=udp')
    assert.deepEqual(headers.values('Route'), ['<sip:10.0.0.9;lr>', '<sip:second.example;lr>'])
    assert.equal(headers.get('From'), `"Alice" <sip:alice@example.org>;tag=${call.invite.localTag}`)
    assert.equal(headers.get('To'), '<sip:bob@10.0.0.9;transport=udp>')
    assert.equal(headers.get('Call-ID'), call.invite.callId)
    assert.equal(headers.get('Max-Forwards'), '69')
    assert.equal(headers.get('User-Agent'), 'agent/10.0.0.1')
    assert.equal(headers.get('X-Flexisip-B2BUA'), 'ignore')
    assert.equal(headers.get('Contact'), '<sip:10.0.0.1:5060>')
    assert.equal(headers.get('Subject'), 'hello')
    assert.equal(headers.get('Content-Type'), 'application/sdp')
    assert.match(headers.get('Allow')!, /^INVITE, ACK/)
    assert.equal(headers.get('Supported'), '100rel')
    assert.equal(invite.body.toString(), 'offer')
    await alice.agent.close()
  })

  test('header fields that cannot be written are a fault of the caller', () => {
    const { alice } = twoAgents()
    assert.throws(() => alice.call('sip:x@10.0.0.9', { headers: [['X', 'a\r\nb']] }), { code: 'SIP_HEADER_VALUE' })
    assert.deepEqual(alice.agent.counts(), noCounts)
  })

  test('provisional responses are told with their early dialog, 100 and those without tag without one', async () => {
    const { call, answer, rest } = await toRawPeer()
    await answer(100)
    await answer(181)
    await answer(180, 'b1')
    await answer(183, 'b1')
    assert.deepEqual(
      call.provisional.map((one) => one.session?.dialog.remoteTag),
      [undefined, undefined, 'b1', 'b1'],
    )
    assert.equal(call.provisional[2]!.session, call.provisional[3]!.session)
    assert.equal(call.provisional[2]!.session!.state, 'early')
    await answer(404, 'b1')
    assert.equal(call.provisional[2]!.session!.state, 'terminated')
    await rest()
  })

  test('3xx to 6xx are told as they are, and acknowledged: no redirection, no credentials', async () => {
    for (const status of [302, 401, 407, 486, 503, 603]) {
      const { call, answer, got, rest } = await toRawPeer()
      await answer(status, 'b1')
      await answer(status, 'b1')
      assert.deepEqual(got(), ['ACK b1', 'ACK b1'])
      assert.deepEqual(call.told, [`response ${status}`])
      assert.equal(call.failures[0]!.response!.status, status)
      assert.equal(call.invite.settled, true)
      await rest()
    }
  })

  test('nobody there: timeout, 408; a refused connection: transport, 503, at once', async () => {
    const { call, rest } = await toRawPeer()
    await rest()
    assert.deepEqual(call.told, ['timeout 408'])
    const { alice, network, clock } = twoAgents()
    network.host('10.0.0.8')
    network.refusing.add('10.0.0.8')
    const refused = alice.call('sip:bob@10.0.0.8;transport=tcp')
    await clock.advance(1)
    assert.deepEqual(refused.told, ['transport 503'])
  })
})

describe('the 2xx of an outgoing call', () => {
  test('pain 12: makes the dialog before its ACK leaves: a re-INVITE right behind the 200 finds it', async () => {
    const requests: string[] = []
    let session: InviteSession | undefined
    const { peer, alice, invite, answer, clock } = await toRawPeer({
      onSuccess: (_, one) => {
        session = one // the ACK comes later
        one.onRequest = (transaction) => {
          requests.push(transaction.request.method)
          one.reply(transaction, 200)
        }
      },
    })
    await answer(200, 'b1')
    const reinvite: SipRequest = { ...invite, uri: 'sip:10.0.0.1', headers: invite.headers.clone() }
    reinvite.headers.set('Via', 'SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKre')
    reinvite.headers.set('From', `${invite.headers.get('To')!};tag=b1`)
    reinvite.headers.set('To', invite.headers.get('From')!)
    reinvite.headers.set('Contact', '<sip:bob@10.0.0.9>')
    reinvite.headers.delete('Route')
    peer.send('10.0.0.1', reinvite)
    await clock.advance(2)
    assert.deepEqual(requests, ['INVITE'])
    assert.equal(peer.requests.length, 0)
    session!.acknowledge()
    await clock.advance(2)
    assert.deepEqual(
      peer.requests.map((one) => one.method),
      ['ACK'],
    )
    await alice.agent.close()
  })

  test('is acknowledged over the route set with our header fields; each repeated 2xx gets the same ACK again', async () => {
    const { call, answer, peer, rest, network } = await toRawPeer()
    network.host('10.0.0.7')
    await answer(200, 'b1', {
      'Record-Route': '<sip:far.example;lr>, <sip:10.0.0.9;lr>',
      Contact: '<sip:bob@172.16.0.1>',
    })
    await answer(200, 'b1', {
      'Record-Route': '<sip:far.example;lr>, <sip:10.0.0.9;lr>',
      Contact: '<sip:bob@172.16.0.1>',
    })
    assert.deepEqual(call.told, [200])
    const [first, second] = peer.requests
    assert.equal(first!.method, 'ACK')
    assert.equal(first!.uri, 'sip:bob@172.16.0.1')
    assert.deepEqual(first!.headers.values('Route'), ['<sip:10.0.0.9;lr>', '<sip:far.example;lr>'])
    assert.equal(first!.headers.get('CSeq'), '1 ACK')
    assert.equal(first!.headers.get('User-Agent'), 'agent/10.0.0.1')
    assert.equal(first!.headers.get('X-Flexisip-B2BUA'), 'ignore')
    assert.equal(first!.headers.has('Contact'), false)
    assert.deepEqual([...second!.headers], [...first!.headers])
    call.session!.bye()
    await rest()
  })

  test('goes over a strict router as RFC 3261 §12.2.1.1 says', async () => {
    const { call, answer, peer, rest, clock } = await toRawPeer()
    await answer(200, 'b1', { 'Record-Route': '<sip:far.example;lr>, <sip:10.0.0.9>', Contact: '<sip:bob@172.16.0.1>' })
    call.session!.bye()
    await clock.advance(2)
    await answer(200, 'b1', { 'Record-Route': '<sip:far.example;lr>, <sip:10.0.0.9>', Contact: '<sip:bob@172.16.0.1>' })
    const methods = new Set<string>()
    for (const one of peer.requests) {
      methods.add(one.method)
      assert.equal(one.uri, 'sip:10.0.0.9')
      assert.deepEqual(one.headers.values('Route'), ['<sip:far.example;lr>', '<sip:bob@172.16.0.1>'])
    }
    assert.deepEqual(methods, new Set(['ACK', 'BYE']))
    await rest()
  })

  test('of an offerless INVITE is acknowledged when the answer is there, with it', async () => {
    let session: InviteSession | undefined
    const { answer, peer, clock, rest } = await toRawPeer({
      body: Buffer.alloc(0),
      onSuccess: (_, one) => (session = one),
    })
    await answer(200, 'b1')
    await answer(200, 'b1')
    assert.equal(peer.requests.length, 0)
    session!.acknowledge({ body: Buffer.from('answer'), contentType: 'application/sdp' })
    session!.acknowledge()
    await clock.advance(2)
    const [ack, second] = peer.requests.splice(0)
    assert.equal(second, undefined)
    assert.equal(ack!.body.toString(), 'answer')
    assert.equal(ack!.headers.get('Content-Type'), 'application/sdp')
    session!.bye()
    await rest()
  })

  test('with a Contact or routes that are no addresses still makes a call', async () => {
    const { call, answer, got, rest } = await toRawPeer()
    await answer(200, 'b1', { Contact: '*', 'Record-Route': '<nonsense>' })
    assert.deepEqual(call.told, [200])
    assert.deepEqual(got(), ['ACK b1'])
    call.session!.bye()
    await rest()
  })

  test('of a second fork is met with ACK and BYE, also when it comes first among early dialogs (forked answers)', async () => {
    const { call, answer, got, alice, rest } = await toRawPeer()
    await answer(180, 'b1')
    await answer(180, 'b2')
    await answer(183, 'b3')
    assert.equal(alice.agent.counts().dialogs, 3)
    await answer(200, 'b2')
    assert.equal(call.session, call.provisional[1]!.session)
    assert.equal(alice.agent.counts().dialogs, 1)
    assert.deepEqual(got(), ['ACK b2'])
    await answer(200, 'b1')
    assert.deepEqual(got(), ['ACK b1', 'BYE b1'])
    await answer(200, 'b1')
    assert.deepEqual(
      got().filter((one) => one === 'ACK b1'),
      ['ACK b1'],
    )
    await answer(180, 'b4') // too late: the transaction is in state Accepted
    assert.deepEqual(call.told, [180, 180, 183, 200])
    assert.equal(call.session!.state, 'confirmed')
    call.session!.bye()
    await rest()
  })
})

describe('pain 13: giving an outgoing call up', () => {
  test('before it left: nothing is sent, and the failure comes', async () => {
    const { alice, network, clock } = twoAgents()
    const call = alice.call('sip:bob@10.0.0.2')
    call.invite.cancel()
    call.invite.cancel()
    await clock.advance(1)
    assert.deepEqual(call.told, ['cancelled 487'])
    assert.deepEqual(network.log, [])
    assert.deepEqual(alice.agent.counts(), noCounts)
  })

  test('before the first provisional response: CANCEL waits for it, carries Reason, product and our header fields', async () => {
    const { call, answer, peer, clock, rest } = await toRawPeer()
    call.invite.cancel([['Reason', 'SIP;cause=200']])
    await clock.advance(100)
    assert.equal(peer.requests.length, 0)
    await answer(100)
    const cancel = peer.requests.find((one) => one.method === 'CANCEL')!
    assert.equal(cancel.headers.get('Reason'), 'SIP;cause=200')
    assert.equal(cancel.headers.get('User-Agent'), 'agent/10.0.0.1')
    assert.equal(cancel.headers.get('X-Flexisip-B2BUA'), 'ignore')
    await answer(180, 'b1')
    await answer(487, 'b1')
    assert.deepEqual(call.told, ['response 487'])
    const ack = peer.requests.find((one) => one.method === 'ACK')!
    assert.equal(ack.headers.get('X-Flexisip-B2BUA'), 'ignore')
    await rest()
  })

  test('without any response it ends by timer B', async () => {
    const { call, clock, peer, rest } = await toRawPeer()
    call.invite.cancel()
    await clock.advance(32_000)
    assert.deepEqual(call.told, ['timeout 408'])
    assert.ok(peer.requests.every((one) => one.method === 'INVITE'))
    await rest()
  })

  test('while it rings, twice; without a final response it ends after 64*T1', async () => {
    const { call, answer, got, clock, rest } = await toRawPeer()
    await answer(180, 'b1')
    call.invite.cancel()
    call.invite.cancel()
    await clock.advance(2)
    assert.deepEqual(got(), ['CANCEL -'])
    await clock.advance(32_000)
    assert.deepEqual(call.told, [180, 'cancelled 487'])
    assert.equal(call.provisional[0]!.session!.state, 'terminated')
    await rest()
  })

  test('crossing the 200: ACK, BYE and 487, whether or not it rang', async () => {
    for (const rings of [true, false]) {
      const { call, answer, peer, rest } = await toRawPeer()
      if (rings) await answer(180, 'b1')
      call.invite.cancel([['Reason', 'Q.850;cause=16']])
      await answer(200, 'b1')
      assert.deepEqual(call.told.slice(-1), ['cancelled 487'])
      const [ack, bye] = peer.requests.filter((one) => one.method !== 'CANCEL')
      assert.equal(ack!.method, 'ACK')
      assert.equal(bye!.method, 'BYE')
      assert.equal(bye!.headers.get('Reason'), 'Q.850;cause=16')
      await answer(200, 'b1')
      assert.equal(peer.requests.filter((one) => one.method === 'ACK').length, 2)
      await rest()
      assert.equal(call.failures.length, 1)
    }
  })

  test('after the final response it does nothing', async () => {
    const { call, answer, got, rest } = await toRawPeer()
    await answer(200, 'b1')
    call.invite.cancel()
    call.session!.bye()
    await rest()
    assert.equal(got().includes('CANCEL -'), false)
    assert.deepEqual(call.told, [200])
  })

  test('bye() on one of several early dialogs ends that fork only', async () => {
    const { call, answer, got, rest, clock } = await toRawPeer()
    await answer(180, 'b1')
    await answer(180, 'b2')
    call.provisional[0]!.session!.bye()
    await clock.advance(2)
    assert.deepEqual(got(), ['BYE b1'])
    await answer(200, 'b2')
    assert.deepEqual(call.told, [180, 180, 200])
    call.session!.bye()
    await rest()
  })

  test("a fork that answers although its early dialog was ended gets ACK and BYE, once the call is another fork's", async () => {
    const { call, answer, got, rest, clock } = await toRawPeer()
    await answer(180, 'b1')
    call.provisional[0]!.session!.bye()
    await clock.advance(2)
    await answer(200, 'b2')
    await answer(200, 'b1')
    assert.deepEqual(
      got().filter((one) => one.endsWith('b1')),
      ['BYE b1', 'ACK b1', 'BYE b1'],
    )
    call.session!.bye()
    await rest()
  })

  test('a fork that answers although its early dialog was ended is no answer: the call goes on with the others', async () => {
    const { call, answer, got, rest, clock } = await toRawPeer()
    await answer(180, 'b1')
    await answer(180, 'b2')
    call.provisional[0]!.session!.bye()
    await clock.advance(2)
    await answer(200, 'b1')
    assert.deepEqual(got().slice(-2), ['ACK b1', 'BYE b1'])
    assert.equal(call.invite.settled, false)
    call.invite.cancel()
    await clock.advance(2)
    assert.deepEqual(call.told, [180, 180, 'cancelled 487'])
    await rest()

    const alone = await toRawPeer()
    await alone.answer(180, 'b1')
    alone.call.provisional[0]!.session!.bye()
    await alone.answer(200, 'b1')
    assert.deepEqual(alone.call.told, [180, 'cancelled 487'])
    await alone.rest()
  })

  test('the connection closes while it rings: failure at once, early dialog over', async () => {
    const { call, answer, alice, rest } = await toRawPeer({}, 'tcp')
    await answer(180, 'b1')
    alice.host.breakConnection('10.0.0.9')
    assert.deepEqual(call.told, [180, 'transport 503'])
    assert.equal(call.provisional[0]!.session!.state, 'terminated')
    await rest()
  })
})

describe('both ends of this stack', () => {
  for (const transport of ['udp', 'tcp', 'tls']) {
    test(`a call comes up and goes down over ${transport}, either side first, and leaves nothing`, async () => {
      for (const ender of ['caller', 'callee'] as const) {
        const all = await establishedCall(transport)
        const told: string[] = []
        all.caller.onBye = () => told.push('caller got BYE')
        all.callee.onBye = () => told.push('callee got BYE')
        all.caller.onEnded = (cause) => told.push(`caller ${cause}`)
        all.callee.onEnded = (cause) => told.push(`callee ${cause}`)
        all[ender].bye([['Reason', 'Q.850;cause=16']])
        all[ender].bye()
        await all.clock.advance(10)
        const other = ender === 'caller' ? 'callee' : 'caller'
        assert.deepEqual(told, [`${ender} local`, `${other} got BYE`, `${other} bye`])
        const byes = all.network.sent('BYE')
        assert.equal(byes[0]!.headers.get('Reason'), 'Q.850;cause=16')
        // the marks of leg B are on the requests of the dialog that we called for, and only there
        assert.equal(byes[0]!.headers.has('X-Flexisip-B2BUA'), ender === 'caller')
        assert.equal(byes.length, 1)
        assert.equal(all.alice.agent.counts().dialogs + all.bob.agent.counts().dialogs, 0)
        await all.clock.advance(64_000)
        assert.deepEqual(all.alice.agent.counts(), noCounts)
        assert.deepEqual(all.bob.agent.counts(), noCounts)
        assert.equal(all.clock.pending, 0)
      }
    })
  }

  test('a listener that ends the session on its BYE sends none back', async () => {
    const all = await establishedCall()
    all.callee.onBye = () => all.callee.bye()
    all.caller.bye()
    await all.clock.advance(10)
    assert.equal(all.network.sent('BYE').length, 1)
    assert.equal(all.alice.agent.counts().dialogs + all.bob.agent.counts().dialogs, 0)
  })

  test('BYE from both at once: both are answered 200', async () => {
    const all = await establishedCall()
    all.caller.bye()
    all.callee.bye()
    await all.clock.advance(10)
    assert.deepEqual(all.network.sent(481), [])
    assert.equal(all.network.sent('BYE').length, 2)
    assert.equal(all.alice.agent.counts().dialogs + all.bob.agent.counts().dialogs, 0)
  })
})
