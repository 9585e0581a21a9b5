import { type Clock, type Timer } from '../base/clock.ts'
import { parseCSeq } from '../sip/message/cseq.ts'
import { type SipRequest, type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { verdictOf } from './call-error.ts'
import { type HeaderRules } from './relayed-headers.ts'
import { ReferToError, rewriteReferTo } from './replaces.ts'
import { relayRequest } from './request-relay.ts'

/** Milliseconds in which the first NOTIFY must come once the call is over (RFC 6665 §4.1.2.4, timer N). */
const firstNotifyWithin = 32_000
/** The same for each after it: as long as the call to the target may ring (reference: b2bua-server §1). */
const nextNotifyWithin = 240_000

/**
 * Milliseconds that the first NOTIFY stays behind the answer to its REFER: proxies on the way may let either pass the other,
 * and linphone refuses a NOTIFY of a subscription that it does not know of yet (491), whereupon baresip gives up.
 */
const notifyBehindAnswer = 100

/** Open subscriptions of a dialog; of more the oldest is forgotten. */
const mostOpen = 16
/** NOTIFYs that wait for the answer to one REFER: more than a call to a target has steps. */
const mostEarly = 16

/** The subscription that a REFER made (RFC 3515 §2.4.4): who was referred notifies who has referred. */
interface Subscription {
  /** The dialog in which this server sent the REFER, and its CSeq number there, which is the `id` of the NOTIFYs. */
  readonly notifier: InviteSession
  readonly notifierId: number
  /** The dialog in which it came: of the other leg, or one of its own. */
  readonly subscriber: InviteSession
  readonly subscriberId: number
  /** Runs once the call is over, and from the start in an early dialog, which may end without its call. */
  timer: Timer | undefined
  /** NOTIFYs that came before the answer to the REFER has reached the subscriber; undefined once it must have. */
  early: (() => void)[] | undefined
  settling: Timer | undefined
}

/**
 * Relays REFERs and what their subscriptions say, of all calls. A subscription may outlive its call, whose dialogs then stay
 * for it (RFC 5057): who transfers and hangs up still learns the true outcome.
 */
export class ReferRelay {
  readonly #clock: Clock
  /** By dialog, either end's. */
  readonly #subscriptions = new Map<InviteSession, Subscription[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Relays a REFER end to end: who is referred calls the target, and tells how that goes by NOTIFYs, which cross as they are.
   * @param changed - further header fields that cross otherwise than they came; undefined for those that do not
   * @throws ReferToError
   */
  refer(
    near: InviteSession,
    transaction: ServerTransaction,
    far: InviteSession,
    rules: HeaderRules,
    changed: ReadonlyMap<string, string | undefined> = new Map(),
  ): void {
    const targets = transaction.request.headers.values('Refer-To')
    if (targets.length !== 1) throw new ReferToError(targets.length === 0 ? 'there is none' : 'there is more than one')
    const target = rewriteReferTo(targets[0]!, rules.dialogs)
    const sent = relayRequest(near, transaction, far, rules, {
      changed: new Map([...changed, ['refer-to', target]]),
      onFinal: (response) => {
        const granted = response !== undefined && response.status < 300
        // RFC 4488: nothing will be told
        if (!granted || /^\s*false\b/i.test(response.headers.get('Refer-Sub') ?? '')) this.#remove(subscription)
        else subscription.settling = this.#clock.after(notifyBehindAnswer, () => passOn(subscription))
      },
    })
    const subscription: Subscription = {
      ...{ notifier: far, notifierId: seqOf(sent), subscriber: near, subscriberId: seqOf(transaction.request) },
      timer: undefined,
      early: [],
      settling: undefined,
    }
    if (near.state === 'early' || far.state === 'early') this.#expire(subscription, nextNotifyWithin)
    for (const session of [near, far]) {
      const known = this.#of(session)
      if (known.length >= mostOpen) this.#remove(known[0]!)
      this.#subscriptions.set(session, [...this.#of(session), subscription])
    }
  }

  /**
   * Relays a NOTIFY or SUBSCRIBE to the other end of its subscription. Its `id` is the CSeq number of the REFER (RFC 3515
   * §2.4.6), which is another one on each leg. A NOTIFY may overtake the answer to the REFER (RFC 6665 §4.1.2.4): it goes on after
   * that one.
   * @param far - where one of another event goes; undefined when the call is over
   */
  relay(near: InviteSession, transaction: ServerTransaction, far: InviteSession | undefined, rules: HeaderRules): void {
    const { method, headers } = transaction.request
    const event = headers.get('Event') ?? ''
    const [, before = '', digits] = /^(refer[ \t]*;(?:.*;)?[ \t]*id=)(\d+)/i.exec(event) ?? []
    const isRefer = /^refer[ \t]*(;|$)/i.test(event)
    const subscription = isRefer ? this.#find(near, method, digits) : undefined
    if (method === 'NOTIFY' && subscription?.early !== undefined) {
      if (subscription.early.length >= mostEarly) {
        near.reply(transaction, 500, { headers: [['Retry-After', '1']] })
        return
      }
      subscription.early.push(() => {
        try {
          this.relay(near, transaction, far, rules)
        } catch (error) {
          near.reply(transaction, verdictOf(error).status)
        }
      })
      return
    }
    const other = subscription?.[near === subscription.notifier ? 'subscriber' : 'notifier'] ?? far
    if (other === undefined) {
      near.reply(transaction, 481)
      return
    }
    const id = subscription?.[near === subscription.notifier ? 'subscriberId' : 'notifierId']
    const changed = digits === undefined || id === undefined ? [] : [['event', `${before}${id}`] as const]
    relayRequest(near, transaction, other, rules, {
      changed: new Map(changed),
      onFinal: (response) => {
        if (subscription !== undefined && method === 'NOTIFY')
          this.#notified(subscription, transaction.request, response)
      },
    })
  }

  /** A call ends, before its dialogs do: those that subscriptions use stay for them. */
  callEnds(sessions: readonly (InviteSession | undefined)[]): void {
    for (const session of sessions) {
      if (session === undefined) continue
      for (const subscription of this.#of(session)) {
        session.hold()
        if (subscription.timer === undefined) this.#expire(subscription, firstNotifyWithin)
      }
    }
  }

  /** Forgets all subscriptions. */
  stop(): void {
    for (const subscription of [...this.#subscriptions.values()].flat()) {
      // there is nobody left to hear them
      subscription.early = undefined
      this.#remove(subscription)
    }
  }

  /** A subscription without an `id` is that of the only REFER, or the first one. */
  #find(near: InviteSession, method: string, digits: string | undefined): Subscription | undefined {
    return this.#of(near).find((one) => {
      const [end, own] = method === 'NOTIFY' ? [one.notifier, one.notifierId] : [one.subscriber, one.subscriberId]
      return end === near && (digits === undefined || own === Number(digits))
    })
  }

  #notified(subscription: Subscription, { headers }: SipRequest, response: SipResponse | undefined): void {
    const over = /^\s*terminated\b/i.test(headers.get('Subscription-State') ?? '')
    // who does not know it, or is not there any more, hears nothing further (RFC 6665 §4.2.2)
    if (over || response === undefined || response.status === 481 || response.status === 408) this.#remove(subscription)
    else if (subscription.timer !== undefined) this.#expire(subscription, nextNotifyWithin)
  }

  #expire(subscription: Subscription, within: number): void {
    subscription.timer?.cancel()
    subscription.timer = this.#clock.after(within, () => this.#remove(subscription))
  }

  #of(session: InviteSession): readonly Subscription[] {
    return this.#subscriptions.get(session) ?? []
  }

  #remove(subscription: Subscription): void {
    subscription.timer?.cancel()
    for (const session of [subscription.notifier, subscription.subscriber]) {
      const left = this.#of(session).filter((one) => one !== subscription)
      if (left.length > 0) this.#subscriptions.set(session, left)
      else {
        this.#subscriptions.delete(session)
        session.release()
      }
    }
    passOn(subscription)
  }
}

/** Relays the NOTIFYs that waited. */
function passOn(subscription: Subscription): void {
  subscription.settling?.cancel()
  const { early = [] } = subscription
  subscription.early = undefined
  for (const relay of early) relay()
}

function seqOf({ headers }: SipRequest): number {
  return parseCSeq(headers.get('CSeq')!).number
}
