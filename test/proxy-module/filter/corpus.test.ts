import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compileFilter, FilterError } from '../../../proxy-module/filter/filter.ts'
import { invite } from './messages.ts'

/**
 * Random expressions, one a line behind what Flexisip's own parser made of them for the INVITE of messages.ts: `true`,
 * `false`, or `refused`, which stands for a crash, too. Those whose `in`, `notin` or `regex` lacks its left operand and is
 * never evaluated are left out: Flexisip takes them, this project does not.
 */
const corpus = readFileSync(new URL('flexisip-corpus.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [outcome, expression] = line.split('\t') as [string, string]
    return { outcome, expression: JSON.parse(expression) as string }
  })

function outcomeOf(expression: string): string {
  try {
    return String(compileFilter(expression).matches(invite))
  } catch (error) {
    assert.ok(error instanceof FilterError, String(error))
    return 'refused'
  }
}

test(`${corpus.length} expressions have the outcome that they have in Flexisip`, () => {
  for (const { outcome, expression } of corpus) assert.equal(outcomeOf(expression), outcome, expression)
})

test('the parenthesised reading of a filter is read as the filter is', () => {
  for (const { outcome, expression } of corpus) {
    if (outcome === 'refused' || /[()]/.test(expression.replaceAll(/[^']*'([^']*)'/g, '$1'))) continue
    const { reading } = compileFilter(expression)
    assert.equal(outcomeOf(reading), outcome, `${expression} as ${reading}`)
    assert.equal(compileFilter(reading).reading, reading)
    assert.deepEqual(compileFilter(reading).advice, [])
  }
})
