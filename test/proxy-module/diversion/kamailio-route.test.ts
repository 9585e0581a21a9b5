import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kamailioParameter, kamailioString } from '../../../proxy-module/diversion/kamailio-condition.ts'
import { kamailioRoute, noKamailioRoute } from '../../../proxy-module/diversion/kamailio-route.ts'
import { posixPattern } from '../../../proxy-module/diversion/posix-pattern.ts'
import { TranslationError } from '../../../proxy-module/diversion/translation.ts'
import { compileFilter } from '../../../proxy-module/filter/filter.ts'

/** The fragment for a filter. */
function fragment(filter: string): string {
  return kamailioRoute({
    filter: compileFilter(filter),
    server: 'sip:127.0.0.1:6067;transport=tcp',
    userAgent: 'B2BUA/1.0',
    userAgentVaries: false,
  })
}

/** The expression in a fragment that decides for the filter. */
function expression(filter: string): string | undefined {
  return /# the filter of module::B2bua\n\tif \(!\((.*)\)\) return;\n/.exec(fragment(filter))?.[1]
}

for (const [filter, expected] of [
  ["from.uri.domain == 'a' && to.uri.domain != 'b'", '($fd eq "a") && (!($td eq "b"))'],
  ["request.uri.domain == 'a' || user-agent == 'b' || call-id == 'c'", '($rd eq "a") || ($ua eq "b") || ($ci eq "c")'],
  ["user-agent in ' a  b '", '($ua eq "a") || ($ua eq "b")'],
  ["user-agent notin 'a b'", '!(($ua eq "a") || ($ua eq "b"))'],
  ["user-agent contains 'a$b'", '($ua ne "") && (str_find("$ua", "a$$b"))'],
  ["'12' contains user-agent", '($ua eq "") || (str_find("12", "$ua"))'],
  ['call-id in user-agent', '($ci ne "") && ($ua ne "") && (in_list("$ci", "$ua", " "))'],
  ['defined user-agent && numeric call-id', '($ua ne "") && ($ci =~ "^[0-9]*$")'],
  ["request.method == 'INVITE'", '$rm eq "INVITE"'],
  ["is_request && direction == 'request' && !is_response && !defined status.code && defined user-agent", '$ua ne ""'],
  ["user-agent regex '\\d+(?:a|b|)\\.[^\"]?'", '$ua =~ "^([[:digit:]]+((a|b)?)\\\\.[^\\"]?)$"'],
  ["user-agent == '\"; exit; # \\'", '$ua eq "\\"; exit; # \\\\"'],
  ['', undefined],
  ["'a' == 'a' || user-agent == 'x'", undefined],
] as const) {
  test(`the filter ${filter} is ${expected ?? 'true for every request'} in Kamailio`, () => {
    assert.equal(expression(filter), expected)
  })
}

for (const [filter, column] of [
  ["from.uri.user == 'a' && call-id.hash == '1'", 25],
  ["user-agent regex '(?!bob).*'", 18],
  ["user-agent regex '\\bbob'", 18],
  ["user-agent regex 'a{256}'", 20],
  ["user-agent regex 'a[]'", 18],
] as const) {
  test(`${filter} is refused at column ${column}`, () => {
    assert.throws(
      () => fragment(filter),
      (error) => error instanceof TranslationError && error.column === column && /column \d/.test(error.message),
    )
  })
}

test('what is not exact is named', () => {
  const text = fragment("content-type == 'a/b' && from.uri.user == 'x' && to.uri.domain regex '[a-z]*'")
  assert.match(text, /# - content-type /)
  assert.match(text, /# - from\.uri\.user .*%HH/)
  assert.match(text, /# - regex at column \d+ .*ignores case/)
  assert.doesNotMatch(fragment("to.uri.domain regex '[0-9]*'"), /ignores case/)
})

test('no text ends a string, a line or a comment', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      fc.pre(!text.includes('\0'))
      const string = kamailioString(text)
      assert.match(string, /^"([^"\\\r\n]|\\["\\]|\\x[0-9a-f]{2})*"$/)
      const read = string.slice(1, -1).replace(/\\(x(..)|.)/g, (_, one: string, hex?: string) => (hex === undefined ? one : String.fromCharCode(parseInt(hex, 16)))) // prettier-ignore
      assert.equal(read, text)
      assert.equal(kamailioParameter(text).replaceAll('$$', ''), string.replaceAll('$', ''))
    }),
  )
  assert.throws(() => kamailioString('\0'), TranslationError)
})

test('a POSIX regex matches what the regex of the filter matches', () => {
  const texts = ['', 'a', 'b', 'ab', 'aab', 'a-b', ']', '[', '^', '-', '$', '.', 'x1', '1_', ' ', '\t', 'aaaa', '\\', '(', '{2}', '\xe9', '/'] // prettier-ignore
  for (const source of [
    'a*?b',
    '[\\]^\\-]',
    '[^\\]\\[]+',
    '\\^',
    '[-^]',
    '[[:alpha:]\\d_]*',
    '\\w+|\\s',
    '.',
    '\\W',
    '(?:a{2,3}){1,2}?',
    '\\$|\\.|\\\\|\\(',
    '(a|)b?',
    '',
    '()',
    '\\{2\\}',
    '[^^]',
    '[^-]',
    '[\\x80-\\xff]',
    '^a$',
    'a{0}b',
    '[^]*',
    '[!-~]',
    '[\\[.]',
  ]) {
    const { text } = posixPattern(source, 1)
    const filter = compileFilter(`user-agent regex '${source}'`).root
    assert.ok(filter.kind === 'regex')
    for (const one of texts) assert.equal(asPosix(text).test(one), filter.pattern.matches(one), `${source} as ${text}: ${one}`) // prettier-ignore
  }
})

/** A POSIX regex as one of JavaScript: in brackets a backslash is itself, `]` may come first, and classes have names. */
function asPosix(text: string): RegExp {
  const brackets = /\\.|\[(\^?)(\]?(?:\[:[a-z]+:\]|[^\]])*)\]/gs
  const source = text.replaceAll(brackets, (whole, negation: string | undefined, members: string | undefined) => {
    if (members === undefined) return whole
    const plain = members.replaceAll('[:alpha:]', 'A-Za-z').replaceAll('[:digit:]', '0-9')
    return `[${negation ?? ''}${plain.replaceAll(/[\\\][^]/g, '\\$&')}]`
  })
  return new RegExp(source, 's')
}

test('a disabled module is a route that returns', () => {
  assert.match(noKamailioRoute(), /^# .*enabled is false.*\nroute\[B2BUA\] \{\n\treturn;\n\}\n$/)
})
