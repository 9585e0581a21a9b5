import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createResponse, type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { serialize } from '../../../src/sip/message/parse.ts'
import { parseVia } from '../../../src/sip/message/via.ts'
import { type ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { type Flow } from '../../../src/sip/transport/flow.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { FakeNetwork, FakeResolver } from '../../support/sip/fake-network.ts'
import { request, response } from '../../support/sip/messages.ts'

/** Our layer at 192.0.2.1, and a peer without any logic at 192.0.2.2. */
function site() {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const ours = network.host('192.0.2.1')
  const peer = network.host('192.0.2.2')
  const resolver = new FakeResolver()
  const layer = new TransactionLayer({ transport: ours, resolver, clock })
  const transactions: ServerTransaction[] = []
  const acks: SipRequest[] = []
  const strays: SipResponse[] = []
  const dropped: string[] = []
  const failures: unknown[] = []
  layer.user = {
    onRequest: (one) => transactions.push(one),
    onAck: (ack) => acks.push(ack),
    onStrayResponse: (one) => strays.push(one),
  }
  layer.events.on('dropped', (_, __, why) => dropped.push(why))
  layer.events.on('failed', (_, error) => failures.push(error))
  const arrived: (string | number)[] = []
  peer.onMessage = (one) => arrived.push(one.kind === 'request' ? one.method : one.status)
  const toUs = (message: SipRequest | SipResponse, protocol: 'udp' | 'tcp' = 'udp') =>
    peer.flowWith('192.0.2.1', protocol).send(serialize(message))
  return { clock, network, ours, peer, resolver, layer, transactions, acks, strays, dropped, failures, arrived, toUs }
}

/** Sends a request and notes what becomes of it. */
function ask(layer: TransactionLayer, method: string, fields: Record<string, string> = {}, options = {}) {
  const told: (string | number)[] = []
  const own = request(method, { uri: 'sip:bob@192.0.2.2', ...fields })
  own.headers.delete('Via')
  own.headers.delete('Contact')
  const transaction = layer.request(
    own,
    { onResponse: (one) => told.push(one.status), onFailure: (error) => told.push(error.code) },
    options,
  )
  return { transaction, told }
}

const none = { server: 0, client: 0, pending: 0 }

describe('server side of the transaction layer', () => {
  test('a repeated request reaches the user once, and gets the response again', async () => {
    const { clock, transactions, arrived, toUs, layer } = site()
    toUs(request('INFO'))
    await clock.advance(10)
    transactions[0]!.respond(createResponse(transactions[0]!.request, 200))
    toUs(request('INFO'))
    await clock.advance(10)
    assert.equal(transactions.length, 1)
    assert.deepEqual(arrived, [200, 200])
    await clock.advance(32_000)
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('another branch, sent-by or method is another transaction: forks of one call are told apart', async () => {
    const { clock, transactions, toUs } = site()
    toUs(request('INVITE'))
    toUs(request('INVITE', { Via: 'SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKother' }))
    toUs(request('INVITE', { Via: 'SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKpeer1' }))
    toUs(request('INFO'))
    await clock.advance(10)
    assert.equal(transactions.length, 4)
  })

  test('a client of RFC 2543, whose branch means nothing, is matched by what else names the request', async () => {
    const { clock, transactions, acks, arrived, toUs } = site()
    const old = { Via: 'SIP/2.0/UDP 192.0.2.2:5060;branch=1' }
    toUs(request('INVITE', old))
    toUs(request('INVITE', old))
    toUs(request('INVITE', { ...old, 'Call-ID': 'another' }))
    await clock.advance(10)
    assert.equal(transactions.length, 2)
    transactions[0]!.respond(createResponse(transactions[0]!.request, 486, { toTag: 'us' }))
    toUs(request('ACK', { ...old, To: '<sip:bob@example.org>;tag=us' }))
    await clock.advance(10_000)
    assert.deepEqual(acks, [])
    assert.equal(arrived.filter((one) => one === 486).length, 1)
  })

  test('the ACK of a failure ends with its transaction, that of a 2xx reaches the user', async () => {
    const { clock, transactions, acks, toUs } = site()
    toUs(request('INVITE'))
    await clock.advance(10)
    transactions[0]!.respond(createResponse(transactions[0]!.request, 486, { toTag: 'us' }))
    toUs(request('ACK'))
    await clock.advance(10)
    assert.deepEqual(acks, [])
    toUs(request('ACK', { Via: 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKnew' }))
    await clock.advance(10)
    assert.equal(acks.length, 1)
  })

  test('CANCEL gets 200 with the To tag of the INVITE and is reported; a second one too, but not reported', async () => {
    const { clock, network, ours, transactions, arrived, toUs } = site()
    let cancels = 0
    toUs(request('INVITE'))
    await clock.advance(10)
    const invite = transactions[0]!
    invite.respond(createResponse(invite.request, 180, { toTag: 'us' }))
    invite.onCancel = () => {
      cancels++
      invite.respond(createResponse(invite.request, 487, { toTag: 'us' }))
    }
    toUs(request('CANCEL'))
    await clock.advance(10)
    toUs(request('CANCEL'))
    await clock.advance(10)
    assert.equal(cancels, 1)
    assert.deepEqual(arrived, [180, 200, 487, 200])
    assert.match(network.sent(200, ours)[0]!.headers.get('To')!, /;tag=us$/)
  })

  test('CANCEL of nothing gets 481', async () => {
    const { clock, arrived, toUs, layer } = site()
    toUs(request('CANCEL'))
    await clock.advance(10)
    assert.deepEqual(arrived, [481])
    assert.deepEqual(layer.counts(), none)
  })

  test('CANCEL after the final response gets 200 and changes nothing', async () => {
    const { clock, transactions, arrived, toUs } = site()
    toUs(request('INVITE'))
    await clock.advance(10)
    transactions[0]!.onCancel = () => assert.fail('reported')
    transactions[0]!.respond(createResponse(transactions[0]!.request, 200, { toTag: 'us' }))
    toUs(request('CANCEL'))
    await clock.advance(10)
    assert.deepEqual(arrived, [200, 200])
  })

  test('what the user throws answers the request, and is told', async () => {
    const { clock, layer, failures, arrived, toUs } = site()
    layer.user!.onRequest = () => {
      throw new Error('a fault')
    }
    toUs(request('INFO'))
    await clock.advance(10)
    assert.deepEqual(arrived, [500])
    assert.equal(failures.length, 1)
  })

  test('a request with a Via or CSeq that cannot be read harms nothing', () => {
    const { ours, peer, failures, transactions } = site()
    const flow = peer.flowWith('192.0.2.1', 'udp')
    ours.onMessage(request('INFO', { Via: 'nonsense' }), flow)
    const nameless = request('INFO')
    nameless.headers.delete('Via')
    ours.onMessage(nameless, flow)
    ours.onMessage(response(request('INFO'), 200, undefined, { CSeq: 'x' }), flow)
    assert.equal(failures.length, 3)
    assert.equal(transactions.length, 0)
  })
})

describe('client side of the transaction layer', () => {
  test('a request leaves with Via and Contact of its flow, and its responses come back', async () => {
    const { clock, network, ours, peer, layer } = site()
    peer.onMessage = (one, flow) => {
      if (one.kind === 'request') flow.send(serialize(response(one, 404, 'x')))
    }
    for (const [transport, via] of [
      ['udp', 'SIP/2.0/UDP 192.0.2.1:5060;rport;branch='],
      ['tcp', 'SIP/2.0/TCP 192.0.2.1:5060;branch='],
    ] as const) {
      network.log.length = 0
      const { told } = ask(layer, 'INVITE', { uri: `sip:bob@192.0.2.2;transport=${transport}` })
      await clock.advance(10)
      assert.deepEqual(told, [404])
      const [invite] = network.sent('INVITE', ours)
      assert.ok(invite!.headers.get('Via')!.startsWith(via))
      const contact = transport === 'udp' ? '<sip:192.0.2.1:5060>' : '<sip:192.0.2.1:5060;transport=tcp>'
      assert.equal(invite!.headers.get('Contact'), contact)
    }
    await clock.advance(32_000)
    assert.deepEqual(layer.counts(), none)
  })

  test('the Contact of a sips: request is sips: (RFC 3261 §8.1.1.8)', async () => {
    const { clock, network, ours, layer } = site()
    ask(layer, 'INVITE', { uri: 'sips:bob@192.0.2.2' })
    await clock.advance(10)
    assert.equal(network.sent('INVITE', ours)[0]!.headers.get('Contact'), '<sips:192.0.2.1:5061>')
    layer.close()
  })

  test('responses with an unknown branch go to the user, those with a wrong CSeq, Call-ID or From tag are dropped', async () => {
    const { clock, network, ours, layer, strays, dropped, failures, toUs } = site()
    const { told } = ask(layer, 'OPTIONS')
    await clock.advance(10)
    const [sent] = network.sent('OPTIONS', ours) as [SipRequest]
    toUs(response(sent, 200, 'x', { Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKguessed' }))
    toUs(response(sent, 200, 'x', { CSeq: '2 OPTIONS' }))
    toUs(response(sent, 200, 'x', { CSeq: '1 INFO' }))
    toUs(response(sent, 200, 'x', { 'Call-ID': 'other' }))
    toUs(response(sent, 200, 'x', { From: '<sip:alice@example.org>;tag=other' }))
    toUs(response(sent, 200, undefined, { Via: `${sent.headers.get('Via')!}, SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx` }))
    ours.onMessage(
      response(sent, 200, undefined, { To: '<sip:bob@example.org>;tag=1;tag=2' }),
      ours.flowWith('192.0.2.2', 'udp'),
    )
    await clock.advance(10)
    assert.deepEqual(told, [])
    assert.equal(strays.length, 2) // unknown branch, and the right branch of another method
    assert.equal(dropped.length, 4)
    assert.equal(failures.length, 1)
    toUs(response(sent, 200, 'x'))
    await clock.advance(10)
    assert.deepEqual(told, [200])
    await clock.advance(5_000)
    assert.deepEqual(layer.counts(), none)
  })

  test('the first Route is the next hop, and a Route with lr stays (loose routing)', async () => {
    const { clock, network, ours, layer } = site()
    ask(layer, 'OPTIONS', { uri: 'sip:bob@far.example', Route: '<sip:192.0.2.2;lr>, <sip:next.example;lr>' })
    await clock.advance(10)
    const [sent] = network.sent('OPTIONS', ours) as [SipRequest]
    assert.equal(sent.uri, 'sip:bob@far.example')
    assert.deepEqual(sent.headers.values('Route'), ['<sip:192.0.2.2;lr>', '<sip:next.example;lr>'])
    layer.close()
  })

  test('a first Route without lr becomes the Request-URI, which becomes the last Route (strict routing)', async () => {
    const { clock, network, ours, layer } = site()
    const strict = 'sip:192.0.2.2;method=OPTIONS?Subject=x'
    ask(layer, 'OPTIONS', { uri: 'sip:bob@far.example', Route: `<${strict}>, <sip:next.example;lr>` })
    await clock.advance(10)
    const [sent] = network.sent('OPTIONS', ours) as [SipRequest]
    assert.equal(sent.uri, 'sip:192.0.2.2')
    assert.deepEqual(sent.headers.values('Route'), ['<sip:next.example;lr>', '<sip:bob@far.example>'])
    layer.close()
  })

  test('a connection that closes fails what waits on it at once', async () => {
    const { clock, ours, layer } = site()
    const invite = ask(layer, 'INVITE', { uri: 'sip:bob@192.0.2.2;transport=tcp' })
    const info = ask(layer, 'INFO', { uri: 'sip:bob@192.0.2.2;transport=tcp' })
    await clock.advance(10)
    ours.breakConnection('192.0.2.2')
    await settle()
    assert.deepEqual(invite.told, ['TRANSACTION_TRANSPORT'])
    assert.deepEqual(info.told, ['TRANSACTION_TRANSPORT'])
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('a Route, Request-URI or name that leads nowhere is a failure, told after request() has returned', async () => {
    const { layer, clock } = site()
    for (const fields of [{ Route: 'nonsense' }, { uri: '1' }, { uri: 'sip:nowhere.example' }, { uri: 'tel:+331' }]) {
      const { told } = ask(layer, 'OPTIONS', fields)
      assert.deepEqual(told, [])
      await settle()
      assert.deepEqual(told, ['TRANSACTION_TRANSPORT'])
    }
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('a request that cannot be written is a failure, not a fault', async () => {
    const { layer } = site()
    const own = request('OPTIONS', { uri: 'sip:bob@192.0.2.2' })
    own.headers.delete('Via')
    while (own.headers.size < 1024) own.headers.add('X-Filler', '1') // there is no room for the Via
    const told: string[] = []
    layer.request(own, { onResponse: () => undefined, onFailure: (error) => told.push(error.code) })
    await settle()
    assert.deepEqual(told, ['TRANSACTION_TRANSPORT'])
    assert.deepEqual(layer.counts(), none)
  })

  test('a request of more than 1300 bytes goes by TCP where UDP was not asked for, and by UDP if TCP is refused (§18.1.1)', async () => {
    const { clock, network, ours, layer } = site()
    const long = { Subject: 'x'.repeat(1300) }
    ask(layer, 'INVITE', { uri: 'sip:bob@192.0.2.2', ...long })
    await clock.advance(10)
    assert.match(network.sent('INVITE', ours)[0]!.headers.get('Via')!, /^SIP\/2\.0\/TCP /)
    ask(layer, 'INVITE', { uri: 'sip:bob@192.0.2.2;transport=udp', ...long })
    network.refusing.add('192.0.2.3')
    network.host('192.0.2.3')
    ask(layer, 'INVITE', { uri: 'sip:bob@192.0.2.3', ...long })
    await clock.advance(10)
    for (const one of network.sent('INVITE', ours).slice(1)) assert.match(one.headers.get('Via')!, /^SIP\/2\.0\/UDP /)
    assert.equal(network.sent('INVITE', ours).length, 3)
    layer.close()
  })

  test('the fallback flow is taken when every target fails', async () => {
    const { clock, ours, network, layer } = site()
    network.refusing.add('192.0.2.9')
    const fallback: Flow = ours.flowWith('192.0.2.2', 'tcp')
    ask(layer, 'INFO', { uri: 'sip:bob@192.0.2.9;transport=tcp' }, { fallback })
    await clock.advance(10)
    assert.equal(network.log[0]!.to.ip, '192.0.2.2')
    layer.close()
  })

  test('close leaves nothing: no transaction, no timer, no news', async () => {
    const { clock, layer, transactions, toUs } = site()
    const { told } = ask(layer, 'INVITE')
    toUs(request('INVITE'))
    toUs(request('INFO'))
    await clock.advance(10)
    transactions[1]!.respond(createResponse(transactions[1]!.request, 200))
    ask(layer, 'OPTIONS') // not sent yet
    layer.close()
    await settle()
    await clock.advance(0)
    transactions[0]!.respond(createResponse(transactions[0]!.request, 200))
    assert.deepEqual(layer.counts(), none)
    await clock.advance(10)
    assert.equal(clock.pending, 0)
    assert.deepEqual(told, [])
  })
})

describe('fail-over between targets (RFC 3263 §4.3)', () => {
  function twoTargets(protocol: 'udp' | 'tcp') {
    const all = site()
    const second = all.network.host('192.0.2.3')
    all.resolver.names.set('proxies.example', [
      { protocol, host: '192.0.2.2', port: 5060 },
      { protocol, host: '192.0.2.3', port: 5060 },
    ])
    second.onMessage = (one, flow) => {
      if (one.kind === 'request' && one.method !== 'ACK') flow.send(serialize(response(one, 404, 'second')))
    }
    return { ...all, second }
  }

  test('a target that refuses is passed over', async () => {
    const { clock, network, layer } = twoTargets('tcp')
    network.refusing.add('192.0.2.2')
    const { told } = ask(layer, 'INVITE', { uri: 'sip:bob@proxies.example' })
    await clock.advance(10)
    assert.deepEqual(told, [404])
  })

  test('after 503 the next target gets the request with a new branch, and the 503 its ACK', async () => {
    const { clock, network, ours, peer, layer } = twoTargets('udp')
    peer.onMessage = (one, flow) => {
      if (one.kind === 'request' && one.method === 'INVITE') flow.send(serialize(response(one, 503, 'first')))
    }
    const { told, transaction } = ask(layer, 'INVITE', { uri: 'sip:bob@proxies.example' })
    await clock.advance(10)
    assert.deepEqual(told, [404])
    const branches = network.sent('INVITE', ours).map((one) => parseVia(one.headers.values('Via')[0]!).branch)
    assert.equal(new Set(branches).size, 2)
    assert.deepEqual(
      network.sent('ACK', ours).map((one) => parseVia(one.headers.get('Via')!).branch),
      branches,
    )
    assert.equal(transaction.request.headers.count('Via'), 1)
    assert.equal(transaction.request.headers.count('Contact'), 1)
    await clock.advance(32_000)
    assert.deepEqual(layer.counts(), none)
  })

  test('a 503 of the last target is passed on', async () => {
    const { clock, peer, second, layer } = twoTargets('udp')
    for (const host of [peer, second]) {
      host.onMessage = (one, flow) => {
        if (one.kind === 'request') flow.send(serialize(response(one, 503, 'x')))
      }
    }
    const { told } = ask(layer, 'OPTIONS', { uri: 'sip:bob@proxies.example' })
    await clock.advance(10)
    assert.deepEqual(told, [503])
  })

  test('a silent target is passed over after timer F', async () => {
    const { clock, layer } = twoTargets('udp')
    const { told } = ask(layer, 'OPTIONS', { uri: 'sip:bob@proxies.example' })
    await clock.advance(31_999)
    assert.deepEqual(told, [])
    await clock.advance(10)
    assert.deepEqual(told, [404])
  })

  test('once somebody may be ringing there is no second try', async () => {
    const { clock, ours, peer, second, layer } = twoTargets('tcp')
    second.onMessage = () => assert.fail('tried')
    peer.onMessage = (one, flow) => {
      if (one.kind === 'request') flow.send(serialize(response(one, 180, 'first')))
    }
    const { told } = ask(layer, 'INVITE', { uri: 'sip:bob@proxies.example' })
    await clock.advance(10)
    ours.breakConnection('192.0.2.2')
    await clock.advance(10)
    assert.deepEqual(told, [180, 'TRANSACTION_TRANSPORT'])
  })

  test('cancelled, no further target is tried', async () => {
    const { clock, second, layer } = twoTargets('udp')
    second.onMessage = () => assert.fail('tried')
    const { told, transaction } = ask(layer, 'INVITE', { uri: 'sip:bob@proxies.example' })
    await clock.advance(10)
    transaction.cancel()
    await clock.advance(32_000)
    assert.deepEqual(told, ['TRANSACTION_TIMEOUT'])
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })
})

describe('CANCEL of a request of ours (RFC 3261 §9.1)', () => {
  test('before it is sent: nothing ever leaves', async () => {
    const { clock, network, layer } = site()
    const { told, transaction } = ask(layer, 'INVITE')
    transaction.cancel()
    assert.deepEqual(told, [])
    await clock.advance(10)
    assert.deepEqual(told, ['TRANSACTION_CANCELLED'])
    assert.deepEqual(network.log, [])
    assert.deepEqual(layer.counts(), none)
  })

  test('before the first provisional response it waits for that one', async () => {
    const { clock, network, ours, layer, toUs } = site()
    const { told, transaction } = ask(
      layer,
      'INVITE',
      { Route: '<sip:192.0.2.2;lr>' },
      { repeated: [['User-Agent', 'us']] },
    )
    await clock.advance(10)
    transaction.cancel([['Reason', 'SIP;cause=200']])
    transaction.cancel([['Reason', 'SIP;cause=1']])
    await clock.advance(10)
    assert.deepEqual(network.sent('CANCEL'), [])
    const [invite] = network.sent('INVITE', ours) as [SipRequest]
    toUs(response(invite, 100))
    await clock.advance(10)
    const [cancel, second] = network.sent('CANCEL', ours) as SipRequest[]
    assert.equal(second, undefined)
    assert.equal(cancel!.uri, invite.uri)
    for (const name of ['Via', 'Route', 'From', 'To', 'Call-ID']) {
      assert.deepEqual(cancel!.headers.all(name), invite.headers.all(name), name)
    }
    assert.equal(cancel!.headers.get('CSeq'), '1 CANCEL')
    assert.equal(cancel!.headers.get('Reason'), 'SIP;cause=200')
    assert.equal(cancel!.headers.get('User-Agent'), 'us')
    toUs(response(cancel!, 200, 'b'))
    toUs(response(invite, 487, 'b'))
    await clock.advance(10)
    assert.deepEqual(told, [100, 487])
    await clock.advance(32_000)
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('a 2xx that crosses it is passed', async () => {
    const { clock, network, ours, layer, toUs } = site()
    const { told, transaction } = ask(layer, 'INVITE')
    await clock.advance(10)
    const [invite] = network.sent('INVITE', ours) as [SipRequest]
    toUs(response(invite, 180, 'b'))
    await clock.advance(10)
    transaction.cancel()
    toUs(response(invite, 200, 'b'))
    await clock.advance(10)
    assert.deepEqual(told, [180, 200])
    await clock.advance(64_000)
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('without a final response in 64*T1 the INVITE ends as cancelled', async () => {
    const { clock, network, ours, layer, toUs } = site()
    const { told, transaction } = ask(layer, 'INVITE')
    await clock.advance(10)
    toUs(response(network.sent('INVITE', ours)[0] as SipRequest, 180, 'b'))
    await clock.advance(10)
    transaction.cancel()
    await clock.advance(31_999)
    assert.deepEqual(told, [180])
    await clock.advance(1)
    assert.deepEqual(told, [180, 'TRANSACTION_CANCELLED'])
    assert.deepEqual(layer.counts(), none)
    assert.equal(clock.pending, 0)
  })

  test('after the final response, and of anything but an INVITE, it does nothing', async () => {
    const { clock, network, ours, layer, toUs } = site()
    const invite = ask(layer, 'INVITE')
    const info = ask(layer, 'INFO')
    await clock.advance(10)
    info.transaction.cancel()
    toUs(response(network.sent('INVITE', ours)[0] as SipRequest, 486, 'b'))
    await clock.advance(10)
    invite.transaction.cancel()
    await clock.advance(10)
    assert.deepEqual(network.sent('CANCEL'), [])
    layer.close()
  })
})
