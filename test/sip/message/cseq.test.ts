import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCSeq } from '../../../src/sip/message/cseq.ts'

test('a CSeq is a number and a method', () => {
  assert.deepEqual(parseCSeq('0009 \t INVITE'), { number: 9, method: 'INVITE' })
  assert.deepEqual(parseCSeq('2147483647 x'), { number: 2147483647, method: 'x' })
})

for (const value of [
  '',
  '1',
  'INVITE',
  '-1 INVITE',
  '1 IN VITE',
  '2147483648 INVITE',
  '1e3 INVITE',
  '0x1 INVITE',
  '1 ',
  '1INVITE',
]) {
  test(`malformed: ${JSON.stringify(value)}`, () => {
    assert.throws(() => parseCSeq(value), { name: 'HeaderError', code: 'SIP_CSEQ', status: 400 })
  })
}
