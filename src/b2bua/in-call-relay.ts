import { type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type HeaderList } from '../sip/transaction/header-list.ts'
import { acknowledgementOf } from '../sip/usage/reliable-provisional.ts'
import { type CodecRestriction } from '../sdp/restrict-codecs.ts'
import { verdictOf } from './call-error.ts'
import { type CallMedia } from './call-media.ts'
import { type DtmfRelay } from './dtmf.ts'
import { type Fork } from './forks.ts'
import { mediaType, sdpType } from './leg.ts'
import { refreshLeg } from './leg-refresh.ts'
import { OfferRelay, type Side } from './offer-relay.ts'
import { type ReferRelay } from './refer-relay.ts'
import { type HeaderRules } from './relayed-headers.ts'
import { relayRequest } from './request-relay.ts'

/** What the relay needs of its call. */
export interface InCallRelayContext {
  readonly media: CallMedia
  readonly codecs: CodecRestriction
  readonly rules: HeaderRules
  readonly dtmf: DtmfRelay
  readonly refers: ReferRelay
  /** The two sides can no longer be brought to agree: ends the call. */
  onBroken(error: unknown): void
}

/** Relays the requests inside a call's dialogs, early ones too, from one side to the other. */
export class InCallRelay {
  readonly #context: InCallRelayContext
  /** An offer that has no answer yet is on its way between the legs (RFC 3264 §4: one at a time). */
  offerUnderWay = false

  constructor(context: InCallRelayContext) {
    this.#context = context
  }

  /** A request of the near side. */
  relay(near: Side, far: Side, transaction: ServerTransaction): void {
    const { method, body } = transaction.request
    if (method === 'INVITE' || (method === 'UPDATE' && body.length > 0)) this.#relayOffer(near, far, transaction)
    else if (!this.#context.dtmf.takes(near.session, far.leg.name, transaction, this.#context.media)) {
      this.#relayPlain(near, far, transaction)
    }
  }

  /** A request in an early dialog, where no other offer may be made before that of the INVITE is answered (RFC 3311 §5.2). */
  relayEarly({ settled }: Fork, near: Side, far: Side, transaction: ServerTransaction): void {
    const { method, body } = transaction.request
    if (method === 'UPDATE' && body.length > 0 && !settled) near.session.reply(transaction, 491)
    else this.relay(near, far, transaction)
  }

  /** The PRACK of a provisional response that the far side gave: it may bring another offer (RFC 3262 §5). */
  relayPrack(near: Side, far: Side, transaction: ServerTransaction, response: SipResponse): void {
    const rack: HeaderList = [['RAck', acknowledgementOf(response)]]
    const { headers, body } = transaction.request
    const offers = body.length > 0 && mediaType(headers.get('Content-Type') ?? '') === sdpType
    if (offers) this.#relayOffer(near, far, transaction, rack)
    else relayRequest(near.session, transaction, far.session, this.#context.rules, { added: rack })
  }

  /** The session timer of a leg wants a re-INVITE. */
  refresh(side: Side): void {
    if (this.offerUnderWay) {
      side.session.notRefreshed()
      return
    }
    this.offerUnderWay = true
    refreshLeg(side, this.#context.media, {
      onBroken: (error) => this.#context.onBroken(error),
      onDone: () => {
        this.offerUnderWay = false
      },
    })
  }

  #relayOffer(near: Side, far: Side, transaction: ServerTransaction, added: HeaderList = []): void {
    if (this.offerUnderWay) {
      near.session.reply(transaction, 491)
      return
    }
    this.offerUnderWay = true
    const { media, codecs, rules } = this.#context
    const relay = new OfferRelay(near, far, transaction, {
      ...{ media, codecs, rules, added },
      onBroken: (error) => this.#context.onBroken(error),
      onDone: () => {
        this.offerUnderWay = false
      },
    })
    void relay.start()
  }

  /** What makes no offer. */
  #relayPlain(near: Side, far: Side, transaction: ServerTransaction): void {
    const { method } = transaction.request
    const { rules, refers } = this.#context
    try {
      if (method === 'REFER') refers.refer(near.session, transaction, far.session, rules)
      else if (method === 'NOTIFY' || method === 'SUBSCRIBE')
        refers.relay(near.session, transaction, far.session, rules)
      else relayRequest(near.session, transaction, far.session, rules)
    } catch (error) {
      near.session.reply(transaction, verdictOf(error).status)
    }
  }
}
