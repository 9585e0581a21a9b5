import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NonInviteServerTransaction } from '../../../src/sip/transaction/non-invite-server-transaction.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { request, response } from '../../support/sip/messages.ts'
import { RecordingFlow } from '../../support/sip/recording-flow.ts'

function received(protocol: 'udp' | 'tcp' = 'udp') {
  const clock = new FakeClock()
  const sent: number[] = []
  const told: string[] = []
  const info = request('INFO')
  const machine = new NonInviteServerTransaction(info, 'key', new RecordingFlow(protocol), {
    clock,
    respond: (one) => void sent.push(one.status),
    undelivered: () => told.push('undelivered'),
    terminated: () => told.push('gone'),
  })
  const say = (status: number) => machine.respond(response(info, status))
  return { clock, machine, taken: () => sent.splice(0), news: () => told.splice(0), say }
}

describe('non-INVITE server transaction (RFC 3261 figure 8, RFC 4320)', () => {
  test('trying: a repeated request is absorbed', () => {
    const { machine, taken } = received()
    machine.receiveRetransmission()
    assert.deepEqual(taken(), [])
    assert.equal(machine.state, 'trying')
  })

  test('proceeding: 100 goes out by itself after 3.5 s, and again for a repeated request; no other 1xx ever does', async () => {
    const { clock, machine, taken, say } = received()
    machine.handedOver()
    say(100)
    say(183)
    await clock.advance(3_499)
    assert.deepEqual(taken(), [])
    await clock.advance(1)
    assert.equal(machine.state, 'proceeding')
    machine.receiveRetransmission()
    assert.deepEqual(taken(), [100, 100])
  })

  for (const from of ['trying', 'proceeding']) {
    test(`${from}: a final response is sent, and again for a repeated request until timer J`, async () => {
      const { clock, machine, taken, news, say } = received()
      machine.handedOver()
      if (from === 'proceeding') await clock.advance(3_500)
      taken()
      say(200)
      say(500)
      machine.receiveRetransmission()
      assert.deepEqual(taken(), [200, 200])
      assert.equal(machine.completed, true)
      await clock.advance(31_999)
      assert.deepEqual(news(), [])
      await clock.advance(1)
      assert.deepEqual(news(), ['gone'])
      assert.equal(clock.pending, 0)
    })
  }

  test('completed: timer J is 0 on a reliable transport', () => {
    const { clock, machine, news, say } = received('tcp')
    machine.handedOver()
    say(200)
    say(200)
    assert.deepEqual(news(), ['gone'])
    assert.equal(clock.pending, 0)
  })

  test('408 is never sent, and still completes the transaction', async () => {
    const { clock, machine, taken, news, say } = received()
    say(408)
    machine.receiveRetransmission()
    assert.deepEqual(taken(), [])
    assert.equal(machine.completed, true)
    await clock.advance(32_000)
    assert.deepEqual(news(), ['gone'])
  })
})
