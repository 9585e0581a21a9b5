import { type TestContext } from 'node:test'
import { ackText, requestText } from './sip-text.ts'
import { type Victim } from './victim.ts'
import { type Wire } from './wire.ts'

/**
 * Sends a message and says what came back: `calls` (it rang at phone B, who declined), the status of a final response,
 * `closed` (the end of the connection), several of them in order (`405, calls`), `silence`, or over TCP `waits` (for the
 * rest of the message). What nobody expected is added behind `and`.
 * @param expected in the same words: what to wait for
 */
export async function wireOutcome(
  t: TestContext,
  victim: Victim,
  wire: Wire,
  bytes: string | Buffer,
  expected: string,
): Promise<string> {
  const found: string[] = []
  wire.send(bytes)
  for (const wanted of expected.split(', ')) {
    if (wanted === 'closed') {
      await wire.end()
      found.push('closed')
    } else if (wanted === 'calls') {
      const invite = await victim.site.b.invites.next('INVITE')
      invite.reject(603)
      const response = await wire.response('INVITE')
      wire.send(ackText(response))
      found.push(response.status === 603 ? 'calls' : String(response.status))
    } else if (wanted !== 'silence' && wanted !== 'waits') {
      const response = await wire.response('')
      if (response.headers.get('CSeq')?.endsWith('INVITE') === true) wire.send(ackText(response))
      found.push(String(response.status))
    }
  }
  // whatever else it would say, it says before it answers this
  const last = wire.closed || expected === 'waits' ? await victim.wire(t, wire.protocol) : wire
  last.send(requestText(last, 'OPTIONS', { fields: { CSeq: '4711 OPTIONS' } }))
  const pong = await last.response('OPTIONS')
  if (pong.headers.get('CSeq') !== '4711 OPTIONS') found.push(`and ${pong.status}`)
  const others = wire.received.filter((one) => one.kind === 'request' || one.status !== 100)
  if (others.length > 0) found.push(`and ${wire.summary()}`)
  wire.received.length = 0
  if (found.length > 0) return found.join(', ')
  return expected === 'waits' && !wire.closed ? 'waits' : 'silence'
}
