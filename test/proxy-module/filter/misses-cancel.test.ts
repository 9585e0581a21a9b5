import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileFilter } from '../../../proxy-module/filter/filter.ts'
import { missesCancel } from '../../../proxy-module/filter/misses-cancel.ts'

test('a filter that tells CANCEL from its INVITE is found', () => {
  for (const filter of [
    "request.method == 'INVITE'",
    "request.method-name != 'CANCEL'",
    "is_request && request.method in 'INVITE ACK BYE'",
    "from.uri.domain == 'a' && !(request.method regex 'CAN.*')",
    "to.uri.domain == 'a' || (to.uri.domain == 'b' && request.method == 'INVITE')",
    "content-type == 'application/sdp'",
    "defined contact.uri.domain && to.uri.user == 'bob'",
  ]) {
    assert.equal(missesCancel(compileFilter(filter).root), true, filter)
  }
})

test('a filter that is the same for both is not', () => {
  for (const filter of [
    '',
    'true',
    'false',
    "to.uri.domain == 'a' || user-agent contains 'x'",
    "request.method == 'INVITE' || request.method == 'CANCEL'",
    "request.method in 'INVITE CANCEL' && call-id != 'x'",
    "request.method notin 'REGISTER MESSAGE'",
    "(request.method == 'INVITE' && to.uri.domain == 'a') || (to.uri.domain == 'a' && request.method == 'CANCEL')",
    "content-type != 'application/sdp' || true",
    "request.method == 'CANCEL'",
    'is_request',
  ]) {
    assert.equal(missesCancel(compileFilter(filter).root), false, filter)
  }
})

test('a filter of very many conditions is let pass', () => {
  const many = Array.from({ length: 40 }, (_, index) => `call-id == '${index}'`).join(' || ')
  assert.equal(missesCancel(compileFilter(`request.method == 'INVITE' && (${many})`).root), false)
})
