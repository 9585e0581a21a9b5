import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InviteServerTransaction } from '../../../src/sip/transaction/invite-server-transaction.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { request, response } from '../../support/sip/messages.ts'
import { RecordingFlow } from '../../support/sip/recording-flow.ts'

function received(protocol: 'udp' | 'tcp' = 'udp') {
  const clock = new FakeClock()
  const sent: number[] = []
  const told: string[] = []
  let fails = false
  const invite = request('INVITE', { Timestamp: '54' })
  const machine = new InviteServerTransaction(invite, 'key', new RecordingFlow(protocol), {
    clock,
    respond: (one) => {
      sent.push(one.status)
      return fails ? Promise.reject(new Error('no way')) : undefined
    },
    undelivered: () => told.push('undelivered'),
    terminated: () => told.push('gone'),
  })
  machine.onUnacknowledged = () => told.push('no ACK')
  machine.onTransportError = (error) => told.push(error.message)
  return {
    clock,
    machine,
    taken: () => sent.splice(0),
    news: () => told.splice(0),
    say: (status: number) => machine.respond(response(invite, status, 'b1')),
    break: () => (fails = true),
  }
}

describe('INVITE server transaction (RFC 3261 figure 7, RFC 6026 §7.1)', () => {
  test('proceeding: 100 is sent after 200 ms when the user said nothing', async () => {
    const { clock, machine, taken } = received()
    machine.handedOver()
    await clock.advance(199)
    assert.deepEqual(taken(), [])
    await clock.advance(1)
    assert.deepEqual(taken(), [100])
    assert.equal(clock.pending, 0)
  })

  test('proceeding: no 100 when the user answered in time, before or after it had the request', async () => {
    for (const early of [true, false]) {
      const { clock, machine, taken, say } = received()
      if (early) say(180)
      machine.handedOver()
      if (!early) say(180)
      await clock.advance(1000)
      assert.deepEqual(taken(), [180])
    }
  })

  test('proceeding: a repeated INVITE gets the last provisional response, or nothing yet', () => {
    const { machine, taken, say } = received()
    machine.receiveRetransmission()
    assert.deepEqual(taken(), [])
    say(180)
    say(183)
    machine.receiveRetransmission()
    assert.deepEqual(taken(), [180, 183, 183])
    assert.equal(machine.completed, false)
  })

  test('completed: timer G repeats the response up to every T2 until timer H, and the missing ACK is told', async () => {
    const { clock, machine, taken, news, say } = received()
    say(486)
    assert.equal(machine.completed, true)
    const times: number[] = []
    for (let at = 0; at <= 33_000; at += 500) {
      if (taken().length > 0) times.push(at)
      await clock.advance(500)
    }
    assert.deepEqual(times, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
    assert.deepEqual(news(), ['gone', 'no ACK'])
    assert.equal(clock.pending, 0)
  })

  test('completed: no timer G on a reliable transport, a repeated INVITE is answered again, further answers are dropped', async () => {
    const { clock, machine, taken, say } = received('tcp')
    say(486)
    await clock.advance(10_000)
    machine.receiveRetransmission()
    say(200)
    say(180)
    say(500)
    assert.deepEqual(taken(), [486, 486])
  })

  test('confirmed: the ACK stops the repetition, all is absorbed until timer I', async () => {
    const { clock, machine, taken, news, say } = received()
    say(486)
    assert.equal(machine.receiveAck(), false)
    assert.equal(machine.state, 'confirmed')
    assert.equal(machine.receiveAck(), false)
    machine.receiveRetransmission()
    await clock.advance(4_999)
    assert.deepEqual(taken(), [486])
    assert.deepEqual(news(), [])
    await clock.advance(1)
    assert.deepEqual(news(), ['gone'])
    assert.equal(clock.pending, 0)
  })

  test('confirmed: timer I is 0 on a reliable transport', () => {
    const { clock, machine, news, say } = received('tcp')
    say(486)
    machine.receiveAck()
    assert.deepEqual(news(), ['gone'])
    assert.equal(clock.pending, 0)
  })

  test("accepted: repeated INVITEs are absorbed, the user repeats its 2xx, the ACK is the user's, timer L ends it", async () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      const { clock, machine, taken, news, say } = received(protocol)
      say(200)
      machine.receiveRetransmission()
      say(200)
      say(486)
      say(180)
      assert.deepEqual(taken(), [200, 200])
      assert.equal(machine.receiveAck(), true)
      assert.equal(machine.state, 'accepted')
      await clock.advance(31_999)
      assert.deepEqual(news(), [])
      await clock.advance(1)
      assert.deepEqual(news(), ['gone'])
      say(200)
      assert.deepEqual(taken(), [])
      assert.equal(clock.pending, 0)
    }
  })

  test('a transport error is told, to the user unless it is done with the request, and ends nothing', async () => {
    for (const status of [180, 200, 486]) {
      const { machine, news, say, break: fail } = received()
      fail()
      say(status)
      await Promise.resolve()
      await Promise.resolve()
      assert.deepEqual(news(), status === 200 ? ['undelivered'] : ['undelivered', 'no way'])
      assert.notEqual(machine.state, 'terminated')
    }
  })

  test('an ACK before any final response changes nothing', () => {
    const { machine } = received()
    assert.equal(machine.receiveAck(), false)
    assert.equal(machine.state, 'proceeding')
  })
})
