import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequest } from '../../src/sip/message/message.ts'
import { Trenscrypter } from '../../src/trenscrypter/trenscrypter.ts'

const request = createRequest('INVITE', 'sip:bob@sip.example.org')
const recipient = 'sip:bob@sip.example.org'
const noRules = { encryption: [], suites: [], fallback: [] }

for (const [proxy, route] of [
  ['sip:127.0.0.1:5060;transport=tcp', '<sip:127.0.0.1:5060;transport=tcp;lr>'],
  ['<sip:127.0.0.1:5060;transport=tcp>', '<sip:127.0.0.1:5060;transport=tcp;lr>'],
  ['sip:proxy.example.org;lr', '<sip:proxy.example.org;lr>'],
] as const) {
  test(`outbound-proxy=${proxy} gives the Route ${route}`, () => {
    const destination = new Trenscrypter(noRules, proxy).decide({ request, recipient, offered: 'sdes' })
    assert.ok(destination.kind === 'destination')
    assert.deepEqual(destination.route, [route])
    assert.equal(destination.uri, recipient)
    assert.equal(destination.mode, 'sdes', 'without a rule leg B follows leg A')
  })
}

test('a call without an offer and without a rule leaves leg B’s mode to the recipient', () => {
  const destination = new Trenscrypter(noRules, 'sip:p').decide({ request, recipient, offered: undefined })
  assert.ok(destination.kind === 'destination')
  assert.equal(destination.mode, undefined)
})
