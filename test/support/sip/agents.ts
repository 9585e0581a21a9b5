import { type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { serialize } from '../../../src/sip/message/parse.ts'
import { type HeaderList } from '../../../src/sip/transaction/header-list.ts'
import { type ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { type Flow } from '../../../src/sip/transport/flow.ts'
import { type IncomingInvite } from '../../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import {
  type InviteFailure,
  type OutgoingInvite,
  type OutgoingInviteSpec,
} from '../../../src/sip/usage/outgoing-invite.ts'
import { UserAgent } from '../../../src/sip/usage/user-agent.ts'
import { FakeClock } from '../fake-clock.ts'
import { FakeNetwork, FakeResolver, type FakeTransport } from './fake-network.ts'

/** Every method that the agents of tests take. */
export const allow = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'UPDATE',
  'INFO',
  'PRACK',
  'REFER',
  'NOTIFY',
  'MESSAGE',
]

export const noCounts = { dialogs: 0, invites: 0, transactions: 0, pending: 0 }

/** A user agent on a host of the fake network. */
export class Agent {
  readonly host: FakeTransport
  readonly layer: TransactionLayer
  readonly agent: UserAgent
  readonly invites: IncomingInvite[] = []
  /** What handling messages threw. */
  readonly faults: unknown[] = []

  constructor(network: FakeNetwork, resolver: FakeResolver, ip: string, requestHeaders: HeaderList = []) {
    this.host = network.host(ip)
    this.layer = new TransactionLayer({ transport: this.host, resolver, clock: network.clock })
    this.layer.events.on('failed', (_, error) => this.faults.push(error))
    this.agent = new UserAgent({
      transactions: this.layer,
      clock: network.clock,
      userAgent: `agent/${ip}`,
      requestHeaders,
      supported: ['100rel'],
      allow,
    })
    this.agent.onInvite = (invite) => this.invites.push(invite)
  }

  /** Calls, and keeps what comes of it. */
  call(to: string, more: Partial<OutgoingInviteSpec> = {}): OutgoingCall {
    return new OutgoingCall(this.agent, to, more)
  }
}

/** An outgoing call and everything that its user was told. */
export class OutgoingCall {
  readonly provisional: { readonly status: number; readonly session: InviteSession | undefined }[] = []
  readonly successes: SipResponse[] = []
  readonly failures: InviteFailure[] = []
  session: InviteSession | undefined
  readonly invite: OutgoingInvite

  constructor(agent: UserAgent, to: string, more: Partial<OutgoingInviteSpec>) {
    this.invite = agent.invite({
      uri: to,
      to: `<${to}>`,
      from: '"Alice" <sip:alice@example.org>',
      route: [],
      maxForwards: 69,
      headers: [],
      body: Buffer.from('offer'),
      contentType: 'application/sdp',
      onProvisional: ({ status }, session) => this.provisional.push({ status, session }),
      onSuccess: (response, session) => {
        this.successes.push(response)
        this.session = session
        session.acknowledge()
      },
      onFailure: (failure) => this.failures.push(failure),
      ...more,
    })
  }

  /** Statuses in the order in which they were told. */
  get told(): (number | string)[] {
    return [
      ...this.provisional.map((one) => one.status),
      ...this.successes.map((one) => one.status),
      ...this.failures.map((one) => `${one.cause} ${one.status}`),
    ]
  }
}

/** Two agents and the network between them: alice calls as the B2BUA does for leg B, bob is called. */
export function twoAgents() {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const resolver = new FakeResolver()
  const alice = new Agent(network, resolver, '10.0.0.1', [['X-Flexisip-B2BUA', 'ignore']])
  const bob = new Agent(network, resolver, '10.0.0.2')
  return { clock, network, resolver, alice, bob }
}

/** A call between alice and bob that is up, its ACK included. */
export async function establishedCall(transport = 'udp') {
  const all = twoAgents()
  const call = all.alice.call(`sip:bob@10.0.0.2;transport=${transport}`)
  await all.clock.advance(10)
  const invite = all.bob.invites[0]!
  const callee = invite.accept({ body: Buffer.from('answer'), contentType: 'application/sdp' })
  await all.clock.advance(10)
  return { ...all, call, invite, caller: call.session!, callee }
}

/** What an in-dialog request's user was told. */
export class Outcome {
  readonly told: (number | string)[] = []
  readonly responses: SipResponse[] = []
  readonly listener = {
    onResponse: (response: SipResponse) => {
      this.responses.push(response)
      this.told.push(response.status)
    },
    onFailure: (error: { readonly code: string }) => void this.told.push(error.code),
  }
}

/** Collects the in-dialog requests of a session. */
export function requestsOf(session: InviteSession): ServerTransaction[] {
  const list: ServerTransaction[] = []
  session.onRequest = (one) => list.push(one)
  return list
}

/** A peer without any logic: a test writes each of its messages. */
export function rawPeer(network: FakeNetwork, ip: string) {
  const host = network.host(ip)
  const requests: SipRequest[] = []
  const responses: SipResponse[] = []
  host.onMessage = (message) => {
    if (message.kind === 'request') requests.push(message)
    else responses.push(message)
  }
  const send = (to: string, message: SipRequest | SipResponse, protocol: 'udp' | 'tcp' = 'udp'): Flow => {
    const flow = host.flowWith(to, protocol)
    flow.send(serialize(message))
    return flow
  }
  return { host, requests, responses, send }
}
