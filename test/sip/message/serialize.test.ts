import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Headers } from '../../../src/sip/message/headers.ts'
import { createRequest } from '../../../src/sip/message/message.ts'
import { serialize } from '../../../src/sip/message/serialize.ts'

test('a request is written with the Content-Length of its body, whatever its fields say', () => {
  const headers = new Headers([
    ['l', '999'],
    ['v', 'x'],
    ['Content-Length', '7'],
    ['X', 'caf\xe9'],
  ])
  const bytes = serialize(createRequest('INFO', 'sip:a', headers, Buffer.from([0, 200])))
  const expected = 'INFO sip:a SIP/2.0\r\nv: x\r\nX: caf\xe9\r\nContent-Length: 2\r\n\r\n\0\xc8'
  assert.equal(bytes.toString('latin1'), expected)
})

test('a response without a reason phrase keeps its space', () => {
  const bytes = serialize({ kind: 'response', status: 200, reason: '', headers: new Headers(), body: Buffer.alloc(0) })
  assert.equal(bytes.toString(), 'SIP/2.0 200 \r\nContent-Length: 0\r\n\r\n')
})

test('nothing is injected through method, URI or reason', () => {
  const refused = { name: 'HeaderError', code: 'SIP_START_LINE' }
  assert.throws(() => serialize(createRequest('INFO', 'sip:a SIP/2.0\r\nEvil: 1')), refused)
  assert.throws(() => serialize(createRequest('INFO\n', 'sip:a')), refused)
  const response = { kind: 'response', status: 200, headers: new Headers(), body: Buffer.alloc(0) } as const
  assert.throws(() => serialize({ ...response, reason: 'a\u010aEvil: 1' }), refused)
})
