import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ServerPool } from '../../../proxy-module/diversion/server-pool.ts'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { serialize } from '../../../src/sip/message/parse.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Agent } from '../../support/sip/agents.ts'
import { FakeNetwork, FakeResolver } from '../../support/sip/fake-network.ts'

const ips = ['10.0.0.2', '10.0.0.3', '10.0.0.4']

function uriOf(ip: string, transport = 'tcp') {
  return parseUri(`sip:${ip};transport=${transport}`)
}

/** A proxy with a pool, and real user agents where it diverts to. */
function site(of: readonly string[] = ips, transport = 'tcp') {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const resolver = new FakeResolver()
  const host = network.host('10.0.0.1')
  const transactions = new TransactionLayer({ transport: host, resolver, clock })
  const agents = ips.map((ip) => new Agent(network, resolver, ip))
  const pool = new ServerPool({ transactions, clock, uris: of.map((ip) => uriOf(ip, transport)) })
  const told: string[] = []
  pool.events.on('died', ({ host: ip }, why) => told.push(`${ip} died: ${why}`))
  pool.events.on('returned', ({ host: ip }) => told.push(`${ip} returned`))
  const optionsTo = (ip: string): SipRequest[] =>
    network.sent('OPTIONS').filter((one): one is SipRequest => one.kind === 'request' && one.uri.includes(ip))
  return {
    ...{ clock, network, host, transactions, agents, pool, optionsTo },
    /** What was told since it was asked for last. */
    news: () => told.splice(0),
    hosts: (callId: string) => pool.order(callId).map((uri) => uri.host),
    alive: () =>
      pool
        .states()
        .filter((one) => one.alive)
        .map((one) => one.uri.host),
    /** Nobody connects to a host any more, and what was connected breaks. */
    kill: (ip: string) => {
      network.refusing.add(ip)
      host.breakConnection(ip)
    },
    /** Another answer than that of a user agent; undefined answers nothing. */
    answer: (ip: string, status: number | undefined) => {
      const peer = network.find(ip)!
      peer.onMessage = (message, flow) => {
        if (message.kind === 'request' && status !== undefined) flow.send(serialize(createResponse(message, status)))
      }
    },
  }
}

const calls = Array.from({ length: 10_000 }, (_, i) => `${i.toString(16)}-call@192.0.2.${i % 250}`)

