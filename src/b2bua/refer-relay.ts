import { parseCSeq } from '../sip/message/cseq.ts'
import { type SipRequest } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type Leg } from './leg.ts'
import { type Side } from './offer-relay.ts'
import { type HeaderRules } from './relayed-headers.ts'
import { ReferToError, rewriteReferTo } from './replaces.ts'
import { relayRequest } from './request-relay.ts'

/**
 * Relays a REFER end to end (RFC 3515): who is referred calls the target, and tells how that goes by NOTIFYs, which cross as
 * they are, so that who transfers learns the true outcome.
 * @throws ReferToError
 */
export function relayRefer(near: Side, transaction: ServerTransaction, far: Side, rules: HeaderRules): void {
  const targets = transaction.request.headers.values('Refer-To')
  if (targets.length !== 1) throw new ReferToError(targets.length === 0 ? 'there is none' : 'there is more than one')
  const target = rewriteReferTo(targets[0]!, rules.dialogs)
  const sent = relayRequest(near.session, transaction, far.session, rules, { changed: new Map([['refer-to', target]]) })
  far.leg.subscriptions.set(seqOf(sent), seqOf(transaction.request))
}

/**
 * Relays a NOTIFY or SUBSCRIBE of the subscription that a REFER made. Its `id` is the CSeq number of the REFER (RFC 3515
 * §2.4.6), which is another one on each leg.
 */
export function relaySubscription(near: Side, transaction: ServerTransaction, far: Side, rules: HeaderRules): void {
  const event = transaction.request.headers.get('Event') ?? ''
  const [, before, id] = /^(refer[ \t]*;(?:.*;)?[ \t]*id=)(\d+)/i.exec(event) ?? []
  const known = id === undefined ? undefined : idOnOtherLeg(near.leg, far.leg, Number(id))
  const changed = known === undefined ? [] : [['event', `${before}${known}`] as const]
  relayRequest(near.session, transaction, far.session, rules, { changed: new Map(changed) })
}

function idOnOtherLeg(near: Leg, far: Leg, id: number): number | undefined {
  const theirs = near.subscriptions.get(id)
  if (theirs !== undefined) return theirs
  for (const [farId, nearId] of far.subscriptions) if (nearId === id) return farId
  return undefined
}

function seqOf({ headers }: SipRequest): number {
  return parseCSeq(headers.get('CSeq')!).number
}
