import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everythingCrosses } from '../../src/base/header-policy.ts'
import { headerTable } from '../../src/base/header-table.ts'
import { bodyHeaders, relayedHeaders } from '../../src/b2bua/relayed-headers.ts'
import { headerPolicy } from '../../src/config/header-policy-type.ts'
import { headerKey } from '../../src/sip/message/header-names.ts'
import { Headers } from '../../src/sip/message/headers.ts'

function headers(...fields: [string, string][]): Headers {
  const result = new Headers()
  for (const [name, value] of fields) result.add(name, value)
  return result
}

const rules = { policy: everythingCrosses, dialogs: { farDialog: () => undefined } }

test('end-to-end headers cross as they came: name, order, and several of a name', () => {
  const fields: [string, string][] = [
    ['X-Tenant', '42'],
    ['P-Asserted-Identity', '<sip:alice@example.org>'],
    ['Diversion', '<sip:carol@example.org>;reason=unconditional'],
    ['X-Tenant', '43'],
    ['s', 'lunch'],
    ['Privacy', 'id'],
  ]
  assert.deepEqual(relayedHeaders(headers(...fields), rules), fields)
})

test('what belongs to a leg never crosses, in long or compact form and any letter case', () => {
  const own = headers(
    ['Via', 'SIP/2.0/TCP a;branch=z9hG4bK1'],
    ['v', 'SIP/2.0/TCP b;branch=z9hG4bK2'],
    ['ROUTE', '<sip:p;lr>'],
    ['Record-Route', '<sip:p;lr>'],
    ['f', '<sip:a@b>;tag=1'],
    ['t', '<sip:a@b>'],
    ['m', '<sip:a@b>'],
    ['i', 'x'],
    ['CSeq', '1 INVITE'],
    ['Max-Forwards', '70'],
    ['k', 'timer'],
    ['Require', 'timer'],
    ['x', '1800'],
    ['Authorization', 'Digest response="secret"'],
    ['Proxy-Authorization', 'Digest response="secret"'],
    ['User-Agent', 'phone'],
    ['x-flexisip-b2bua', 'ignore'],
    ['Flexisip-B2BUA', 'ignore'],
    ['c', 'application/sdp'],
    ['l', '0'],
  )
  assert.deepEqual(relayedHeaders(own, rules), [])
})

test('a body that crosses takes along what describes it', () => {
  const body = headers(['Content-Disposition', 'render'], ['e', 'gzip'], ['Content-Length', '5'])
  assert.deepEqual(bodyHeaders(body), [
    ['Content-Encoding', 'gzip'],
    ['Content-Disposition', 'render'],
  ])
})

test('what crosses whole, and only that, is what the table says; nothing is in it twice', () => {
  const seen = new Set<string>()
  for (const { names, crossing } of headerTable) {
    for (const name of names) {
      assert.equal(headerKey(name), name.toLowerCase(), `${name} is spelled in full`)
      assert.ok(!seen.has(name.toLowerCase()), `${name} is there twice`)
      seen.add(name.toLowerCase())
      const crosses = crossing !== 'own' && crossing !== 'part'
      assert.equal(relayedHeaders(headers([name, 'x']), rules).length, crosses ? 1 : 0, name)
      const narrowed = { ...rules, policy: headerPolicy.parse('-*') }
      const stays = crosses && crossing !== 'end-to-end'
      assert.equal(relayedHeaders(headers([name, 'x']), narrowed).length, stays ? 1 : 0, `${name}, with -*`)
    }
  }
})
