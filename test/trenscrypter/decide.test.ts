import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultCryptoSuites, encryptionModes } from '../../src/base/encryption.ts'
import { decide, describeDecision } from '../../src/trenscrypter/decide.ts'
import { rulesFrom } from '../support/trenscrypter-rules.ts'

/** The rules of Flexisip's own tester (reference: trenscrypter, "Tester mapping"). */
const tester = rulesFrom(
  String.raw`zrtp .*b2bua_zrtp.*@sip\.example\.org(;.*)? sdes .*b2bua_srtp.*@sip\.example\.org(;.*)? dtls-srtp .*b2bua_dtls.*@sip\.example\.org(;.*)?`,
  String.raw`AEAD_AES_256_GCM .*b2bua_srtpgcm.*@sip\.example\.org(;.*)? AES_256_CM_HMAC_SHA1_80;AES_256_CM_HMAC_SHA1_32 .*b2bua_srtp256.*@sip\.example\.org(;.*)? AES_CM_128_HMAC_SHA1_80 .*b2bua_srtp.*@sip\.example\.org(;.*)?`,
).rules

for (const [user, caller, mode, suites] of [
  ['b2bua_zrtp', 'sdes', 'zrtp', undefined],
  ['b2bua_srtp', 'zrtp', 'sdes', ['AES_CM_128_HMAC_SHA1_80']],
  ['b2bua_srtp', 'dtls-srtp', 'sdes', ['AES_CM_128_HMAC_SHA1_80']],
  ['b2bua_dtlsp', 'sdes', 'dtls-srtp', undefined],
  ['b2bua_srtp256', 'sdes', 'sdes', ['AES_256_CM_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_32']],
  ['b2bua_srtpgcm', 'sdes', 'sdes', ['AEAD_AES_256_GCM']],
  ['b2bua_dtlsp', 'zrtp', 'dtls-srtp', undefined],
  ['b2bua_zrtp', 'dtls-srtp', 'zrtp', undefined],
] as const) {
  test(`Flexisip's tester: a call with ${caller} to ${user} becomes ${mode}`, () => {
    for (const uri of [`sip:${user}@sip.example.org`, `sip:${user}@sip.example.org;gr=urn:uuid:f81d4fae`]) {
      const decision = decide(tester, uri, caller)
      assert.equal(decision.mode, mode)
      assert.deepEqual(decision.suites, suites)
      assert.equal(decision.uri, uri)
    }
  })
}

for (const mode of encryptionModes) {
  test(`without a matching rule, ${mode} stays ${mode}`, () => {
    const decision = decide(tester, 'sip:someone@sip.example.org', mode)
    assert.equal(decision.mode, mode)
    assert.equal(decision.rule, undefined)
    assert.deepEqual(decision.suites, mode === 'sdes' ? defaultCryptoSuites : undefined)
  })
}

test('the first rule that matches wins', () => {
  const { rules } = rulesFrom('zrtp .*@a sdes .*@[ab] none .*')
  assert.deepEqual(
    ['sip:x@a', 'sip:x@b', 'sip:x@c'].map((uri) => decide(rules, uri, 'dtls-srtp').rule?.index),
    [0, 1, 2],
  )
})

test('suites are chosen when leg B follows an SDES leg A, too', () => {
  const { rules } = rulesFrom('', 'AES_256_CM_HMAC_SHA1_80 .*@a')
  const decision = decide(rules, 'sip:x@a', 'sdes')
  assert.deepEqual(decision.suites, ['AES_256_CM_HMAC_SHA1_80'])
  assert.equal(decision.suiteRule?.index, 0)
  assert.equal(decide(rules, 'sip:x@a', 'none').suites, undefined)
})

test('the host counts as it is written: case, port and parameters', () => {
  const { rules } = rulesFrom(String.raw`zrtp .*@sip\.example\.org`)
  for (const uri of ['sip:b@SIP.EXAMPLE.ORG', 'sip:b@sip.example.org:5060', 'sip:b@sip.example.org;gr=1']) {
    assert.equal(decide(rules, uri, 'none').mode, 'none', uri)
  }
})

test('a rule that is stopped does not count, and is named', () => {
  const { rules } = rulesFrom(String.raw`zrtp (.*)(.*)(.*)\1\2\3x sdes sip:.*`)
  const decision = decide(rules, `sip:${'ab'.repeat(2046)}`, 'none')
  assert.equal(decision.mode, 'sdes')
  assert.deepEqual(
    decision.exhausted.map(({ index }) => index),
    [0],
  )
  assert.match(describeDecision(decision), /; 0 at flexisip.conf:2:20 took too long and did not count$/)
  assert.deepEqual(decide(rules, 'sip:b', 'none').exhausted, [])
})

test('a decision is described with the places of its rules', () => {
  const { rules } = rulesFrom('zrtp .*@a sdes .*@b', 'AEAD_AES_128_GCM;AEAD_AES_256_GCM .*gcm@.*')
  const describe = (uri: string, mode: 'none' | 'sdes') => describeDecision(decide(rules, uri, mode))
  assert.equal(describe('sip:x@a', 'none'), 'zrtp (rule 0 at flexisip.conf:2:20)')
  assert.equal(describe('sip:x@c', 'none'), 'none (as leg A: no rule matches)')
  assert.equal(
    describe('sip:gcm@b', 'none'),
    'sdes (rule 1 at flexisip.conf:2:30), AEAD_AES_128_GCM;AEAD_AES_256_GCM (suite rule 0 at flexisip.conf:3:21)',
  )
  assert.equal(
    describe('sip:x@b', 'none'),
    `sdes (rule 1 at flexisip.conf:2:30), ${defaultCryptoSuites.join(';')} (the default suites)`,
  )
})
