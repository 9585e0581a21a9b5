import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileFilter, FilterError } from '../../../proxy-module/filter/filter.ts'
import { variables } from '../../../proxy-module/filter/message-values.ts'
import { invite, ringing } from './messages.ts'

function errorOf(expression: string): FilterError {
  try {
    compileFilter(expression)
  } catch (error) {
    assert.ok(error instanceof FilterError, String(error))
    return error
  }
  assert.fail(`${expression} was accepted`)
}

for (const [expression, column, what, instead] of [
  ['true & true', 6, /'&' is no operator/, /'&&'/],
  ['true | true', 6, /'\|' is no operator/, /'\|\|'/],
  ["call-id = 'x'", 9, /'=' is no operator/, /'=='/],
  ["'x' &&", 5, /nothing stands before '&&'/, /before it/],
  ['|| true', 1, /nothing stands before '\|\|'/, /before it/],
  ['true || ', 6, /no expression follows '\|\|'/, /behind it/],
  ['true && ()', 10, /nothing is compared/, /write a comparison/],
  ['( true', 1, /'\(' is not closed/, /close it/],
  ['true )', 6, /'\)' closes no '\('/, /remove it/],
  ["call-id == 'x", 12, /text is not closed/, /close it with '/],
  ['call-id == "x"', 12, /an operand is missing/, /single quotes/],
  ['"x" == call-id', 1, /double quotes/, /single quotes/],
  ["request.methd == 'INVITE'", 1, /'request.methd' is neither/, /write request\.method/],
  ['TRUE', 1, /neither variable nor operator/, /write true/],
  ['status.code == 180', 16, /180 is not in quotes/, /write '180'/],
  ["call-id == 'x' AND true", 16, /'AND' is neither/, /write &&/],
  ["not call-id == 'x'", 1, /'not' is neither/, /'!' or 'notin'/],
  ['call-id == true', 12, /'true' is not a value/, /'true' in single quotes/],
  ['defined is_request', 9, /'is_request' is not a value/, /variable/],
  ['call-id regex user-agent', 15, /a regex is no variable/, /single quotes/],
  ["call-id regex 'a(b'", 17, /invalid regex: "\(" is not closed/, /close it/],
  ["call-id regex   '(?i)a'", 18, /flags within a pattern/, /both cases/],
  ["call-id regex '(a)\\1'", 19, /back-references are not available in a filter/, /again/],
  ["in 'a'", 1, /no operand stands before 'in'/, /a variable before it/],
  ["true && notin 'a'", 9, /no operand stands before 'notin'/, /a variable before it/],
  ['call-id numeric user-agent', 9, /'numeric' follows an operand/, /numeric x/],
  ["true && call-id == 'x' !true", 24, /'!' follows a complete expression/, /'&&' or '\|\|'/],
  ['true\t', 5, /a tab stands before what is no operand/, /write a space/],
  ['true # comment', 6, /'#' is neither operator nor operand/, /remove it/],
  [`${'('.repeat(300)}true${')'.repeat(300)}`, 201, /nests more than 200 deep/, /flatter/],
  ['!'.repeat(20_000), 201, /nests more than 200 deep/, /flatter/],
] as const) {
  test(`${expression.slice(0, 40)} is refused with its column and what to write instead`, () => {
    const error = errorOf(expression)
    assert.match(error.what, what)
    assert.match(error.instead, instead)
    assert.equal(error.column, column)
    assert.equal(error.code, 'FILTER_INVALID')
  })
}

test('where && and || meet so that order matters, the parenthesised reading is given', () => {
  const { advice } = compileFilter("is_request && call-id == 'x' || user-agent contains 'y' && true")
  assert.deepEqual(advice, [
    {
      column: 30,
      what: "'&&' binds no stronger than '||': this is read as is_request && (call-id == 'x' || (user-agent contains 'y' && true))",
      instead: 'write parentheses around what belongs together',
    },
  ])
})

test('where the usual order gives the same, nothing is said', () => {
  for (const expression of [
    'true || false && true',
    'true && true && true',
    '(true && false) || true',
    '!true || true',
  ]) {
    assert.deepEqual(compileFilter(expression).advice, [], expression)
  }
})

test('an expression that a later one replaces is reported', () => {
  assert.deepEqual(compileFilter("from.uri.user == 'bob' to.uri.user == 'bob'").advice, [
    {
      column: 15,
      what: "from.uri.user == 'bob' has no effect: to.uri.user == 'bob' behind it replaces it",
      instead: "write '&&' or '||' between them, or remove it",
    },
  ])
})

test('an operand with which nothing is done is reported', () => {
  assert.deepEqual(
    compileFilter("'a' 'b' == 'b' && is_request call-id").advice.map(({ column, what }) => [column, what]),
    [
      [1, "'a' has no effect: nothing is done with it"],
      [30, 'call-id has no effect: nothing is done with it'],
    ],
  )
})

test('thousands of comparisons in a row are evaluated', () => {
  const filter = compileFilter(Array.from({ length: 1_500 }, () => 'is_request').join('&&'))
  assert.equal(filter.matches(invite), true)
  assert.equal(filter.matches(ringing), false)
})

test('the right side is looked at only where it matters', () => {
  assert.equal(compileFilter('true || false').matches(invite), true)
  assert.equal(compileFilter('false && true').matches(invite), false)
  assert.equal(compileFilter('!false && !false && !true').matches(invite), false)
})

test('bytes beyond ASCII are compared as bytes and shown as UTF-8', () => {
  const source = Buffer.from("user-agent contains 'é' true").toString('latin1')
  assert.match(compileFilter(source).advice[0]!.what, /user-agent contains 'é' has no effect/)
})

test('whatever the text, a filter is refused with a column in it or evaluates', () => {
  const piece = fc.constantFrom(
    ...Object.keys(variables),
    ...'contains defined regexp regex in numeric nin notin true false is_request && || ! == != ( ) = & | \' " \t'.split(
      ' ',
    ),
    ' ',
    "'a'",
    "'a.*'",
    "'(('",
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('', ' '), (pieces, separator) => {
      const source = pieces.join(separator)
      try {
        const filter = compileFilter(source)
        assert.equal(typeof filter.matches(invite), 'boolean')
        assert.equal(typeof filter.matches(ringing), 'boolean')
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error))
        assert.ok(error.column >= 1 && error.column <= source.length + 1)
      }
    }),
    { numRuns: 2_000 },
  )
})
