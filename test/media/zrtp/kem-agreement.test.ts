import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { hashLength, kemLengths, type HashAlgorithm, type KemAgreement } from '../../../src/media/zrtp/algorithms.ts'
import { answerKem, commitKem, openKem, type KemPrivateKey } from '../../../src/media/zrtp/kem-agreement.ts'
import { kemVectors } from './kem-vectors.ts'

const agreements = Object.keys(kemLengths) as KemAgreement[]
const hashes = Object.keys(hashLength) as HashAlgorithm[]
const refused = { code: 'ZRTP_PUBLIC_VALUE', number: 0x61 }

/** Bytes of a public value of the curve, the object identifiers in DER of the curve and of ML-KEM. */
const parts = {
  X1M1: { curve: 32, curveOid: '06032b656e', latticeOid: '0609608648016503040401' },
  X3M3: { curve: 56, curveOid: '06032b656f', latticeOid: '0609608648016503040403' },
} as const

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** A private key of its bare bytes (RFC 5958). */
function privateKeyOf(oid: string, key: Buffer): KeyObject {
  const algorithm = der(0x30, Buffer.from(oid, 'hex'))
  const bytes = der(0x30, der(2, Buffer.from([0])), algorithm, der(4, der(4, key)))
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
}

function keyOf(algorithm: KemAgreement, bytes: Buffer): KemPrivateKey {
  const { curve, curveOid, latticeOid } = parts[algorithm]
  const privateKey = privateKeyOf(curveOid, bytes.subarray(0, curve))
  const info = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const prefix = info.subarray(0, -curve)
  const agree = (value: Buffer): Buffer => {
    const key = Buffer.concat([prefix, value])
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'der', type: 'spki' }) })
  }
  return {
    curve: { publicValue: info.subarray(-curve), agree },
    lattice: privateKeyOf(latticeOid, bytes.subarray(curve)),
  }
}

describe('key encapsulation of ZRTP', () => {
  for (const { algorithm, hash, privateKey, ciphertext, secret } of kemVectors)
    test(`${algorithm} ${hash}: the secret in a ciphertext is the one that bzrtp's engine finds in it`, () => {
      const key = keyOf(algorithm, Buffer.from(privateKey, 'base64'))
      assert.equal(openKem(algorithm, hash, key, Buffer.from(ciphertext, 'base64')).toString('base64'), secret)
    })

  for (const algorithm of agreements) {
    for (const hash of hashes)
      test(`${algorithm} ${hash}: both sides come to the same result, and each key pair to another`, () => {
        const initiator = commitKem(algorithm, hash)
        const [responder, another] = [1, 2].map(() => answerKem(algorithm, hash, initiator.publicKey))
        assert.equal(initiator.publicKey.length, kemLengths[algorithm].publicKey)
        assert.equal(responder!.publicValue.length, kemLengths[algorithm].ciphertext)
        assert.equal(initiator.publicValue.length, 16)
        const result = initiator.agree(responder!.publicValue)
        assert.equal(result.length, hashLength[hash])
        assert.deepEqual(responder!.agree(initiator.publicValue), result)
        assert.notDeepEqual(initiator.agree(another!.publicValue), result)
      })

    test(`${algorithm}: a public key, a ciphertext and a nonce of another length are refused`, () => {
      const initiator = commitKem(algorithm, 'S256')
      const responder = answerKem(algorithm, 'S256', initiator.publicKey)
      const lengths = (value: Buffer): readonly Buffer[] =>
        [value.subarray(1), Buffer.concat([value, Buffer.alloc(4)]), Buffer.alloc(0)] as const
      for (const value of lengths(initiator.publicKey)) {
        assert.throws(() => answerKem(algorithm, 'S256', value), refused)
      }
      for (const value of lengths(responder.publicValue)) assert.throws(() => initiator.agree(value), refused)
      for (const value of lengths(initiator.publicValue)) assert.throws(() => responder.agree(value), refused)
    })

    test(`${algorithm}: a point of low order is refused, and coefficients that are none (FIPS 203 §7.2)`, () => {
      const initiator = commitKem(algorithm, 'S256')
      const { publicValue } = answerKem(algorithm, 'S256', initiator.publicKey)
      const { curve } = parts[algorithm]
      for (const point of [Buffer.alloc(curve), Buffer.alloc(curve).fill(1, 0, 1)]) {
        const spoilt = (value: Buffer): Buffer => Buffer.concat([point, value.subarray(curve)])
        assert.throws(() => answerKem(algorithm, 'S256', spoilt(initiator.publicKey)), refused)
        assert.throws(() => initiator.agree(spoilt(publicValue)), refused)
      }
      const overflown = Buffer.from(initiator.publicKey).fill(0xff, curve, curve + 3)
      assert.throws(() => answerKem(algorithm, 'S256', overflown), refused)
    })

    test(`${algorithm}: whoever changes a bit of the ciphertext changes the result`, () => {
      const initiator = commitKem(algorithm, 'S256')
      const responder = answerKem(algorithm, 'S256', initiator.publicKey)
      const result = responder.agree(initiator.publicValue)
      for (const place of [5, parts[algorithm].curve + 5, responder.publicValue.length - 1]) {
        const changed = Buffer.from(responder.publicValue)
        changed[place]! ^= 4
        assert.notDeepEqual(initiator.agree(changed), result)
      }
    })
  }
})
