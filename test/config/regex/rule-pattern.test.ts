import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { compileRule, PatternError } from '../../../src/config/regex/rule-pattern.ts'

/** Bytes as latin1 text, without line ends, which RE2 and ECMAScript treat differently in `.`. */
const uriText = fc.string({ unit: fc.constantFrom(...Array.from('abc01@:;.-_+sip=\xe9')), maxLength: 30 })

/** Patterns of the syntax that libstdc++, RE2 and ECMAScript agree upon. */
const { shared } = fc.letrec<{ shared: string; alone: string }>((tie) => ({
  alone: fc.constantFrom(
    'a',
    'b',
    's',
    'i',
    'p',
    '.',
    '@',
    ';',
    '\\.',
    '\\+',
    '\\d',
    '[a-c]',
    '[^@]',
    '[0-9]',
    '\\x3a',
    '-',
  ),
  shared: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('alone'),
    fc.tuple(tie('shared'), tie('shared')).map(([a, b]) => a + b),
    fc.tuple(tie('shared'), tie('shared')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie('shared'), fc.constantFrom('*', '+', '?', '{2}', '{0,3}', '{1,}', '*?'))
      .map(([a, q]) => `(?:${a})${q}`),
  ),
}))

test('a pattern must match the whole text', () => {
  const pattern = compileRule('sip:.*@sip\\.example\\.org')
  assert.ok(pattern.matches('sip:bob@sip.example.org'))
  assert.ok(!pattern.matches('sip:bob@sip.example.org;gr=1'))
  assert.ok(!pattern.matches(' sip:bob@sip.example.org'))
  assert.ok(!pattern.matches('sip:bob@sip.example.orgs'))
  assert.ok(!pattern.matches('SIP:bob@sip.example.org'))
})

test('texts are bytes: no byte from 0x80 on belongs to a class, and each is one character', () => {
  const utf8 = Buffer.from('é').toString('latin1')
  assert.ok(compileRule('..').matches(utf8))
  assert.ok(compileRule(utf8).matches(utf8))
  assert.ok(!compileRule('\\w+').matches(utf8))
  assert.ok(!compileRule('[[:print:]]+').matches(utf8))
  assert.ok(!compileRule('.').matches('\u20ac'), 'what is no byte matches nothing')
})

test('a look-ahead takes the place from which it looks for the beginning, as in libstdc++', () => {
  assert.ok(compileRule('a(?=^b)b').matches('ab'))
  assert.ok(compileRule('a(?=\\bb)b').matches('ab'))
  assert.ok(!compileRule('a^b').matches('ab'))
})

test('look-aheads can be nested and negated', () => {
  const pattern = compileRule('sip:(?!(?=.*\\.test$)bob)(?=[^;]*@(?!evil)).*')
  assert.ok(pattern.matches('sip:bob@good.org'))
  assert.ok(!pattern.matches('sip:bob@good.test'))
  assert.ok(pattern.matches('sip:alice@good.test'))
  assert.ok(!pattern.matches('sip:alice@evil.org'))
})

test('agrees with RE2 and V8 on the syntax that all three share', () => {
  fc.assert(
    fc.property(shared, fc.array(uriText, { minLength: 1, maxLength: 5 }), (pattern, texts) => {
      const own = compileRule(pattern)
      const re2 = RE2JS.compile(pattern)
      const v8 = new RegExp(`^(?:${pattern})$`)
      for (const text of texts) {
        assert.equal(own.matches(text), re2.matches(text))
        assert.equal(own.matches(text), v8.test(text))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('whatever the pattern, compiling throws nothing but a PatternError, and matching nothing', () => {
  const anyPattern = fc.string({
    unit: fc.constantFrom(...Array.from('ab1.*+?()[]{}|\\^$-:=!,<dwsbBcxu\xe9\0\n')),
    maxLength: 40,
  })
  fc.assert(
    fc.property(fc.oneof(anyPattern, fc.string({ unit: 'binary' })), fc.string({ maxLength: 20 }), (pattern, text) => {
      try {
        compileRule(pattern).verdict(text)
      } catch (error) {
        assert.ok(error instanceof PatternError, String(error))
        assert.ok(error.column >= 1 && error.column <= pattern.length)
      }
    }),
    { numRuns: 3_000 },
  )
})

const longUri = (unit: string) => `sip:${unit.repeat(4096)}`.slice(0, 4096)

for (const [pattern, unit] of [
  ['(a+)+b', 'a'],
  ['(.*)*x', 'a'],
  ['sip:(a|aa)+$.', 'a'],
  ['(a|a)*b', 'a'],
  ['sip:([a-z]+)*@', 'abc'],
  ['(.*a){20}x', 'a'],
  ['sip:(?=(a+)+b).*', 'a'],
  ['sip:(?!(a*)*b).*b', 'a'],
  ['.*.*.*.*.*.*=.*x', '='],
] as const) {
  test(`${pattern} goes through a URI of 4 KiB to the end, in linear time`, () => {
    const compiled = compileRule(pattern)
    assert.equal(compiled.verdict(longUri(unit)), 'no-match')
    assert.ok(compiled.automaton!.work < 200_000, `${compiled.automaton!.work} steps`)
  })
}

for (const [pattern, unit] of [
  ['(a*)*\\1b', 'a'],
  ['(.*)(.*)(.*)\\1\\2\\3x', 'ab'],
  ['((.*)*)*\\1x', 'ab'],
  ['(?=(.*)*x)\\1', 'a'],
  ['(?=(a*))(?!(a*)*b)(a*)*\\1\\2c', 'a'],
  ['(a?){900}a{900}', 'a'],
] as const) {
  test(`${pattern}, whose work grows beyond all bounds, is stopped and says so`, () => {
    const compiled = compileRule(pattern)
    const text = longUri(unit).replace('sip:', unit)
    assert.equal(compiled.verdict(text), 'exhausted')
    assert.equal(compiled.matches(text), false)
    assert.equal(compiled.verdict(unit), compileRule(pattern).verdict(unit), 'and goes on working')
  })
}

test('a text that made an automaton forget its states does not change what it says of others', () => {
  const compiled = compileRule('.*a.{14}b.*')
  const matching = `xa${'-'.repeat(14)}bx`
  for (let round = 0; round < 50; round++) {
    const text = Array.from({ length: 2_000 }, (_, i) => ((i * i + round * i) % 7 < 3 ? 'a' : 'b')).join('')
    assert.equal(compiled.matches(text), /a.{14}b/.test(text))
    assert.ok(compiled.matches(matching))
    assert.ok(!compiled.matches(matching.slice(2)))
  }
})
