import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRule, PatternError } from '../../../src/config/regex/rule-pattern.ts'

function errorOf(pattern: string, captures = true): PatternError {
  try {
    compileRule(pattern, { captures })
  } catch (error) {
    assert.ok(error instanceof PatternError, String(error))
    return error
  }
  assert.fail(`${pattern} was accepted`)
}

/** Pattern, column, what is wrong, what to write. */
const refusals: readonly (readonly [pattern: string, column: number, what: RegExp, instead: RegExp])[] = [
  ['+33.*', 1, /"\+" has nothing to repeat/, /write \\\+ for the character itself/],
  ['*foo', 1, /"\*" has nothing to repeat/, /\\\*/],
  ['sip:(?+x)', 5, /opens no known group/, /\(\?:…\)/],
  ['a|*b', 3, /nothing to repeat/, /\\\*/],
  ['^*', 2, /cannot repeat an assertion/, /remove it/],
  ['(?=a){2}', 6, /cannot repeat an assertion/, /remove it/],
  ['sip:(alice|bob@.*', 5, /"\(" is not closed/, /close it with "\)"/],
  ['sip:alice)@.*', 10, /"\)" closes no group/, /\\\)/],
  ['.*@[a-z.*', 4, /"\[" is not closed/, /close it with "\]"/],
  ['.*@[a-z', 4, /"\[" is not closed/, /close it with "\]"/],
  ['x[z-a]', 4, /ends before it begins \("z-a"\)/, /lower character first/],
  ['[a-\\d]', 3, /a class cannot end a range/, /\\- for the hyphen/],
  ['[\\d-z]', 4, /a class cannot begin a range/, /\\- for the hyphen/],
  ['[a-[.z.]]', 3, /a collating element cannot end a range/, /the character itself/],
  ['[[:letter:]]', 2, /no character class "letter"/, /alpha/],
  ['[[:alpha]', 2, /"\[:" is not closed/, /":\]"/],
  ['[[.-.]]', 2, /no collating element "-"/, /\[\[\.hyphen\.\]\]/],
  ['[[=ch=]]', 2, /no collating element "ch"/, /the character itself/],
  ['[\\1]', 2, /no meaning between brackets/, /outside/],
  ['.*(?<!secure)@', 3, /look-behind is not available/, /look-ahead/],
  ['(?<=a)b', 1, /look-behind is not available/, /look-ahead/],
  ['(?<user>.*)', 1, /named groups are not available/, /write \(…\)/],
  ['(?i)sip:.*', 1, /flags within a pattern/, /\[Aa\]/],
  ['(?#note)', 1, /opens no known group/, /\\\(/],
  ['.*@\\p{L}+', 6, /Unicode properties are not available/, /\[\[:alpha:\]\]/],
  ['sip:{user}', 5, /nothing to repeat|not followed/, /\\\{/],
  ['a{user}', 2, /"\{" is not followed by a number/, /\\\{/],
  ['a{2', 2, /"\{" is not closed/, /"\}"/],
  ['a{2;3}', 4, /";" cannot stand in a number of repetitions/, /\{n,m\}/],
  ['a{,2}', 2, /lacks its lower bound/, /write \{0,2\}/],
  ['a{3,2}', 2, /ends below where it begins/, /write \{2,3\}/],
  ['(a)\\2', 4, /\\2 refers to a group that is missing/, /the number of a group/],
  ['(a\\1)', 3, /refers to the group that it stands in/, /behind that group/],
  ['\\x4', 1, /\\x needs 2 hexadecimal digits/, /\\x40/],
  ['a\\u12g4', 2, /\\u needs 4 hexadecimal digits/, /\\u0040/],
  ['sip:a\\', 6, /escapes nothing/, /\\\\/],
  ['\\c', 1, /\\c names no character/, /\\xHH/],
  ['(a{300}){300}', 3, /more than 20000 steps/, /smaller repetitions/],
  ['((?:){1000}){1000}', 6, /more than 20000 steps/, /smaller repetitions/],
  ['a{99999999999999999999}', 2, /more than 20000 steps/, /smaller repetitions/],
  ['('.repeat(101), 101, /nest more than 100 deep/, /flatter/],
  [`a${'{1}'.repeat(11)}`, 32, /more than 10 quantifiers follow one another/, /a single one/],
]

for (const [pattern, column, what, instead] of refusals) {
  test(`${pattern.slice(0, 30)} is refused with its column and what to write instead`, () => {
    const error = errorOf(pattern)
    assert.match(error.what, what)
    assert.match(error.instead, instead)
    assert.equal(error.column, column)
    assert.equal(error.code, 'PATTERN_INVALID')
    assert.equal(error.message, `column ${column}: ${error.what}; ${error.instead}`)
  })
}

test('where groups do not capture, a back-reference is refused', () => {
  assert.match(errorOf('(a)\\1', false).what, /back-references are not available in a filter/)
})

test('deep and long patterns are refused or compiled, never a stack overflow', () => {
  for (const unit of ['(', '(?:', '(?=', '[', '\\', 'a|', '()', '(a*)*', '.*', '(?!a)', 'a{9}', '[[:alpha:]]', 'a**']) {
    const pattern = unit.repeat(Math.floor(20_000 / unit.length))
    try {
      assert.equal(typeof compileRule(pattern).matches('a'.repeat(100)), 'boolean')
    } catch (error) {
      assert.ok(error instanceof PatternError, String(error))
    }
  }
})
