import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatProblem } from '../../src/config/problem.ts'
import { rulesFrom } from '../support/trenscrypter-rules.ts'

const lines = (encryption: string, suites?: string) => rulesFrom(encryption, suites).problems.map(formatProblem)

test('pairs are read in file order, with the place of each', () => {
  const { rules, problems } = rulesFrom(
    'zrtp .*@a dtls-srtp .*@b   sdes .*@c none .*@d',
    'AES_CM_128_HMAC_SHA1_32;AEAD_AES_256_GCM .*',
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(
    rules.encryption.map(({ index, mode, pattern, at }) => [index, mode, pattern.source, at.line, at.column]),
    [
      [0, 'zrtp', '.*@a', 2, 20],
      [1, 'dtls-srtp', '.*@b', 2, 30],
      [2, 'sdes', '.*@c', 2, 47],
      [3, 'none', '.*@d', 2, 57],
    ],
  )
  assert.deepEqual(
    rules.suites.map(({ index, suites, at }) => [index, suites, at.file, at.line, at.column]),
    [[0, ['AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_256_GCM'], 'flexisip.conf', 3, 21]],
  )
})

test('empty lists are no rules', () => {
  const { rules, problems } = rulesFrom('', '')
  assert.deepEqual([rules.encryption, rules.suites, problems], [[], [], []])
})

test('a last word without a partner is no pair, and no error', () => {
  const { rules, problems } = rulesFrom('zrtp .*@a sdes', 'AEAD_AES_128_GCM')
  assert.equal(rules.encryption.length, 1)
  assert.equal(rules.suites.length, 0)
  assert.deepEqual(problems, [])
})

test('all eight suites are known, by their exact names', () => {
  const names =
    'AES_CM_128_HMAC_SHA1_80;AES_CM_128_HMAC_SHA1_32;AES_192_CM_HMAC_SHA1_80;AES_192_CM_HMAC_SHA1_32;AES_256_CM_HMAC_SHA1_80;AES_256_CM_HMAC_SHA1_32;AEAD_AES_128_GCM;AEAD_AES_256_GCM'
  assert.equal(rulesFrom('', `${names} .*`).rules.suites[0]?.suites.join(';'), names)
})

test('a regex keeps backslashes, semicolons, hashes and quotes', () => {
  const source = String.raw`.*@sip\.x\.org(;.*)?#"'\x20`
  assert.equal(rulesFrom(`sdes ${source}`).rules.encryption[0]?.pattern.source, source)
})

test('an unknown mode is reported and skipped with its regex; the other rules keep their numbers', () => {
  const { rules, problems } = rulesFrom('dtsl-srtp .*@a sdes .*@b')
  assert.deepEqual(problems.map(formatProblem), [
    "flexisip.conf:2:20: error: 'dtsl-srtp' is not an encryption mode; write 'dtls-srtp'",
  ])
  assert.deepEqual(
    rules.encryption.map(({ index, mode }) => [index, mode]),
    [[1, 'sdes']],
  )
})

for (const [mode, instead] of [
  ['SDES', "write 'sdes'"],
  ['dtls', "write 'dtls-srtp'"],
  ['aes', "write one of 'zrtp', 'dtls-srtp', 'sdes', 'none'"],
  ['ztrp', "write 'zrtp'"],
  ['non', "write 'none'"],
] as const) {
  test(`${mode} is no mode: ${instead}`, () => {
    assert.deepEqual(lines(`${mode} .*`), [
      `flexisip.conf:2:20: error: '${mode}' is not an encryption mode; ${instead}`,
    ])
  })
}

test('a regex in front of its mode is recognised', () => {
  assert.deepEqual(lines('.*@a zrtp'), [
    "flexisip.conf:2:20: error: '.*@a' is not an encryption mode; write the mode before its regex: zrtp .*@a",
  ])
})

test('an invalid regex is reported at its fault, and its pair skipped', () => {
  const { rules, problems } = rulesFrom('zrtp .*@(a|b sdes .*')
  assert.deepEqual(problems.map(formatProblem), [
    `flexisip.conf:2:28: error: '.*@(a|b' is not a valid regex: "(" is not closed; close it with ")", or write \\( for the character itself`,
  ])
  assert.equal(rules.encryption.length, 1)
})

test('a wrong mode does not hide what is wrong with its regex', () => {
  assert.equal(lines('sdess [a').length, 2)
})

test('an unknown suite is reported where it stands and left out; a rule without any usable one is skipped', () => {
  const { rules, problems } = rulesFrom(
    '',
    'AES_CM_128_HMAC_SHA1_80;aead_aes_128_gcm .*@a AES_CM_128_HMAC_SHA1 .*@b NULL;; .*@c',
  )
  assert.deepEqual(
    rules.suites.map(({ index, suites }) => [index, suites]),
    [[0, ['AES_CM_128_HMAC_SHA1_80']]],
  )
  const [first, second, third, ...missing] = problems.map(formatProblem)
  assert.equal(first, "flexisip.conf:3:45: error: 'aead_aes_128_gcm' is not a crypto suite; write AEAD_AES_128_GCM")
  assert.match(second!, /^flexisip.conf:3:67: error: 'AES_CM_128_HMAC_SHA1' is not a crypto suite; write one of AES_CM/)
  assert.match(third!, /^flexisip.conf:3:93: error: 'NULL' is not a crypto suite/)
  assert.deepEqual(missing, [
    'flexisip.conf:3:98: error: a crypto suite is missing; write one semicolon between two suites',
    'flexisip.conf:3:99: error: a crypto suite is missing; write one semicolon between two suites',
  ])
})

test('a rule behind one that matches all that it matches is reported', () => {
  assert.deepEqual(
    lines('none .*@x sdes .* zrtp .*@sip\\.example\\.org', 'AEAD_AES_128_GCM sip:.* AEAD_AES_256_GCM sip:b.*'),
    [
      "flexisip.conf:2:38: warning: no call reaches this rule: '.*' at line 2, column 30 matches all that it matches; write it before that rule, or remove it",
      "flexisip.conf:3:45: warning: no call reaches this rule: 'sip:.*' at line 3, column 21 matches all that it matches; write it before that rule, or remove it",
    ],
  )
})

test('a rule that matches nothing is reported', () => {
  assert.deepEqual(lines('zrtp sip:(?!.).+'), [
    "flexisip.conf:2:20: warning: no call reaches this rule: 'sip:(?!.).+' matches nothing; write another regex",
  ])
})

test('hundreds of rules that overlap are read without comparing each with each', () => {
  const rules = Array.from({ length: 300 }, (_, i) => `sdes .*${i}.*x.*`).join(' ')
  assert.equal(rulesFrom(rules).rules.encryption.length, 300)
})

test('whatever the words, reading rules throws nothing', () => {
  const word = fc.oneof(
    fc.constantFrom('zrtp', 'sdes', 'none', 'dtsl-srtp', '.*', 'sip:.*', '(', '[a', 'AEAD_AES_128_GCM', ';', 'X;Y'),
    fc.string({ unit: fc.constantFrom(...Array.from('ab.*+?()[]{}|\\;:@')), minLength: 1, maxLength: 10 }),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.array(word, { maxLength: 8 }), (encryption, suites) => {
      const { rules, problems } = rulesFrom(encryption.join(' '), suites.join(' '))
      const pairs = Math.floor(encryption.length / 2) + Math.floor(suites.length / 2)
      const lost = pairs - rules.encryption.length - rules.suites.length
      assert.ok(lost <= problems.filter(({ severity }) => severity === 'error').length)
    }),
    { numRuns: 300 },
  )
})
