import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../src/config/assemble.ts'
import { type ConfigSnapshot } from '../../src/config/config-snapshot.ts'
import { checkTruncation } from '../../src/config/truncation.ts'

const snapshotOf = (text: string): ConfigSnapshot =>
  assemble({ file: 'flexisip.conf', text, companion: 'flexisip-b2bua.conf' }).snapshot

/** The code of what is wrong when a file changes from `before` to `after`. */
function verdict(before: string, after: string): string | undefined {
  return checkTruncation(snapshotOf(after), snapshotOf(before))[0]?.code
}

const header = '[b2bua-server::trenscrypter]\n'
const rules = `${header}outgoing-enc-regex=zrtp .*@a sdes .*\noutgoing-srtp-regex=AES_CM_128_HMAC_SHA1_80 .*\n`

test('every cut within a line is found, and every one that takes the rules', () => {
  const lastRules = rules.indexOf('outgoing-srtp')
  for (let length = 0; length < rules.length; length++) {
    const cut = rules.slice(0, length)
    const atLineEnd = length === lastRules || length === lastRules - 1 || length === rules.length - 1
    assert.equal(verdict(rules, cut), atLineEnd ? undefined : length === 0 ? 'CONFIG_EMPTY' : 'CONFIG_TRUNCATED', cut)
  }
})

test('lines at the end may be removed by an editor, with or without a last line feed', () => {
  assert.equal(verdict(`${rules}[global]\nlog-level=debug\n`, rules), undefined)
  assert.equal(verdict(`${rules}[global]\nlog-level=debug\n`, rules.trimEnd()), undefined)
})

test('the end of a last line that never had a line feed may be removed', () => {
  assert.equal(
    verdict(`${header}outgoing-enc-regex=zrtp .*@a sdes .*`, `${header}outgoing-enc-regex=zrtp .*@a`),
    undefined,
  )
})

test('rules may be commented out, or said to be empty', () => {
  assert.equal(verdict(rules, rules.replace('outgoing-enc', '#outgoing-enc')), undefined)
  assert.equal(verdict(rules, `${header}outgoing-enc-regex= \n`), undefined)
})

test('a file that had nothing may have nothing', () => {
  assert.equal(verdict('', ''), undefined)
  assert.equal(verdict('\n\n', ' '), undefined)
})

test('a file that grows or changes is not cut off', () => {
  assert.equal(verdict(rules, `${rules}[global]\nlog-level=deb`), undefined)
  assert.equal(verdict(rules, rules.replace('zrtp', 'none')), undefined)
})
