import { randomInt } from 'node:crypto'
import { type SipResponse } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type HeaderList } from '../sip/transaction/header-list.ts'
import { acknowledgementOf } from '../sip/usage/reliable-provisional.ts'
import { type CodecRestriction } from '../sdp/restrict-codecs.ts'
import { verdictOf } from './call-error.ts'
import { type CallMedia, type LegName } from './call-media.ts'
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
  /** Who has made an offer that has no answer yet: a leg's phone, or this server for a refresh (RFC 3264 §4: one at a time). */
  offerer: LegName | 'server' | undefined

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

  /**
   * A request in an early dialog, where no other offer may be made before the first one is answered (RFC 3311 §5.2).
   * @param first who makes it: the caller, or the callee of an offerless INVITE
   */
  relayEarly({ settled }: Fork, near: Side, far: Side, transaction: ServerTransaction, first: LegName): void {
    const { method, body } = transaction.request
    if (method === 'UPDATE' && body.length > 0 && !settled) refuseOffer(near, transaction, first)
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
    if (this.offerer !== undefined) {
      side.session.notRefreshed()
      return
    }
    this.offerer = 'server'
    refreshLeg(side, this.#context.media, {
      onBroken: (error) => this.#context.onBroken(error),
      onDone: () => {
        this.offerer = undefined
      },
    })
  }

  #relayOffer(near: Side, far: Side, transaction: ServerTransaction, added: HeaderList = []): void {
    if (this.offerer !== undefined) {
      refuseOffer(near, transaction, this.offerer)
      return
    }
    // who sends none asks for one
    this.offerer = transaction.request.body.length > 0 ? near.leg.name : far.leg.name
    const { media, codecs, rules } = this.#context
    const relay = new OfferRelay(near, far, transaction, {
      ...{ media, codecs, rules, added },
      onBroken: (error) => this.#context.onBroken(error),
      onDone: () => {
        this.offerer = undefined
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

/** Who has an offer without an answer must wait for that; another one has lost the race (RFC 3311 §5.2, RFC 6337 §3.2). */
function refuseOffer({ leg, session }: Side, transaction: ServerTransaction, offerer: LegName | 'server'): void {
  if (leg.name !== offerer) session.reply(transaction, 491)
  else session.reply(transaction, 500, { headers: [['Retry-After', String(randomInt(11))]] })
}
