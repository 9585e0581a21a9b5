import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers, exampleOf } from '../../../src/config/regex/coverage.ts'
import { compileRule } from '../../../src/config/regex/rule-pattern.ts'

const covered: readonly (readonly [wide: string, narrow: string])[] = [
  ['.*', 'sip:bob@sip.example.org'],
  ['.*(;.*)?', '.*'],
  ['sip:.*', 'sip:.*@sip\\.example\\.org'],
  ['.*@sip\\.example\\.org(;.*)?', '.*@sip\\.example\\.org'],
  ['.*@sip.example.org', '.*@sip\\.example\\.org'],
  ['.*b2bua_srtp.*', '.*b2bua_srtpgcm.*@sip\\.example\\.org(;.*)?'],
  ['(?!sip:bob).*', 'sip:alice.*'],
  ['[[:digit:]]*', '[0-9]{3}'],
  ['(a)\\1', '(a)\\1'],
  ['.*', '(.*)@\\1'],
  ['.*', '[^@]*@x'], // no header value holds the line ends that only the second matches
]
for (const [wide, narrow] of covered) {
  test(`${wide} covers ${narrow}`, () => assert.ok(covers(compileRule(wide), compileRule(narrow))))
}

const uncovered: readonly (readonly [wide: string, narrow: string])[] = [
  ['sip:.*', '.*@sip\\.example\\.org'],
  ['.*@sip\\.example\\.org', '.*@sip\\.example\\.org(;.*)?'],
  ['sip:.*@a\\.org', 'sip:.*@b\\.org'],
  ['.+', '.*'],
  ['(a)\\1', 'aa'], // it does, but nobody can tell in general
  ['a*', '(a)\\1'],
]
for (const [wide, narrow] of uncovered) {
  test(`${wide} is not said to cover ${narrow}`, () => assert.ok(!covers(compileRule(wide), compileRule(narrow))))
}

test('patterns whose automata are too large to compare are not said to cover each other', () => {
  assert.equal(covers(compileRule('.*a.{14}b.*'), compileRule('.*a.{14}b.*c.*')), false)
})

test('an example of a pattern matches it; a pattern that matches nothing has none', () => {
  for (const pattern of ['sip:.*@a\\.b', '(?=.*x)(?!y)z*x', '\\bfoo\\b.*[0-9]{3}']) {
    const example = exampleOf(compileRule(pattern))
    assert.ok(typeof example === 'object' && compileRule(pattern).matches(example.text), pattern)
  }
  for (const pattern of ['[]', 'a^b', '(?!a)a', '(?=a)b'])
    assert.equal(exampleOf(compileRule(pattern)), 'none', pattern)
})

test('what covers a pattern matches every text that it matches', () => {
  const piece = fc.constantFrom('a', 'b', '.', '.*', 'a*', '(a|b)', '[^a]', 'b?', '(?!b)', 'a{1,2}')
  const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''))
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
  fc.assert(
    fc.property(pattern, pattern, fc.array(text, { minLength: 10, maxLength: 10 }), (wide, narrow, texts) => {
      if (!covers(compileRule(wide), compileRule(narrow))) return
      for (const one of texts) assert.ok(compileRule(wide).matches(one) || !compileRule(narrow).matches(one), one)
    }),
    { numRuns: 2_000 },
  )
})
