import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { OpenSslHmac } from '../../../src/media/openssl/openssl-hmac.ts'

const native = OpenSslHmac.open()!

test('HMAC-SHA256 of RFC 4231, case 2', () => {
  assert.equal(
    native.hmac(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')).toString('hex'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('is the same as that of node:crypto, whatever came before', () => {
  const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
  fc.assert(
    fc.property(bytes(64), bytes(2048), (key, message) => {
      assert.deepEqual(native.hmac(key, message), createHmac('sha256', key).update(message).digest())
    }),
    { numRuns: 500 },
  )
})

test('digests stay what they are when others are made', () => {
  const first = native.hmac(Buffer.alloc(32, 1), Buffer.from('one'))
  const copy = Buffer.from(first)
  native.hmac(Buffer.alloc(32, 2), Buffer.from('two'))
  assert.deepEqual(first, copy)
})

test('what has no room never reaches native memory', () => {
  for (const [key, message] of [
    [65, 10],
    [32, 2049],
    [32, 100_000],
  ] as const) {
    assert.equal(native.takes(Buffer.alloc(key), Buffer.alloc(message)), false)
    assert.throws(() => native.hmac(Buffer.alloc(key), Buffer.alloc(message)), RangeError)
  }
})
