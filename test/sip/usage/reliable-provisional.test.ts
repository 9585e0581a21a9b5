import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SipResponse } from '../../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import { noCounts, Outcome, rawPeer, twoAgents } from '../../support/sip/agents.ts'
import { response } from '../../support/sip/messages.ts'

/** Alice calls bob, who has not answered yet. */
async function calling() {
  const all = twoAgents()
  const heard: { readonly response: SipResponse; readonly session: InviteSession }[] = []
  const call = all.alice.call('sip:bob@10.0.0.2;transport=udp', {
    onProvisional: (response, session) => heard.push({ response, session: session! }),
  })
  await all.clock.advance(10)
  return { ...all, call, heard, invite: all.bob.invites[0]! }
}

describe('reliable provisional responses (RFC 3262)', () => {
  test('are sent until their PRACK comes, which is answered by whoever sent them', async () => {
    const { clock, alice, bob, heard, invite, call } = await calling()
    const pracks: ServerTransaction[] = []
    const session = invite.provisional(183, { onPrack: (prack) => pracks.push(prack) })!
    await clock.advance(1600)
    assert.equal(heard.length, 1, 'it came three times, and is reported once')
    const { response, session: early } = heard[0]!
    assert.equal(response.headers.get('Require'), '100rel')
    const outcome = new Outcome()
    early.prack(response, { listener: outcome.listener })
    await clock.advance(10)
    const rack = `${response.headers.get('RSeq')!} 1 INVITE`
    assert.equal(pracks[0]!.request.headers.get('RAck'), rack)
    session.reply(pracks[0]!, 200)
    await clock.advance(10)
    assert.deepEqual(outcome.told, [200])
    invite.provisional(180, { onPrack: (prack) => pracks.push(prack) })
    await clock.advance(10)
    assert.equal(Number(heard[1]!.response.headers.get('RSeq')), Number(response.headers.get('RSeq')) + 1)
    heard[1]!.session.prack(heard[1]!.response, { listener: outcome.listener })
    await clock.advance(10)
    session.reply(pracks[1]!, 200)
    invite.accept({ body: Buffer.from('answer'), contentType: 'application/sdp' })
    await clock.advance(10)
    assert.deepEqual(call.told, [200])
    call.session!.bye()
    await clock.advance(100_000)
    assert.deepEqual([alice.agent.counts(), bob.agent.counts(), clock.pending], [noCounts, noCounts, 0])
  })

  test('without a PRACK for 32 s end the INVITE with 504', async () => {
    const { clock, alice, bob, invite, call } = await calling()
    const failures: string[] = []
    invite.onFailed = (error) => failures.push((error as { code?: string }).code!)
    invite.provisional(180, { onPrack: () => assert.fail('there is none') })
    await clock.advance(31_000)
    assert.deepEqual(failures, [])
    await clock.advance(2000)
    assert.deepEqual(failures, ['INVITE_NO_PRACK'])
    assert.deepEqual(call.told, ['response 504'])
    await clock.advance(100_000)
    assert.deepEqual([alice.agent.counts(), bob.agent.counts(), clock.pending], [noCounts, noCounts, 0])
  })

  for (const [what, end] of [
    ['the answer', (invite: { accept(): unknown }) => void invite.accept()],
    ['a refusal', (invite: { reject(status: number): void }) => invite.reject(486)],
  ] as const)
    test(`are sent no more after ${what}`, async () => {
      const { clock, network, bob, alice } = twoAgents()
      const peer = rawPeer(network, '10.0.0.9')
      bob.agent.onInvite = (invite) => {
        invite.provisional(180, { onPrack: () => assert.fail('there is none') })
        end(invite)
      }
      const call = alice.call('sip:bob@10.0.0.2;transport=udp')
      await clock.advance(20_000)
      assert.equal(call.provisional.length, 1)
      call.session?.bye()
      await clock.advance(100_000)
      assert.deepEqual([bob.agent.counts(), clock.pending, peer.requests], [noCounts, 0, []])
    })

  for (const [what, rack] of [
    ['for another response', '1 1 INVITE'],
    ['for another request', undefined],
    ['that cannot be read', 'nonsense'],
  ] as const)
    test(`a PRACK ${what} is answered 481, and the response comes again`, async () => {
      const { clock, heard, invite, bob } = await calling()
      invite.provisional(180, { onPrack: () => assert.fail('it was not meant') })
      await clock.advance(10)
      const { session, response: provisional } = heard[0]!
      const value = rack ?? `${provisional.headers.get('RSeq')!} 2 INVITE`
      const outcome = new Outcome()
      session.request('PRACK', { headers: [['RAck', value]], listener: outcome.listener })
      await clock.advance(10)
      assert.deepEqual(outcome.told, [481])
      await bob.agent.close()
    })

  test('of a peer are taken once, and in their order', async () => {
    const { clock, network, alice } = twoAgents()
    const peer = rawPeer(network, '10.0.0.9')
    const heard: number[] = []
    alice.call('sip:bob@10.0.0.9;transport=udp', { onProvisional: ({ status }) => heard.push(status) })
    await clock.advance(10)
    const say = (status: number, sequence: string, tag = 'one'): void => {
      const fields = { Require: '100rel', RSeq: sequence, Contact: '<sip:bob@10.0.0.9>' }
      peer.send('10.0.0.1', response(peer.requests[0]!, status, tag, fields))
    }
    say(180, '7')
    say(180, '7')
    say(182, '9')
    say(181, '8')
    say(182, '9')
    say(183, '1', 'two') // another fork counts for itself
    await clock.advance(10)
    assert.deepEqual(heard, [180, 181, 182, 183])
    await alice.agent.close()
  })
})