describe('the order for a call', () => {
  test('one server: always the same array, nothing is ever sent, and it cannot die', async () => {
    const { pool, clock, network, news, alive } = site(['10.0.0.2'])
    const order = pool.order('a')
    pool.start()
    pool.failed(uriOf('10.0.0.2'), 'broken')
    await clock.advance(60_000)
    assert.equal(pool.order('b'), order)
    assert.deepEqual(
      order.map((uri) => uri.host),
      ['10.0.0.2'],
    )
    assert.deepEqual([network.log.length, clock.pending, news(), alive()], [0, 0, [], ['10.0.0.2']])
  })

  test('no server, or one that is written twice', async () => {
    const { pool, clock, network } = site(['10.0.0.2', '10.0.0.2'])
    pool.start()
    await clock.advance(20_000)
    assert.deepEqual([pool.order('a').length, network.log.length], [1, 0])
    pool.setUris([])
    assert.deepEqual(pool.order('a'), [])
  })

  test('every server is named once, and the same call has the same order, in whatever order they are written', () => {
    const { hosts } = site()
    const other = site([...ips].reverse())
    for (const call of calls.slice(0, 200)) {
      assert.deepEqual([...hosts(call)].sort(), ips)
      assert.deepEqual(hosts(call), other.hosts(call))
    }
  })

  test('calls spread evenly, in first place and in each order', () => {
    const { hosts } = site()
    const orders = new Map<string, number>()
    for (const call of calls) {
      const order = hosts(call).join()
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    assert.equal(orders.size, 6)
    const expected = calls.length / 6
    let chiSquare = 0
    for (const count of orders.values()) chiSquare += (count - expected) ** 2 / expected
    assert.ok(chiSquare < 20.5, `chi-square ${chiSquare} of 5 degrees: beyond 20.5 chance comes once in a thousand`)
  })

  test('the next of many short Call-IDs that differ in one digit does not follow the last', () => {
    const { hosts } = site(ips.slice(0, 2))
    const firsts = Array.from({ length: 1_000 }, (_, i) => hosts(String(i))[0])
    const first = firsts.filter((ip) => ip === '10.0.0.2').length
    const changes = firsts.filter((ip, i) => ip !== firsts[i + 1]).length
    assert.ok(first > 420 && first < 580, String(first))
    assert.ok(changes > 420 && changes < 580, String(changes))
  })

  test('a server that comes takes its share, and no call moves between the others', () => {
    const { pool, hosts } = site(ips.slice(0, 2))
    const before = calls.map((call) => hosts(call)[0])
    pool.setUris(ips.map((ip) => uriOf(ip)))
    let moved = 0
    for (const [i, call] of calls.entries()) {
      const first = hosts(call)[0]
      if (first === before[i]) continue
      assert.equal(first, '10.0.0.4')
      moved++
    }
    assert.ok(moved > 3_000 && moved < 3_700, String(moved))
  })
})

describe('who is alive', () => {
  test('each is asked at once and then every 10 s, with a request of its own', async () => {
    const { pool, clock, optionsTo, news, agents } = site()
    assert.equal(clock.pending, 0)
    pool.start()
    pool.start()
    await clock.advance(30_500)
    for (const ip of ips) {
      const all = optionsTo(ip)
      assert.equal(all.length, 4)
      assert.equal(new Set(all.map((one) => one.headers.get('Call-ID'))).size, 4)
      const { uri, headers } = all[0]!
      assert.equal(uri, `sip:${ip};transport=tcp`)
      assert.equal(headers.get('To'), `<sip:${ip};transport=tcp>`)
      assert.match(headers.get('From') ?? '', /;tag=/)
      assert.deepEqual([headers.get('CSeq'), headers.get('Max-Forwards')], ['1 OPTIONS', '70'])
    }
    assert.deepEqual([news(), agents.flatMap((one) => one.faults)], [[], []])
  })

  test('calls of a server that died go to their second, others stay; they go back when it returns', async () => {
    const { pool, clock, network, hosts, kill, news } = site()
    const before = calls.slice(0, 300).map((call) => hosts(call))
    pool.start()
    await clock.advance(5_000)
    kill('10.0.0.3')
    await clock.advance(6_000)
    assert.deepEqual(news(), ['10.0.0.3 died: OPTIONS failed: 10.0.0.3 refuses'])
    for (const [i, call] of calls.slice(0, 300).entries()) {
      assert.deepEqual(hosts(call), [...before[i]!.filter((ip) => ip !== '10.0.0.3'), '10.0.0.3'])
    }
    network.refusing.clear()
    await clock.advance(3_000)
    assert.deepEqual(news(), ['10.0.0.3 returned'])
    assert.deepEqual(
      calls.slice(0, 300).map((call) => hosts(call)),
      before,
    )
  })

  test('all dead: the order is as if all were alive', async () => {
    const { pool, clock, hosts, kill, alive } = site()
    const before = calls.slice(0, 50).map((call) => hosts(call))
    for (const ip of ips) kill(ip)
    pool.start()
    await clock.advance(100)
    assert.deepEqual(alive(), [])
    assert.deepEqual(
      calls.slice(0, 50).map((call) => hosts(call)),
      before,
    )
  })

  test('503 is dead and is asked every 3 s; any other response is alive', async () => {
    const { pool, clock, answer, news, alive, optionsTo } = site()
    answer('10.0.0.2', 503)
    answer('10.0.0.3', 404)
    answer('10.0.0.4', 100)
    pool.start()
    await clock.advance(9_500)
    assert.deepEqual(news(), ['10.0.0.2 died: it answered OPTIONS with 503'])
    assert.deepEqual(alive(), ['10.0.0.3', '10.0.0.4'])
    assert.deepEqual(
      ips.map((ip) => optionsTo(ip).length),
      [4, 1, 1],
    )
    answer('10.0.0.2', 486)
    await clock.advance(3_000)
    assert.deepEqual(news(), ['10.0.0.2 returned'])
  })

  test('503 after a provisional response is dead all the same', async () => {
    const { pool, clock, network, news } = site()
    network.find('10.0.0.2')!.onMessage = (message, flow) => {
      if (message.kind === 'response') return
      flow.send(serialize(createResponse(message, 100)))
      clock.after(1_000, () => flow.send(serialize(createResponse(message, 503))))
    }
    pool.start()
    await clock.advance(500)
    assert.deepEqual(news(), [])
    await clock.advance(1_000)
    assert.deepEqual(news(), ['10.0.0.2 died: it answered OPTIONS with 503'])
  })

  test('no answer within 4 s is dead, a later one means nothing, and the next question comes at once', async () => {
    const { pool, clock, network, answer, news, optionsTo } = site(ips, 'udp')
    const late = network.find('10.0.0.2')!
    late.onMessage = (message, flow) => {
      const reply = () => flow.send(serialize(createResponse(message as SipRequest, 200)))
      if (message.kind === 'request') clock.after(5_000, reply)
    }
    pool.start()
    await clock.advance(3_900)
    assert.deepEqual(news(), [])
    await clock.advance(200)
    assert.deepEqual(news(), ['10.0.0.2 died: no answer to OPTIONS within 4 s'])
    await clock.advance(3_000)
    assert.deepEqual(news(), [])
    const asked = new Set(optionsTo('10.0.0.2').map((one) => one.headers.get('Call-ID')))
    assert.equal(asked.size, 2)
    answer('10.0.0.2', 200)
    await clock.advance(2_000)
    assert.deepEqual(news(), ['10.0.0.2 returned'])
  })

  test('a server that failed a call is dead at once, and asked half a second later', async () => {
    const { pool, clock, hosts, news, optionsTo, alive } = site()
    pool.start()
    await clock.advance(1_000)
    pool.failed(uriOf('10.0.0.2'), 'the connection broke')
    assert.deepEqual(pool.states()[0], { uri: pool.states()[0]!.uri, alive: false, why: 'the connection broke' })
    for (const call of calls.slice(0, 50)) assert.equal(hosts(call)[2], '10.0.0.2')
    await clock.advance(400)
    for (let i = 0; i < 3; i++) pool.failed(uriOf('10.0.0.2'), 'so did others')
    pool.failed(uriOf('10.9.9.9'), 'not of the pool')
    await clock.advance(150)
    assert.equal(optionsTo('10.0.0.2').length, 2)
    assert.deepEqual(news(), ['10.0.0.2 died: the connection broke', '10.0.0.2 returned'])
    assert.deepEqual(alive(), ips)
  })

  test('an answer that was under way when a call failed does not bring the server back', async () => {
    const { pool, clock, network, news } = site(ips, 'udp')
    network.delay = () => 100
    pool.start()
    await clock.advance(150)
    pool.failed(uriOf('10.0.0.2', 'udp'), 'broken')
    await clock.advance(400)
    assert.deepEqual([network.sent(200).length, news()], [3, ['10.0.0.2 died: broken']])
    await clock.advance(400)
    assert.deepEqual(news(), ['10.0.0.2 returned'])
  })
})

describe('changes', () => {
  test('new servers are asked at once, those that stay keep their state, those that go are left alone', async () => {
    const { pool, clock, kill, alive, optionsTo, news } = site(ips.slice(0, 2))
    kill('10.0.0.2')
    pool.start()
    await clock.advance(1_000)
    assert.deepEqual(alive(), ['10.0.0.3'])
    pool.setUris([uriOf('10.0.0.4'), uriOf('10.0.0.2')])
    assert.deepEqual(alive(), ['10.0.0.4'])
    await clock.advance(100)
    assert.deepEqual(
      ips.map((ip) => optionsTo(ip).length),
      [0, 1, 1],
    )
    await clock.advance(20_000)
    assert.deepEqual([alive(), optionsTo('10.0.0.3').length], [['10.0.0.4'], 1])
    assert.deepEqual(news(), ['10.0.0.2 died: OPTIONS failed: 10.0.0.2 refuses'])
  })

  test('down to one server nothing is asked any more, and it counts as alive', async () => {
    const { pool, clock, network, kill, alive } = site()
    kill('10.0.0.2')
    pool.start()
    await clock.advance(1_000)
    pool.setUris([uriOf('10.0.0.2')])
    const sent = network.log.length
    await clock.advance(30_000)
    assert.deepEqual([alive(), network.log.length, clock.pending], [['10.0.0.2'], sent, 0])
    pool.setUris(ips.map((ip) => uriOf(ip)))
    await clock.advance(100)
    assert.deepEqual(alive(), ['10.0.0.3', '10.0.0.4'])
  })

  test('before it is started nothing is sent, whatever changes', async () => {
    const { pool, clock, network } = site()
    pool.failed(uriOf('10.0.0.2'), 'broken')
    pool.setUris([uriOf('10.0.0.2'), uriOf('10.0.0.3')])
    await clock.advance(20_000)
    assert.deepEqual([network.log.length, clock.pending, pool.order('a').length], [0, 0, 2])
  })

  test('closed: no timer is left, and nothing is told or sent, but an order is still given', async () => {
    const { pool, clock, network, transactions, answer, news } = site()
    answer('10.0.0.2', undefined)
    answer('10.0.0.3', 503)
    pool.start()
    await clock.advance(1_000)
    assert.deepEqual(news(), ['10.0.0.3 died: it answered OPTIONS with 503'])
    pool.close()
    pool.close()
    assert.equal(transactions.counts().pending, 1) // over TCP it has no timer but F
    assert.equal(clock.pending, 1)
    const sent = network.log.length
    pool.setUris(ips.map((ip) => uriOf(ip)))
    await clock.advance(40_000)
    assert.deepEqual([network.log.length, clock.pending, news()], [sent, 0, []])
    assert.deepEqual(transactions.counts(), { server: 0, client: 0, pending: 0 })
    assert.equal(pool.order('a').length, 3)
  })

  test('who hears of a death may close the pool or change it', async () => {
    const closing = site()
    closing.pool.events.on('died', () => closing.pool.close())
    closing.answer('10.0.0.2', 503)
    closing.pool.start()
    await closing.clock.advance(10)
    assert.equal(closing.clock.pending, 0)
    const changing = site()
    changing.pool.events.on('died', () => changing.pool.setUris([uriOf('10.0.0.3'), uriOf('10.0.0.4')]))
    changing.answer('10.0.0.2', 503)
    changing.pool.start()
    await changing.clock.advance(30_000)
    assert.deepEqual([changing.alive(), changing.optionsTo('10.0.0.2').length], [['10.0.0.3', '10.0.0.4'], 1])
  })
})
