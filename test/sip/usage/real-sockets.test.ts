import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { type SipResponse } from '../../../src/sip/message/message.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { type IncomingInvite } from '../../../src/sip/usage/incoming-invite.ts'
import { type InviteSession, type SessionEnd } from '../../../src/sip/usage/invite-session.ts'
import { type InviteFailure } from '../../../src/sip/usage/outgoing-invite.ts'
import { UserAgent } from '../../../src/sip/usage/user-agent.ts'
import { allow, noCounts } from '../../support/sip/agents.ts'

/** A user agent on a socket of its own, closed with the test. */
async function agentOn(t: TestContext, protocol: 'udp' | 'tcp') {
  const transport = new TransportLayer()
  const transactions = new TransactionLayer({ transport, resolver: new Resolver(), clock: systemClock })
  const userAgent = new UserAgent({
    transactions,
    clock: systemClock,
    userAgent: 'real',
    requestHeaders: [],
    supported: [],
    allow,
  })
  const { port } = await transport.listen({ protocol, host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await userAgent.close()
    assert.deepEqual(userAgent.counts(), noCounts)
    await transport.close()
  })
  return { transport, userAgent, uri: `sip:127.0.0.1:${port};transport=${protocol}` }
}

function invite(userAgent: UserAgent, uri: string) {
  const success = Promise.withResolvers<{ response: SipResponse; session: InviteSession }>()
  const failure = Promise.withResolvers<InviteFailure>()
  const ringing = Promise.withResolvers<number>()
  const outgoing = userAgent.invite({
    uri,
    to: `<${uri}>`,
    from: '<sip:alice@example.org>',
    route: [],
    maxForwards: 70,
    headers: [],
    onProvisional: ({ status }) => status > 100 && ringing.resolve(status),
    onSuccess: (response, session) => success.resolve({ response, session }),
    onFailure: (one) => failure.resolve(one),
  })
  return { outgoing, ringing: ringing.promise, success: success.promise, failure: failure.promise }
}

function nextInvite(userAgent: UserAgent): Promise<IncomingInvite> {
  return new Promise((resolve) => (userAgent.onInvite = resolve))
}

function endOf(session: InviteSession): Promise<SessionEnd> {
  return new Promise((resolve) => (session.onEnded = resolve))
}

describe('on real sockets', () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    test(`a call over ${protocol}: rings, is answered, changed by re-INVITE, ended by the callee`, async (t) => {
      const [alice, bob] = [await agentOn(t, protocol), await agentOn(t, protocol)]
      const coming = nextInvite(bob.userAgent)
      const call = invite(alice.userAgent, bob.uri)
      const incoming = await coming
      incoming.provisional(180)
      assert.equal(await call.ringing, 180)
      const callee = incoming.accept()
      const acked = new Promise<void>((resolve) => (callee.onAck = () => resolve()))
      const { session } = await call.success
      assert.equal(session.dialog.remoteTarget, bob.uri.replace(';transport=udp', ''))
      session.acknowledge()
      await acked
      session.onRequest = (transaction) => session.reply(transaction, 200)
      const changed = new Promise<number>((resolve) => {
        callee.request('INVITE', {
          listener: { onResponse: ({ status }) => status > 199 && resolve(status), onFailure: () => resolve(0) },
        })
      })
      assert.equal(await changed, 200)
      callee.acknowledge()
      const ended = endOf(session)
      callee.bye()
      assert.equal(await ended, 'bye')
    })

    test(`CANCEL over ${protocol} ends a call that rings`, async (t) => {
      const [alice, bob] = [await agentOn(t, protocol), await agentOn(t, protocol)]
      const coming = nextInvite(bob.userAgent)
      const call = invite(alice.userAgent, bob.uri)
      const incoming = await coming
      const cancelled = new Promise<string>((resolve) => (incoming.onCancelled = ({ method }) => resolve(method)))
      incoming.provisional(180)
      await call.ringing
      call.outgoing.cancel()
      assert.equal(await cancelled, 'CANCEL')
      assert.equal((await call.failure).status, 487)
    })
  }

  test('a peer that refuses the connection fails the call at once, with 503', async (t) => {
    const alice = await agentOn(t, 'tcp')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const { failure } = invite(alice.userAgent, `sip:127.0.0.1:${port};transport=tcp`)
    const { status, cause } = await failure
    assert.deepEqual([status, cause], [503, 'transport'])
  })

  test('a peer that closes the connection without an answer fails the call at once, with 503', async (t) => {
    const alice = await agentOn(t, 'tcp')
    const server = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { failure } = invite(alice.userAgent, `sip:127.0.0.1:${port};transport=tcp`)
    const { status, cause } = await failure
    assert.deepEqual([status, cause], [503, 'transport'])
  })
})
