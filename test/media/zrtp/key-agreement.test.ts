import assert from 'node:assert/strict'
import { getDiffieHellman } from 'node:crypto'
import { describe, test } from 'node:test'
import { publicValueLength, type DhAgreement } from '../../../src/media/zrtp/algorithms.ts'
import { newKeyPair } from '../../../src/media/zrtp/key-agreement.ts'

const agreements = Object.keys(publicValueLength) as DhAgreement[]
const refused = { code: 'ZRTP_PUBLIC_VALUE', number: 0x61 }

/** A number as the wire has it. */
function big(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

describe('key agreements of ZRTP', () => {
  for (const algorithm of agreements) {
    test(`${algorithm}: both sides come to the same result, of the right lengths`, () => {
      const [one, two] = [newKeyPair(algorithm), newKeyPair(algorithm)]
      assert.equal(one.publicValue.length, publicValueLength[algorithm])
      assert.deepEqual(one.agree(two.publicValue), two.agree(one.publicValue))
      assert.notDeepEqual(one.publicValue, two.publicValue)
    })

    test(`${algorithm}: a public value of another length is refused`, () => {
      const { length } = newKeyPair(algorithm).publicValue
      for (const other of [0, length - 1, length + 1]) {
        assert.throws(() => newKeyPair(algorithm).agree(Buffer.alloc(other, 9)), refused)
      }
    })
  }

  for (const [algorithm, group] of [
    ['DH3k', 'modp15'],
    ['DH2k', 'modp14'],
  ] as const)
    test(`${algorithm}: 0, 1, p − 1, p and p + 1 are refused`, () => {
      const p = BigInt(`0x${getDiffieHellman(group).getPrime('hex')}`)
      for (const value of [0n, 1n, p - 1n, p, p + 1n]) {
        assert.throws(() => newKeyPair(algorithm).agree(big(value, publicValueLength[algorithm])), refused)
      }
    })

  test('X255: points of low order are refused (RFC 7748 §6.1)', () => {
    for (const point of [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ])
      assert.throws(() => newKeyPair('X255').agree(Buffer.from(point, 'hex')), refused)
  })

  test('X448: points of low order are refused', () => {
    for (const value of [0n, 1n]) {
      assert.throws(() => newKeyPair('X448').agree(big(value, 56).reverse()), refused)
    }
    assert.throws(() => newKeyPair('X448').agree(big(2n ** 448n - 2n ** 224n - 2n, 56).reverse()), refused)
  })

  for (const algorithm of ['EC25', 'EC38'] as const)
    test(`${algorithm}: a point that is not on the curve is refused`, () => {
      const point = Buffer.from(newKeyPair(algorithm).publicValue)
      point[point.length - 1]! ^= 1
      assert.throws(() => newKeyPair(algorithm).agree(point), refused)
      assert.throws(() => newKeyPair(algorithm).agree(Buffer.alloc(point.length)), refused)
    })
})
