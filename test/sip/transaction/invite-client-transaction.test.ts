import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ClientMachineUser } from '../../../src/sip/transaction/client-machine.ts'
import { InviteClientTransaction } from '../../../src/sip/transaction/invite-client-transaction.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { request, response } from '../../support/sip/messages.ts'
import { RecordingFlow } from '../../support/sip/recording-flow.ts'

function started(protocol: 'udp' | 'tcp' = 'udp') {
  const clock = new FakeClock()
  const flow = new RecordingFlow(protocol)
  const told: (string | number)[] = []
  const user: ClientMachineUser = {
    passResponse: (_, one) => told.push(one.status),
    timedOut: () => told.push('timeout'),
    transportFailed: (_, error) => told.push(error.code),
    terminated: () => told.push('terminated'),
  }
  const invite = request('INVITE', { Route: '<sip:192.0.2.2;lr>' })
  const machine = new InviteClientTransaction(invite, 'key', flow, clock, user, [['User-Agent', 'us']])
  machine.start()
  const news = () => told.splice(0)
  return {
    clock,
    flow,
    machine,
    invite,
    news,
    answer: (status: number) => machine.receive(response(invite, status, 'b1')),
  }
}

describe('INVITE client transaction (RFC 3261 figure 5, RFC 6026 §7.2)', () => {
  test('calling: timer A repeats the INVITE at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s on UDP, timer B ends it at 32 s', async () => {
    const { clock, flow, machine, news } = started()
    const times: number[] = []
    for (let at = 0; at <= 33_000; at += 500) {
      if (flow.take().length > 0) times.push(at)
      await clock.advance(500)
    }
    assert.deepEqual(times, [0, 500, 1500, 3500, 7500, 15500, 31500])
    assert.equal(machine.state, 'terminated')
    assert.deepEqual(news(), ['timeout', 'terminated'])
    assert.equal(clock.pending, 0)
  })

  test('calling: nothing is repeated on a reliable transport, timer B still ends it', async () => {
    const { clock, flow, news } = started('tcp')
    await clock.advance(31_999)
    assert.deepEqual(flow.take(), ['INVITE'])
    assert.deepEqual(news(), [])
    await clock.advance(1)
    assert.deepEqual(news(), ['timeout', 'terminated'])
  })

  test('calling: a transport error fails it at once', () => {
    const { clock, flow, machine, news } = started()
    flow.failLast()
    assert.equal(machine.state, 'terminated')
    assert.deepEqual(news(), ['TRANSACTION_TRANSPORT', 'terminated'])
    assert.equal(clock.pending, 0)
  })

  test('proceeding: a 1xx stops timers A and B, and every 1xx is passed', async () => {
    const { clock, flow, machine, news, answer } = started()
    answer(100)
    answer(180)
    answer(180)
    assert.equal(machine.state, 'proceeding')
    assert.deepEqual(news(), [100, 180, 180])
    flow.take()
    await clock.advance(600_000)
    assert.deepEqual(flow.take(), [])
    assert.equal(machine.state, 'proceeding')
    assert.equal(clock.pending, 0)
  })

  test('proceeding: a transport error fails it', () => {
    const { machine, news, answer } = started('tcp')
    answer(100)
    machine.transportError(new Error('closed'))
    assert.deepEqual(news(), [100, 'TRANSACTION_TRANSPORT', 'terminated'])
  })

  for (const from of ['calling', 'proceeding']) {
    test(`${from}: 300 to 699 is acknowledged and passed; repeated ones are acknowledged again until timer D`, async () => {
      const { clock, flow, machine, news, answer } = started()
      if (from === 'proceeding') answer(180)
      answer(486)
      assert.equal(machine.state, 'completed')
      assert.deepEqual(flow.take(), ['INVITE', 'ACK'])
      answer(486)
      answer(200) // not in the figure: dropped
      answer(180)
      assert.deepEqual(flow.take(), ['ACK'])
      assert.deepEqual(news().slice(-1), [486])
      await clock.advance(31_999)
      assert.deepEqual(news(), [])
      await clock.advance(1)
      assert.deepEqual(news(), ['terminated'])
      assert.equal(clock.pending, 0)
    })
  }

  test('completed: timer D is 0 on a reliable transport', () => {
    const { clock, flow, news, answer } = started('tcp')
    answer(486)
    assert.deepEqual(flow.take(), ['INVITE', 'ACK'])
    assert.deepEqual(news(), [486, 'terminated'])
    assert.equal(clock.pending, 0)
  })

  test('completed: when the ACK cannot leave it is over, and its user is not bothered', () => {
    const { flow, machine, news, answer } = started()
    answer(486)
    flow.failLast()
    assert.equal(machine.state, 'terminated')
    assert.deepEqual(news(), [486, 'terminated'])
  })

  test('accepted: every 2xx is passed, nothing else, until timer M at 64*T1 on every transport', async () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      const { clock, flow, machine, news, answer } = started(protocol)
      answer(200)
      answer(200)
      answer(180)
      answer(486)
      machine.transportError(new Error('closed'))
      assert.equal(machine.state, 'accepted')
      assert.deepEqual(news(), [200, 200])
      assert.deepEqual(flow.take(), ['INVITE'])
      await clock.advance(31_999)
      assert.deepEqual(news(), [])
      await clock.advance(1)
      assert.deepEqual(news(), ['terminated'])
      assert.equal(clock.pending, 0)
    }
  })

  test("the ACK of a failure has the INVITE's Via, Route, Request-URI and CSeq number, the To of the response, and our product", () => {
    const { flow, invite, answer } = started()
    answer(404)
    const ack = flow.sent[1]!
    assert.ok(ack.kind === 'request')
    assert.equal(ack.uri, invite.uri)
    for (const name of ['Via', 'Route', 'From', 'Call-ID'])
      assert.deepEqual(ack.headers.all(name), invite.headers.all(name))
    assert.equal(ack.headers.get('CSeq'), '1 ACK')
    assert.equal(ack.headers.get('To'), '<sip:bob@example.org>;tag=b1')
    assert.equal(ack.headers.get('User-Agent'), 'us')
  })

  test('abandoned it leaves no timer, in every state', () => {
    for (const status of [undefined, 180, 200, 404]) {
      const { clock, machine, answer } = started()
      if (status !== undefined) answer(status)
      machine.abandon()
      machine.abandon()
      answer(200)
      assert.equal(clock.pending, 0)
      assert.equal(machine.state, 'terminated')
    }
  })
})
