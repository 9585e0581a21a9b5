import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import { noCounts, twoAgents, type OutgoingCall } from '../../support/sip/agents.ts'

/** What the two users do, in ms after the call began; `undefined`: never. */
interface Script {
  readonly seed: number
  /** Of datagrams, 0 to 1. */
  readonly loss: number
  readonly transport: 'udp' | 'tcp'
  readonly forks: number
  readonly rings: number | undefined
  readonly answers: number | undefined
  readonly refuses: number | undefined
  readonly cancels: number | undefined
  readonly callerReinvites: number | undefined
  readonly calleeReinvites: number | undefined
  readonly callerHangsUp: number | undefined
  readonly calleeHangsUp: number | undefined
}

/** After that long both hang up or give up, whatever they have. */
const patience = 60_000

const time = fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined })
const script = (loss: number): fc.Arbitrary<Script> =>
  fc.record({
    seed: fc.integer({ min: 1, max: 0x7ffffffe }),
    loss: fc.constant(loss),
    transport: fc.constantFrom('udp' as const, 'udp' as const, 'udp' as const, 'tcp' as const),
    forks: fc.integer({ min: 1, max: 3 }),
    rings: time,
    answers: time,
    refuses: time,
    cancels: time,
    callerReinvites: time,
    calleeReinvites: time,
    callerHangsUp: time,
    calleeHangsUp: time,
  })

/** A small generator of numbers from 0 to 1 (Park and Miller), so that a failure can be had again. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff
}

async function play(what: Script): Promise<void> {
  const { clock, network, alice, bob } = twoAgents()
  const random = randomOf(what.seed)
  network.loses = () => random() < what.loss
  network.delay = () => 1 + Math.floor(random() * 50) // datagrams overtake each other
  const sessions: InviteSession[] = []
  const ended = new Map<InviteSession, number>()
  const watch = (session: InviteSession) => {
    if (sessions.includes(session)) return
    sessions.push(session)
    session.onRequest = (transaction) => session.reply(transaction, 200)
    session.onEnded = () => ended.set(session, (ended.get(session) ?? 0) + 1)
  }
  const reinvite = (session: InviteSession | undefined) =>
    session?.request('INVITE', {
      listener: {
        onResponse: ({ status }) => status < 300 && status > 199 && session.acknowledge(),
        onFailure: () => undefined,
      },
    })
  const call: OutgoingCall = alice.call(`sip:bob@10.0.0.2;transport=${what.transport}`, {
    onSuccess: (response, session) => {
      call.successes.push(response)
      call.session = session
      watch(session)
      session.acknowledge()
    },
  })
  const callees: InviteSession[] = []
  const tag = (): string => `fork${Math.floor(random() * what.forks)}`
  const at = (delay: number | undefined, act: () => void) => delay !== undefined && clock.after(delay, act)
  at(what.rings, () => bob.invites[0]?.provisional(180, { toTag: tag() }))
  at(what.rings, () => bob.invites[0]?.provisional(183, { toTag: tag() }))
  at(what.answers, () => {
    const [invite] = bob.invites
    if (invite === undefined || invite.settled) return
    const session = invite.accept({ toTag: tag() })
    callees.push(session)
    watch(session)
  })
  at(what.refuses, () => bob.invites[0]?.reject(486))
  at(what.cancels, () => call.invite.cancel())
  at(what.callerReinvites, () => reinvite(call.session))
  at(what.calleeReinvites, () => reinvite(callees[0]))
  at(what.callerHangsUp, () => call.session?.bye())
  at(what.calleeHangsUp, () => callees[0]?.bye())
  at(patience, () => {
    call.invite.cancel()
    for (const invite of bob.invites) invite.reject(480)
    for (const session of sessions) session.bye()
  })
  await clock.advance(patience + 300_000)

  assert.equal(call.successes.length + call.failures.length, 1, 'the caller has exactly one verdict')
  for (const session of sessions) {
    assert.equal(session.state, 'terminated')
    assert.equal(ended.get(session), 1, 'each session ended once')
  }
  assert.deepEqual(alice.agent.counts(), noCounts)
  assert.deepEqual(bob.agent.counts(), noCounts)
  assert.equal(clock.pending, 0, 'no timer is left')
  assert.deepEqual([...alice.faults, ...bob.faults], [])
}

describe('whatever the users do and the network loses, every call has a verdict and leaves nothing', () => {
  for (const loss of [0, 0.05, 0.2]) {
    test(`${loss * 100} % of the datagrams lost`, async () => {
      await fc.assert(fc.asyncProperty(script(loss), play), { numRuns: 150, endOnFailure: false })
    })
  }

  test('an undisturbed call comes up and goes down at 20 % loss', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 0x7ffffffe }), async (seed) => {
        const { clock, network, alice, bob } = twoAgents()
        const random = randomOf(seed)
        network.loses = () => random() < 0.2
        const call = alice.call('sip:bob@10.0.0.2')
        bob.agent.onInvite = (invite) => {
          invite.provisional(180)
          clock.after(1_000, () => void invite.accept())
        }
        await clock.advance(30_000)
        assert.equal(call.session?.state, 'confirmed')
        call.session.bye()
        await clock.advance(100_000)
        assert.deepEqual(bob.agent.counts(), noCounts)
        assert.deepEqual(alice.agent.counts(), noCounts)
        assert.equal(clock.pending, 0)
      }),
      { numRuns: 50, seed: 7 }, // the same losses each time: some lose seven INVITEs in a row,
    )
  })
})
