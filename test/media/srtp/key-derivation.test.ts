import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deriveSessionKey, deriveSessionKeys, isUsableMasterKey } from '../../../src/media/srtp/key-derivation.ts'
import { masterKey, suites } from '../../support/media/packets.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

describe('session keys', () => {
  test('RFC 3711 B.3: AES-128 PRF, cipher key, salt and 94 bytes of authentication key', () => {
    const key = hex('E1F97A0D3E018BE0D64FA32C06DE4139')
    const salt = hex('0EC675AD498AFEEBB6960B3AABE6')
    assert.deepEqual(deriveSessionKey(key, salt, 0, 16), hex('C61E7A93744F39EE10734AFE3FF7A087'))
    assert.deepEqual(deriveSessionKey(key, salt, 2, 14), hex('30CBBC08863D8C85D49DB34A9AE1'))
    assert.deepEqual(
      deriveSessionKey(key, salt, 1, 94),
      hex(`CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
           E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
           6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`),
    )
  })

  test('RFC 3711 B.3 keys are those of the AES_CM_128 suites', () => {
    const keys = deriveSessionKeys(
      {
        suite: 'AES_CM_128_HMAC_SHA1_80',
        key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'),
        salt: hex('0EC675AD498AFEEBB6960B3AABE6'),
      },
      'rtp',
    )
    assert.deepEqual(keys.cipherKey, hex('C61E7A93744F39EE10734AFE3FF7A087'))
    assert.deepEqual(keys.salt, hex('30CBBC08863D8C85D49DB34A9AE1'))
    assert.deepEqual(keys.authenticationKey, hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'))
  })

  test('the keys of RTCP differ, by labels 3 to 5', () => {
    const keys = deriveSessionKeys(
      {
        suite: 'AES_CM_128_HMAC_SHA1_80',
        key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'),
        salt: hex('0EC675AD498AFEEBB6960B3AABE6'),
      },
      'rtcp',
    )
    assert.deepEqual(keys.cipherKey, hex('4c1aa45a81f73d61c800bbb00fbb1eaa'))
    assert.deepEqual(keys.authenticationKey, hex('8d54534feb49ae8e7993a6bd0b844fc323a93dfd'))
    assert.deepEqual(keys.salt, hex('9581c7ad87b3e530bf3e4454a8b3'))
  })

  test('RFC 6188 7.2: AES-256 PRF', () => {
    const key = hex('f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6')
    const salt = hex('3b04803de51ee7c96423ab5b78d2')
    assert.deepEqual(
      deriveSessionKey(key, salt, 0, 32),
      hex('5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4'),
    )
    assert.deepEqual(deriveSessionKey(key, salt, 2, 14), hex('fa31791685ca444a9e07c6c64e93'))
    assert.deepEqual(deriveSessionKey(key, salt, 1, 20), hex('fd9c32d39ed5fbb5a9dc96b30818454d1313dc05'))
  })

  test('RFC 6188 7.4: AES-192 PRF', () => {
    const key = hex('73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1')
    const salt = hex('c8522f3acd4ce86d5add78edbb11')
    assert.deepEqual(deriveSessionKey(key, salt, 0, 24), hex('31874736a8f1143870c26e4857d8a5b2c4a354407faadabb'))
    assert.deepEqual(deriveSessionKey(key, salt, 2, 14), hex('2372b82d639b6d8503a47adc0a6c'))
    assert.deepEqual(deriveSessionKey(key, salt, 1, 20), hex('355b10973cd95b9eacf4061c7e1a7151e7cfbfcb'))
  })
})

describe('a master key', () => {
  for (const suite of suites) {
    test(`of ${suite} is usable with the lengths of its suite only`, () => {
      const key = masterKey(suite)
      assert.equal(isUsableMasterKey(key), true)
      assert.equal(isUsableMasterKey({ ...key, key: key.key.subarray(1) }), false)
      assert.equal(isUsableMasterKey({ ...key, salt: Buffer.concat([key.salt, Buffer.alloc(1)]) }), false)
    })
  }
})
