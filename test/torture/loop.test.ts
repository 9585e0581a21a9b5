/** Security case 6, and what follows if a proxy lets our own calls come back all the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { ackText, requestText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'

for (const [maxCalls, hops, status] of [
  [400, '255', 483],
  [400, '70', 483],
  [400, undefined, 483],
  [400, '1', 483],
  [20, '70', 486],
] as const) {
  test(`security case 6: an outbound proxy that sends leg B straight back: ${status} with Max-Forwards ${hops ?? 'absent'} and max-calls ${maxCalls}`, async (t) => {
    const victim = await Victim.start(t, { settings: { maxCalls } })
    for (const protocol of ['udp', 'tcp'] as const) {
      const caller = await victim.wire(t, protocol)
      victim.site.route = `sip:127.0.0.1:${victim[protocol].port};transport=${protocol}`
      caller.send(requestText(caller, 'INVITE', { body: clearAudio(40000), fields: { 'Max-Forwards': hops } }))
      const response = await caller.response('INVITE')
      caller.send(ackText(response))
      assert.equal(response.status, status, protocol)
      await victim.forgets()
    }
    await victim.survived()
  })
}
