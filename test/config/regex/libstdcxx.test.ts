import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRule, PatternError, type RulePattern } from '../../../src/config/regex/rule-pattern.ts'
import { readCorpus } from './libstdcxx/corpus.ts'

function compile(pattern: string, captures: boolean): RulePattern | 'refused' {
  try {
    return compileRule(pattern, { captures })
  } catch (error) {
    assert.ok(error instanceof PatternError)
    return 'refused'
  }
}

const corpus = readCorpus()

test(`patterns are accepted and refused as by libstdc++: ${corpus.length} patterns`, () => {
  for (const { pattern, captures, verdicts } of corpus) {
    const refused = compile(pattern, captures) === 'refused'
    assert.equal(refused, verdicts === 'refused', `${pattern} (captures: ${captures})`)
  }
})

test('whole texts match as in libstdc++', () => {
  let texts = 0
  for (const { pattern, captures, subjects, verdicts } of corpus) {
    const compiled = compile(pattern, captures)
    if (compiled === 'refused') continue
    subjects.forEach((subject, index) => {
      const expected = verdicts[index] === '1' ? 'match' : 'no-match'
      assert.equal(compiled.verdict(subject), expected, `${pattern} on ${JSON.stringify(subject)}`)
      texts++
    })
  }
  assert.ok(texts > 10_000)
})

test('the second time a text is matched, from states that were kept, it is matched as the first time', () => {
  for (const { pattern, captures, subjects } of corpus) {
    const compiled = compile(pattern, captures)
    if (compiled === 'refused') continue
    const first = subjects.map((subject) => compiled.matches(subject))
    assert.deepEqual(
      subjects.map((subject) => compiled.matches(subject)),
      first,
      pattern,
    )
  }
})
