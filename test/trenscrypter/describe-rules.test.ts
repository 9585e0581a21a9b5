import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeRules } from '../../src/trenscrypter/describe-rules.ts'
import { rulesFrom } from '../support/trenscrypter-rules.ts'

/** What the log says when the rules change; each argument is both lists. */
function changes(before: readonly [string, string?], after: readonly [string, string?]): string[] {
  return describeRules.changes(rulesFrom(...before).rules, rulesFrom(...after).rules)
}

test('all rules are listed in the order in which they are tried', () => {
  const { rules } = rulesFrom('zrtp .*@a none .*', 'AEAD_AES_128_GCM .*')
  assert.deepEqual(describeRules.all(rules), [
    "rule 0 at flexisip.conf:2:20: zrtp for '.*@a'",
    "rule 1 at flexisip.conf:2:30: none for '.*'",
    "suite rule 0 at flexisip.conf:3:21: AEAD_AES_128_GCM for '.*'",
  ])
})

test('without rules the log says what happens', () => {
  assert.deepEqual(describeRules.all(rulesFrom('').rules), [
    'no rule: the outgoing call is encrypted as the incoming one',
  ])
})

test('nothing is said of rules that only stand elsewhere', () => {
  assert.deepEqual(changes(['zrtp .*@a sdes .*@b'], ['zrtp    .*@a   sdes .*@b']), [])
})

test('a rule that is added or removed is named, those behind it are not', () => {
  assert.deepEqual(changes(['sdes .*@b none .*@c'], ['zrtp .*@a sdes .*@b none .*@c']), [
    "rule 0 at flexisip.conf:2:20 added: zrtp for '.*@a'",
  ])
  assert.deepEqual(changes(['zrtp .*@a sdes .*@b none .*@c'], ['sdes .*@b none .*@c']), [
    "rule removed, which was 0 at flexisip.conf:2:20: zrtp for '.*@a'",
  ])
})

test('a rule whose mode or suites change is named with both', () => {
  assert.deepEqual(changes(['zrtp .*@a', 'AEAD_AES_128_GCM .*'], ['sdes .*@a', 'AEAD_AES_256_GCM .*']), [
    "rule 0 at flexisip.conf:2:20 changed: zrtp → sdes for '.*@a'",
    "suite rule 0 at flexisip.conf:3:21 changed: AEAD_AES_128_GCM → AEAD_AES_256_GCM for '.*'",
  ])
})

test('a rule whose regex changes is named with both', () => {
  assert.deepEqual(changes(['zrtp .*@a none .*'], ['zrtp .*@b none .*']), [
    "rule 0 at flexisip.conf:2:20 changed: zrtp for '.*@a' → '.*@b'",
  ])
})

test('a rule that moves past others is named, the others are not', () => {
  assert.deepEqual(changes(['zrtp .*@a sdes .*@b none .*@c'], ['none .*@c zrtp .*@a sdes .*@b']), [
    "rule 0 at flexisip.conf:2:20 moved from place 2: none for '.*@c'",
  ])
})

test('equal rules are told apart by their order', () => {
  assert.deepEqual(changes(['zrtp .* zrtp .*'], ['zrtp .* zrtp .*']), [])
  assert.deepEqual(changes(['zrtp .* zrtp .*'], ['zrtp .*']), [
    "rule removed, which was 1 at flexisip.conf:2:28: zrtp for '.*'",
  ])
})
