import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain, explainLine } from '../../src/trenscrypter/explain.ts'
import { rulesFrom } from '../support/trenscrypter-rules.ts'

const { rules } = rulesFrom('zrtp .*@a sdes .*@b', 'AEAD_AES_128_GCM .*gcm@.*')
const sentence = (line: string) => explainLine(rules, line, { fromMode: 'none', json: false })
const object = (line: string) => JSON.parse(explainLine(rules, line, { fromMode: 'none', json: true })) as object

test('a line is answered with the rule that decides', () => {
  assert.equal(sentence('sip:x@a'), 'sip:x@a: zrtp (rule 0 at flexisip.conf:2:20)')
  assert.equal(
    sentence('sip:gcm@b'),
    'sip:gcm@b: sdes (rule 1 at flexisip.conf:2:30), AEAD_AES_128_GCM (suite rule 0 at flexisip.conf:3:21)',
  )
})

test('with JSON a line is answered with one object', () => {
  assert.deepEqual(object('sip:gcm@b'), {
    uri: 'sip:gcm@b',
    mode: 'sdes',
    rule: 1,
    fallback: [],
    suites: ['AEAD_AES_128_GCM'],
    srtpRule: 0,
    at: 'flexisip.conf:2:30',
  })
  assert.deepEqual(object('sip:x@c'), {
    uri: 'sip:x@c',
    mode: 'none',
    rule: null,
    fallback: [],
    suites: null,
    srtpRule: null,
    at: null,
  })
})

test('a line may name the encryption of leg A', () => {
  assert.equal(sentence('sip:x@c\tdtls-srtp'), 'sip:x@c: dtls-srtp (as leg A: no rule matches)')
  assert.equal(sentence('sip:x@a\tsdes\r'), 'sip:x@a: zrtp (rule 0 at flexisip.conf:2:20)')
})

test('letters beyond ASCII are matched byte by byte, as on the wire', () => {
  const { rules: accented } = rulesFrom('zrtp sip:Ren..@.*')
  assert.match(explainLine(accented, 'sip:René@x', { fromMode: 'none', json: false }), /^sip:René@x: zrtp/)
})

test('a line that cannot be answered says why, and does not stop the others', async () => {
  const lines = ['<sip:x@a>', 'bob@a', '', 'sip:x@a\tSRTP', 'sip:x@a']
  const answers: string[] = []
  for await (const answer of explain(rules, lines, { fromMode: 'none', json: false })) answers.push(answer)
  assert.deepEqual(answers, [
    "error: '<sip:x@a>' is more than a URI; write it without display name, < >, quotes and spaces",
    "error: 'bob@a' is no URI; write its scheme, e.g. sip:bob@a",
    'error: there is no URI; write e.g. sip:bob@sip.example.org',
    "error: 'SRTP' is not an encryption mode; write 'sdes'",
    'sip:x@a: zrtp (rule 0 at flexisip.conf:2:20)',
  ])
  assert.deepEqual(object('bob@a'), { uri: 'bob@a', error: "'bob@a' is no URI; write its scheme, e.g. sip:bob@a" })
})
