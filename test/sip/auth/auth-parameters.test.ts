import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AuthError } from '../../../src/sip/auth/auth-error.ts'
import {
  formatNonceCount,
  parseDigestParameters,
  parseNonceCount,
  quoted,
} from '../../../src/sip/auth/auth-parameters.ts'
import { parseChallenge } from '../../../src/sip/auth/digest-challenge.ts'
import { parseCredentials } from '../../../src/sip/auth/digest-credentials.ts'

const read = (value: string): unknown => Object.fromEntries(parseDigestParameters(value) ?? [])

test('values are unquoted, names and scheme lose their case', () => {
  assert.equal(parseDigestParameters('Basic YWxpY2U6c2VjcmV0'), undefined)
  const cases: readonly (readonly [string, unknown])[] = [
    ['Digest Realm="a, b=c", NONCE=x', { realm: 'a, b=c', nonce: 'x' }],
    ['Digest realm="a \\"b\\" \\\\"', { realm: 'a "b" \\' }],
    ['  Digest \t realm = "a" ,\tqop=auth  ', { realm: 'a', qop: 'auth' }],
    ['Digest ,, a=1,,b="",', { a: '1', b: '' }],
    ['Digest uri=sip:a@b;c=d, x=y', { uri: 'sip:a@b;c=d', x: 'y' }],
    ['DIGEST', {}],
  ]
  for (const [value, wanted] of cases) assert.deepEqual(read(value), wanted, value)
})

test('what is malformed is refused with 400, and without being quoted', () => {
  const cases = ['', '  ', '"Digest" a=b', 'Digest a', 'Digest a=', 'Digest =b', 'Digest a="b', 'Digest a=b c=d']
  cases.push('Digest a=b, A=c', 'Digest a="b"c', 'Digest a=b"c"', 'Digest a="x\\"')
  cases.push(`Digest ${Array.from({ length: 33 }, (_, i) => `p${i}=secret`).join()}`)
  for (const value of cases) {
    assert.throws(
      () => parseDigestParameters(value),
      (error) => error instanceof AuthError && error.status === 400 && !error.message.includes('secret'),
      value,
    )
  }
})

test('any text is read or refused by name, in linear time', () => {
  const piece = fc.constantFrom(
    'Digest ',
    'realm',
    '=',
    '"',
    ',',
    '\\',
    ' ',
    'nonce',
    'x',
    'qop=auth',
    '\xff',
    '\0',
    ';',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary-ascii' }),
        fc.array(piece).map((all) => all.join('')),
      ),
      (text) => {
        for (const parse of [parseDigestParameters, parseChallenge, parseCredentials]) {
          try {
            parse(text)
          } catch (error) {
            assert.ok(error instanceof AuthError)
          }
        }
      },
    ),
    { numRuns: 2000 },
  )
  const long = 60_000
  for (const text of ['a="', 'a=b,', '\\"', '  ', ',', 'a']) {
    assert.doesNotThrow(() => {
      try {
        parseDigestParameters(`Digest ${text.repeat(long / text.length)}`)
      } catch (error) {
        if (!(error instanceof AuthError)) throw error
      }
    })
  }
})

test('what is quoted reads as it was', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const latin1 = Buffer.from(text).toString('latin1')
      if (/[\x00-\x08\x0a-\x1f\x7f]/.test(latin1)) return
      assert.deepEqual(read(`Digest a=${quoted(latin1)}, b=c`), { a: latin1, b: 'c' })
    }),
  )
})

test('a text that would end the header line cannot be quoted', () => {
  for (const text of ['a\r\nVia: x', '\0', '\x7f', 'ā']) assert.throws(() => quoted(text), AuthError)
})

test('a nonce count is eight hexadecimal digits', () => {
  assert.equal(parseNonceCount('0000000a'), 10)
  assert.equal(parseNonceCount('FFFFFFFF'), 0xffffffff)
  for (const bad of ['', '1', '0000000g', '000000001', '-0000001', '0x000001', '       1']) {
    assert.equal(parseNonceCount(bad), undefined, bad)
  }
  assert.equal(formatNonceCount(255), '000000ff')
})
