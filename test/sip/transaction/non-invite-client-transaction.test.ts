import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ClientMachineUser } from '../../../src/sip/transaction/client-machine.ts'
import { NonInviteClientTransaction } from '../../../src/sip/transaction/non-invite-client-transaction.ts'
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
  const bye = request('BYE')
  const machine = new NonInviteClientTransaction(bye, 'key', flow, clock, user)
  machine.start()
  return {
    clock,
    flow,
    machine,
    news: () => told.splice(0),
    answer: (status: number) => machine.receive(response(bye, status)),
  }
}

async function timesOf(clock: FakeClock, flow: RecordingFlow, until: number): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at <= until; at += 500) {
    if (flow.take().length > 0) times.push(at)
    await clock.advance(500)
  }
  return times
}

describe('non-INVITE client transaction (RFC 3261 figure 6)', () => {
  test('trying: timer E repeats the request, doubling up to T2, timer F ends it at 32 s', async () => {
    const { clock, flow, news } = started()
    const times = await timesOf(clock, flow, 33_000)
    assert.deepEqual(times, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
    assert.deepEqual(news(), ['timeout', 'terminated'])
    assert.equal(clock.pending, 0)
  })

  test('trying: nothing is repeated on a reliable transport', async () => {
    const { clock, flow, news } = started('tcp')
    await clock.advance(32_000)
    assert.deepEqual(flow.take(), ['BYE'])
    assert.deepEqual(news(), ['timeout', 'terminated'])
  })

  test('proceeding: the request is repeated every T2, and timer F goes on', async () => {
    const { clock, flow, machine, news, answer } = started()
    answer(100)
    assert.equal(machine.state, 'proceeding')
    const times = await timesOf(clock, flow, 33_000)
    assert.deepEqual(times, [0, 500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500])
    assert.deepEqual(news(), [100, 'timeout', 'terminated'])
  })

  test('completed: the final response is passed once, timer K ends it after T4', async () => {
    const { clock, machine, news, answer } = started()
    answer(200)
    answer(200)
    answer(481)
    assert.equal(machine.state, 'completed')
    assert.deepEqual(news(), [200])
    await clock.advance(4_999)
    assert.equal(machine.state, 'completed')
    await clock.advance(1)
    assert.deepEqual(news(), ['terminated'])
    assert.equal(clock.pending, 0)
  })

  test('completed: timer K is 0 on a reliable transport', () => {
    const { clock, news, answer } = started('tcp')
    answer(404)
    assert.deepEqual(news(), [404, 'terminated'])
    assert.equal(clock.pending, 0)
  })

  test('a transport error fails it in trying and proceeding, not in completed', () => {
    for (const status of [undefined, 100]) {
      const { clock, flow, news, answer } = started()
      if (status !== undefined) answer(status)
      flow.failLast()
      assert.deepEqual(news().slice(-2), ['TRANSACTION_TRANSPORT', 'terminated'])
      assert.equal(clock.pending, 0)
    }
    const { flow, machine, answer } = started()
    answer(200)
    flow.failLast()
    assert.equal(machine.state, 'completed')
  })

  test('abandoned it leaves no timer', () => {
    const { clock, machine, news } = started()
    machine.abandon()
    machine.abandon()
    assert.equal(clock.pending, 0)
    assert.deepEqual(news(), ['terminated'])
  })
})
