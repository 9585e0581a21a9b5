/** Pain 17: calls that end in every way, many at a time; nothing is left of any. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type SipMessage, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { ackText, cancelText, inDialogText, requestText, responseText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type Wire } from '../support/torture/wire.ts'

const calls = Number(process.env['CHURN_CALLS'] ?? (process.env['CI'] ? 10_000 : 1000))
/** Calls at a time. */
const atOnce = 20

/** Every way in which a call ends here. */
const ways = [
  'the caller hangs up',
  'the callee hangs up',
  'it is refused',
  'it is cancelled',
  'the caller hangs up while her re-INVITE is open',
  'the callee hangs up while the re-INVITE of the caller is open',
  'both hang up',
] as const
type Way = (typeof ways)[number]

const [offer, answer] = [clearAudio(40000), clearAudio(40010)]

const seqOf = ({ headers }: SipMessage): string => headers.get('CSeq')!
const uriOf = ({ headers }: SipMessage): string => /<([^>]*)>/.exec(headers.get('Contact')!)![1]!

/** The callee's BYE in the call of an INVITE. */
function calleeBye(callee: Wire, invite: SipRequest): string {
  const { headers } = invite
  const [From, To] = [`${headers.get('To')!};tag=callee`, headers.get('From')]
  return requestText(callee, 'BYE', {
    uri: uriOf(invite),
    fields: { From, To, 'Call-ID': headers.get('Call-ID'), CSeq: '1 BYE' },
  })
}

/** Which of {@link ways} a leg's call ends in: both legs have the caller's number. */
const wayOf = ({ headers }: SipMessage): Way => ways[Number(/sip:(\d+)@/.exec(headers.get('From')!)![1])]!

/** The callee of all calls. */
function answers(callee: Wire): void {
  const invites = new Map<string, SipRequest>()
  /** Re-INVITEs without an answer, which get one when the call is over. */
  const open = new Map<string, SipRequest>()
  callee.onMessage = (message) => {
    const callId = message.headers.get('Call-ID')!
    const reinvite = open.get(callId)
    if (reinvite !== undefined && seqOf(message).endsWith('BYE')) {
      open.delete(callId)
      callee.send(responseText(callee, reinvite, 487))
    }
    if (message.kind === 'response') return true
    const way = wayOf(message)
    const again = invites.get(callId)
    if (message.method === 'INVITE' && again === undefined) {
      invites.set(callId, message)
      callee.send(responseText(callee, message, 180))
      if (way === 'it is refused') callee.send(responseText(callee, message, 486))
      else if (way !== 'it is cancelled') callee.send(responseText(callee, message, 200, { body: answer }))
    } else if (message.method === 'INVITE') {
      open.set(callId, message)
      if (way === 'the callee hangs up while the re-INVITE of the caller is open')
        callee.send(calleeBye(callee, again!))
      else callee.send(responseText(callee, message, 100))
    } else if (message.method === 'CANCEL') {
      callee.send(responseText(callee, message, 200))
      callee.send(responseText(callee, again!, 487))
    } else if (message.method === 'ACK') {
      const hangsUp = way === 'the callee hangs up' || way === 'both hang up'
      if (hangsUp && seqOf(message) === seqOf(again!).replace('INVITE', 'ACK')) callee.send(calleeBye(callee, again!))
    } else callee.send(responseText(callee, message, 200))
    return true
  }
}

/** Makes one call after the other; each is over when its INVITE, and what ends it, have had their answers. */
function callsOn(caller: Wire, callee: string): { readonly done: Promise<void>; begin(): void } {
  let done: () => void
  const finished = new Promise<void>((resolve) => (done = resolve))
  let [begun, ended] = [0, 0]
  const texts = new Map<string, string>()
  const begin = (): void => {
    if (begun === calls) return
    const text = requestText(caller, 'INVITE', {
      body: offer,
      fields: { From: `<sip:${begun % ways.length}@sip.example.org>;tag=${begun}`, To: callee },
    })
    begun++
    texts.set(/^Call-ID: (.*)\r$/m.exec(text)![1]!, text)
    caller.send(text)
  }
  const over = (message: SipMessage): void => {
    if (!texts.delete(message.headers.get('Call-ID')!)) return
    begin()
    if (++ended === calls) done()
  }
  const answered = (ok: SipResponse): void => {
    caller.send(ackText(ok))
    const way = wayOf(ok)
    if (way.includes('re-INVITE')) caller.send(inDialogText(caller, ok, 'INVITE', 2, { body: offer }))
    if (way === 'the caller hangs up while her re-INVITE is open') caller.send(inDialogText(caller, ok, 'BYE', 3))
    if (way === 'the caller hangs up' || way === 'both hang up') caller.send(inDialogText(caller, ok, 'BYE', 2))
  }
  caller.onMessage = (message) => {
    if (message.kind === 'request') {
      caller.send(responseText(caller, message, 200))
      if (message.method === 'BYE') over(message)
      return true
    }
    const [number, method] = seqOf(message).split(' ')
    if (method === 'BYE') over(message)
    if (method !== 'INVITE') return true
    const text = texts.get(message.headers.get('Call-ID')!)
    if (message.status === 180 && wayOf(message) === 'it is cancelled' && text !== undefined)
      caller.send(cancelText(text))
    else if (message.status >= 300) {
      caller.send(ackText(message))
      if (number === '1') over(message)
    } else if (message.status >= 200) answered(message)
    return true
  }
  return { done: finished, begin }
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

test(`pain 17: ${calls} calls that end in every way: no call, dialog, transaction, timer, socket or port is left`, async (t) => {
  const audioPorts = { min: 10_000, max: 60_000 }
  const media = { localAddress: '127.0.0.1', audioPorts, videoPorts: audioPorts, noRtpTimeout: 30 }
  const victim = await Victim.start(t, { settings: { maxCalls: 10 * atOnce, media } })
  const [caller, callee] = [await victim.wire(t, 'tcp'), await victim.callee(t)]
  answers(callee)
  await victim.placesCall()
  await victim.site.ended.next('end')
  await victim.idle()
  const before = descriptors()
  const began = performance.now()
  const churn = callsOn(caller, `<sip:bob@127.0.0.1:${callee.address.port}>`)
  for (let call = 0; call < atOnce; call++) churn.begin()
  await churn.done
  t.diagnostic(`${((performance.now() - began) / calls).toFixed(2)} ms a call`)
  await victim.idle()
  const { unread } = victim.site.ended
  for (const [reason, where] of [
    ['busy', (way: Way) => way === 'it is refused'],
    ['cancelled', (way: Way) => way === 'it is cancelled'],
    ['hangup', (way: Way) => way.includes('hang')],
  ] as const) {
    const meant = Array.from({ length: calls }, (_, call) => ways[call % ways.length]!).filter(where)
    assert.equal(unread.filter((one) => one.reason === reason).length, meant.length, reason)
  }
  await victim.survived()
  assert.equal(descriptors(), before)
})
