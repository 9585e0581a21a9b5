import { systemClock } from '../../src/base/clock.ts'
import { type SipResponse } from '../../src/sip/message/message.ts'
import { Resolver } from '../../src/sip/transport/resolver.ts'
import { TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts'
import { type IncomingInvite } from '../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { type InviteFailure, type OutgoingInvite } from '../../src/sip/usage/outgoing-invite.ts'
import { UserAgent } from '../../src/sip/usage/user-agent.ts'
import { Inbox } from '../support/b2bua/sip-phone.ts'
import { LossyTransport } from './lossy-transport.ts'

/** Header fields. */
export type Fields = readonly (readonly [string, string])[]

/** A call that a phone places, and what it hears of it. */
export interface Attempt {
  readonly invite: OutgoingInvite
  readonly early: Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>
  readonly answered: Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>
  /** Why there is no 2xx, once that is known; it may never be. */
  readonly failed: Promise<InviteFailure>
}

/** A phone with any number of lines, whose datagrams get lost now and then. */
export class SoakPhone {
  readonly transport: LossyTransport
  /** INVITEs of nobody that was expected; they were answered 404. */
  strangers = 0
  readonly #name: string
  readonly #userAgent: UserAgent
  readonly #expected = new Map<string, Inbox<IncomingInvite>>()

  private constructor(name: string, transport: LossyTransport) {
    this.#name = name
    this.transport = transport
    const transactions = new TransactionLayer({ transport, resolver: new Resolver(), clock: systemClock })
    this.#userAgent = new UserAgent({
      transactions,
      clock: systemClock,
      userAgent: `soak-${name}`,
      requestHeaders: [],
      supported: [],
      passed: ['replaces', '100rel', 'timer'],
      allow: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'PRACK', 'OPTIONS', 'UPDATE', 'INFO', 'MESSAGE', 'REFER', 'NOTIFY'],
    })
    this.#userAgent.onInvite = (invite) => this.#receive(invite)
  }

  /**
   * @param port 0 takes any
   * @param loss part of the datagrams that are lost, each way
   */
  static async start(name: string, protocol: 'udp' | 'tcp', loss: number, port = 0): Promise<SoakPhone> {
    const phone = new SoakPhone(name, new LossyTransport(protocol, loss))
    await phone.transport.listen(port)
    return phone
  }

  /** The INVITE that will come for this user. */
  expect(user: string): Inbox<IncomingInvite> {
    const inbox = new Inbox<IncomingInvite>()
    this.#expected.set(user, inbox)
    return inbox
  }

  forget(user: string): void {
    this.#expected.delete(user)
  }

  call(to: string, route: string, body: string, headers: Fields): Attempt {
    const failure = Promise.withResolvers<InviteFailure>()
    const attempt: Omit<Attempt, 'invite'> = { early: new Inbox(), answered: new Inbox(), failed: failure.promise }
    const invite = this.#userAgent.invite({
      uri: to,
      to: `<${to}>`,
      from: `"${this.#name}" <sip:${this.#name}@soak.example>`,
      route: [`<${route};lr>`],
      maxForwards: 70,
      headers,
      body: Buffer.from(body),
      contentType: 'application/sdp',
      onProvisional: (response, session) => {
        if (session !== undefined) attempt.early.put({ response, session })
      },
      onSuccess: (response, session) => attempt.answered.put({ response, session }),
      onFailure: (one) => failure.resolve(one),
    })
    return { ...attempt, invite }
  }

  counts(): ReturnType<UserAgent['counts']> {
    return this.#userAgent.counts()
  }

  async stop(): Promise<void> {
    await this.#userAgent.close()
    await this.transport.close()
  }

  #receive(invite: IncomingInvite): void {
    const user = /sip:([^@]*)@/.exec(invite.request.headers.get('To') ?? '')?.[1] ?? ''
    const inbox = this.#expected.get(user)
    if (inbox === undefined) {
      this.strangers++
      invite.reject(404)
    } else inbox.put(invite)
  }
}
