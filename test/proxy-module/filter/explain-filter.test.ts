import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainFilter } from '../../../proxy-module/filter/explain-filter.ts'
import { invite, request } from './messages.ts'

test('a filter is answered with true, false, or its error', () => {
  assert.equal(explainFilter("request.method == 'INVITE'", invite), 'true')
  assert.equal(explainFilter("request.method == 'BYE'\r", invite), 'false')
  assert.equal(explainFilter('', invite), 'true')
  assert.equal(explainFilter('is_request & true', invite), "error: 12: '&' is no operator; write '&&'")
})

test('letters beyond ASCII are compared byte by byte, as on the wire', () => {
  const call = request('INVITE', 'sip:x', [['User-Agent', Buffer.from('Téléphone').toString('latin1')]])
  assert.equal(explainFilter("user-agent contains 'élé'", call), 'true')
})
