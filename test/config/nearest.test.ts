import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/config/nearest.ts'

const modes = ['zrtp', 'dtls-srtp', 'sdes', 'none'] as const

test('two letters that changed places are one edit', () => {
  assert.equal(nearest('dtsl-srtp', modes), 'dtls-srtp')
  assert.equal(nearest('sdse', modes), 'sdes')
})

test('letters that are missing, too many or wrong are found', () => {
  assert.equal(nearest('dtls-srt', modes), 'dtls-srtp')
  assert.equal(nearest('zrtpp', modes), 'zrtp')
  assert.equal(nearest('nome', modes), 'none')
  assert.equal(
    nearest('AES_CM_128_HMAC_SHA1_88', ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM']),
    'AES_CM_128_HMAC_SHA1_80',
  )
})

test('a word that is near to none is not taken for one', () => {
  assert.equal(nearest('srtp-mand', modes), undefined)
  assert.equal(nearest('abcd', modes), undefined)
  assert.equal(nearest('', modes), undefined)
})
