import { systemClock } from '../../../src/base/clock.ts'
import { type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { type ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import { type InviteFailure, type OutgoingInvite } from '../../../src/sip/usage/outgoing-invite.ts'
import { UserAgent } from '../../../src/sip/usage/user-agent.ts'

/** Waits for the next of a kind of event, however the two cross. */
export class Inbox<T> {
  readonly #kept: T[] = []
  #waiting: ((value: T) => void) | undefined

  put(value: T): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#kept.push(value)
    else waiting(value)
  }

  /**
   * The next one; rejects when none comes.
   * @param patience milliseconds
   */
  next(what: string, patience = 5000): Promise<T> {
    if (this.#kept.length > 0) return Promise.resolve(this.#kept.shift()!)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} came`)), patience)
      this.#waiting = (value) => {
        clearTimeout(timer)
        resolve(value)
      }
    })
  }

  get unread(): readonly T[] {
    return this.#kept
  }
}

/** An outgoing call of a phone, and what it heard of it. */
export interface PhoneCall {
  readonly invite: OutgoingInvite
  readonly provisional: Inbox<SipResponse>
  /** The same, with their early dialogs. */
  readonly ringing: Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>
  readonly answered: Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>
  readonly failed: Inbox<InviteFailure>
}

/** A user agent on sockets of its own, for the two ends of a call through the B2BUA. */
export class SipPhone {
  readonly name: string
  readonly invites = new Inbox<IncomingInvite>()
  readonly #transport = new TransportLayer()
  readonly #userAgent: UserAgent
  #uri = ''

  private constructor(name: string) {
    this.name = name
    const transactions = new TransactionLayer({
      transport: this.#transport,
      resolver: new Resolver(),
      clock: systemClock,
    })
    this.#userAgent = new UserAgent({
      transactions,
      clock: systemClock,
      userAgent: `phone-${name}`,
      requestHeaders: [],
      supported: [],
      passed: ['replaces', 'join', 'tdialog', 'norefersub', '100rel', '199'],
      allow: [
        'INVITE',
        'ACK',
        'CANCEL',
        'BYE',
        'PRACK',
        'OPTIONS',
        'UPDATE',
        'INFO',
        'MESSAGE',
        'REFER',
        'NOTIFY',
        'SUBSCRIBE',
      ],
    })
    this.#userAgent.onInvite = (invite) => this.invites.put(invite)
  }

  static async start(name: string, protocol: 'tcp' | 'udp' = 'tcp'): Promise<SipPhone> {
    const phone = new SipPhone(name)
    const { port } = await phone.#transport.listen({ protocol, host: '127.0.0.1', port: 0 })
    phone.#uri = `sip:127.0.0.1:${port};transport=${protocol}`
    return phone
  }

  /** Where the phone is reached: what stands for the outbound proxy in these tests. */
  get uri(): string {
    return this.#uri
  }

  /** Calls `to` through `route`. */
  call(
    to: string,
    route: string,
    options: {
      readonly body?: string
      readonly headers?: readonly (readonly [string, string])[]
      /** Request-URI; that of To where absent. */
      readonly uri?: string
    } = {},
  ): PhoneCall {
    const call = {
      provisional: new Inbox<SipResponse>(),
      ringing: new Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>(),
      answered: new Inbox<{ readonly response: SipResponse; readonly session: InviteSession }>(),
      failed: new Inbox<InviteFailure>(),
    }
    const invite = this.#userAgent.invite({
      uri: options.uri ?? to,
      to: `<${to}>`,
      from: `"${this.name}" <sip:${this.name}@sip.example.org>`,
      route: [`<${route};lr>`],
      maxForwards: 70,
      headers: options.headers ?? [],
      ...(options.body === undefined ? {} : { body: Buffer.from(options.body), contentType: 'application/sdp' }),
      onProvisional: (response, session) => {
        if (response.status > 100) call.provisional.put(response)
        if (session !== undefined) call.ringing.put({ response, session })
      },
      onSuccess: (response, session) => call.answered.put({ response, session }),
      onFailure: (failure) => call.failed.put(failure),
    })
    return { ...call, invite }
  }

  counts(): ReturnType<UserAgent['counts']> {
    return this.#userAgent.counts()
  }

  async stop(): Promise<void> {
    await this.#userAgent.close()
    await this.#transport.close()
  }
}

/** Sends a request inside a dialog and waits for its final response. */
export function ask(
  session: InviteSession,
  method: string,
  options: {
    readonly headers?: readonly (readonly [string, string])[]
    readonly body?: string
    readonly contentType?: string
  } = {},
): Promise<SipResponse> {
  return new Promise((resolve, reject) => {
    session.request(method, {
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      ...(options.body === undefined
        ? {}
        : { body: Buffer.from(options.body), contentType: options.contentType ?? 'application/sdp' }),
      listener: {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response)
        },
        onFailure: reject,
      },
    })
  })
}

/**
 * Tells how a transfer goes, in the session in which the REFER came (RFC 3515 §2.4.5), and waits for the final response.
 * @param state value of Subscription-State
 * @param event value of Event
 */
export function tell(
  session: InviteSession,
  statusLine: string,
  state = 'terminated;reason=noresource',
  event = 'refer',
): Promise<SipResponse> {
  return ask(session, 'NOTIFY', {
    headers: [
      ['Event', event],
      ['Subscription-State', state],
    ],
    ...{ body: `${statusLine}\r\n`, contentType: 'message/sipfrag;version=2.0' },
  })
}

/** The next request of a session that is not its BYE, and the BYE. */
export function listen(session: InviteSession): {
  readonly requests: Inbox<ServerTransaction>
  readonly bye: Inbox<SipRequest>
  readonly acks: Inbox<SipRequest>
} {
  const inboxes = {
    requests: new Inbox<ServerTransaction>(),
    bye: new Inbox<SipRequest>(),
    acks: new Inbox<SipRequest>(),
  }
  session.onRequest = (transaction) => inboxes.requests.put(transaction)
  session.onBye = (bye) => inboxes.bye.put(bye)
  session.onAck = (ack) => inboxes.acks.put(ack)
  return inboxes
}
