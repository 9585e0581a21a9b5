import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cryptoSuites, type CryptoSuite } from '../../src/base/encryption.ts'
import { readCrypto, writeCrypto } from '../../src/sdp/crypto-attribute.ts'

/** Bytes 0, 1, 2, … as base64. */
const key = (length: number): string => Buffer.from(Array.from({ length }, (_, index) => index)).toString('base64')

/** RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.1: master key and salt, in bytes. */
const lengths: readonly (readonly [CryptoSuite, number])[] = [
  ['AES_CM_128_HMAC_SHA1_80', 30],
  ['AES_CM_128_HMAC_SHA1_32', 30],
  ['AES_192_CM_HMAC_SHA1_80', 38],
  ['AES_192_CM_HMAC_SHA1_32', 38],
  ['AES_256_CM_HMAC_SHA1_80', 46],
  ['AES_256_CM_HMAC_SHA1_32', 46],
  ['AEAD_AES_128_GCM', 28],
  ['AEAD_AES_256_GCM', 44],
]
for (const [suite, length] of lengths) {
  test(`${suite} has ${length} bytes of key and salt, padded or not, and is written with padding`, () => {
    const padded = key(length)
    for (const text of [padded, padded.replaceAll('=', '')]) {
      const line = readCrypto(`3 ${suite} inline:${text}`)
      assert.ok(line.usable)
      assert.deepEqual([line.tag, line.suite], [3, suite])
      assert.equal(line.key.key.length, cryptoSuites[suite].keyLength)
      assert.deepEqual(Buffer.concat([line.key.key, line.key.salt]), Buffer.from(padded, 'base64'))
      assert.equal(line.key.mki, undefined)
      assert.equal(writeCrypto(line.tag, line.key), `3 ${suite} inline:${padded}`)
    }
    for (const wrong of [length - 1, length + 1, 0]) {
      const line = readCrypto(`3 ${suite} inline:${key(wrong)}`)
      assert.ok(!line.usable && line.code === 'SDES_KEY_UNUSABLE', `${wrong} bytes`)
    }
  })
}

const k = key(30)
const usable: readonly (readonly [string, string | undefined])[] = [
  ['|2^20', undefined],
  ['|2^48', undefined],
  ['|1048576', undefined],
  ['|1:1', '01'],
  ['|2^20|1:4', '00000001'],
  ['|66051:4', '00010203'],
  ['|255:1', 'ff'],
  [`|1:128`, `${'00'.repeat(127)}01`],
  [` WSH=128`, undefined],
  [` -X-OPTIONAL=1 WSH=64`, undefined],
  [`|1:4;inline:${key(30)}|2:4`, '00000001'],
  [`|2^31|1:4;inline:${key(30)}|2^31|2:4`, '00000001'],
]
for (const [tail, mki] of usable) {
  test(`inline:key${tail.replaceAll(k, 'key')} can be used${mki === undefined ? '' : ', with an MKI'}`, () => {
    const line = readCrypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${k}${tail}`)
    assert.ok(line.usable)
    assert.equal(line.key.mki?.toString('hex'), mki)
  })
}

const unusable: readonly (readonly [string, string, number | undefined])[] = [
  ['', 'SDES_UNUSABLE', undefined],
  ['x AES_CM_128_HMAC_SHA1_80 inline:KEY', 'SDES_UNUSABLE', undefined],
  ['1234567890 AES_CM_128_HMAC_SHA1_80 inline:KEY', 'SDES_UNUSABLE', undefined],
  ['1', 'SDES_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80', 'SDES_KEY_UNUSABLE', 1],
  ['1 aes_cm_128_hmac_sha1_80 inline:KEY', 'SDES_UNUSABLE', 1],
  ['1 F8_128_HMAC_SHA1_80 inline:KEY', 'SDES_UNUSABLE', 1],
  ['1 KEY', 'SDES_UNUSABLE', 1],
  ['1 toString inline:KEY', 'SDES_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 uri:KEY', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY!', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:=KEY', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^49', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|0', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|2^20', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|x:4', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|256:1', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|1:0', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY|1:129', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY;inline:', 'SDES_KEY_UNUSABLE', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTP', 'SDES_PARAMETER_UNSUPPORTED', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTCP', 'SDES_PARAMETER_UNSUPPORTED', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNAUTHENTICATED_SRTP', 'SDES_PARAMETER_UNSUPPORTED', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY KDR=1', 'SDES_PARAMETER_UNSUPPORTED', 1],
  ['1 AES_CM_128_HMAC_SHA1_80 inline:KEY WSH=64 FEC_KEY=inline:KEY', 'SDES_PARAMETER_UNSUPPORTED', 1],
]
for (const [text, code, tag] of unusable) {
  test(`"${text}" cannot be used, and why does not tell the key`, () => {
    const line = readCrypto(text.replaceAll('KEY', k))
    assert.ok(!line.usable)
    assert.deepEqual([line.code, line.tag], [code, tag])
    assert.ok(!JSON.stringify(line).includes(k.slice(0, 12)), line.why)
  })
}
