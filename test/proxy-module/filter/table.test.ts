import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileFilter, FilterError } from '../../../proxy-module/filter/filter.ts'
import { type SipMessage } from '../../../src/sip/message/message.ts'
import { invite, request, ringing } from './messages.ts'

/**
 * The rows of the reference's table of cases, by their numbers. Per expression: true or false for the INVITE (R) and the 180 (S), or the
 * column at which it is refused.
 */
type Outcome =
  readonly [expression: string, onRequest: boolean, onResponse: boolean] | readonly [expression: string, column: number]

const T = true
const F = false
const rows: readonly (readonly [row: number, ...cases: Outcome[]])[] = [
  [1, ['', T, T]],
  [2, ['true', T, T], ['false', F, F]],
  [3, ['is_request', T, F]],
  [4, ['is_response', F, T]],
  [5, ["direction == 'request'", T, F]],
  [6, ["'toto' == 'titi'", F, F]],
  [7, ["'a' == 'a'", T, T]],
  [8, ["request.method == 'INVITE'", T, F]],
  [9, ["request.method == 'invite'", F, F]],
  [10, ["request.method-name == 'INVITE'", T, F]],
  [11, ["request.method != 'CANCEL'", T, T]],
  [12, ["request.method in 'INVITE CANCEL'", T, F]],
  [13, ["request.method in '  INVITE   CANCEL  '", T, F]],
  [14, ["request.method in 'INVITE,CANCEL'", F, F]],
  [15, ["request.method notin 'REGISTER OPTIONS'", T, T]],
  [16, ["request.method nin 'INVITE'", F, T]],
  [17, ["request.method not in 'INVITE'", 16]],
  [18, ["from.uri.domain == 'sip.example.org'", T, T]],
  [19, ["from.uri.domain contains 'example'", T, T]],
  [20, ["from.uri.domain contains ''", T, T]],
  [21, ["from.uri.user regex 'ali'", F, F]],
  [22, ["from.uri.user regex 'ali.*'", T, T], ["from.uri.user regexp 'ali.*'", T, T]],
  [23, ["from.uri.user regex '^(?!bob).*$'", T, T]],
  [24, ["from.uri.user regex '(ali'", 22]],
  [25, ['from.uri.user regex from.uri.user', 21]],
  [26, ["request.uri.params contains 'user=phone'", T, F]],
  [27, ['defined request.uri.user', T, F]],
  [28, ['defined from.uri.params', F, F], ['!defined from.uri.params', T, T]],
  [29, ["defined 'x'", T, T], ["defined ''", F, F]],
  [30, ['numeric call-id', T, F]],
  [31, ['numeric user-agent', F, F]],
  [32, ['numeric from.uri.params', T, T]],
  [33, ["numeric '12a'", F, F]],
  [34, ['from.uri.user numeric call-id', 15]],
  [35, ["status.code == '180'", F, T]],
  [36, ["is_response && status.code == '180'", F, T]],
  [37, ['status.code == 180', 16]],
  [38, ["user-agent contains 'Linphone'", T, F]],
  [39, ["user-agent contains 'linphone'", F, F]],
  [40, ["content-type == 'application/sdp'", T, F]],
  [41, ["to.uri.user != 'jehan-jacques'", T, T]],
  [42, ['true || false && false', T, T]],
  [43, ['false && true || true', F, F]],
  [44, ['(false && true) || true', T, T]],
  [45, ['true && false || true', T, T]],
  [46, ['!true || true', T, T]],
  [47, ['!true && false', F, F], ['!(true || true)', F, F]],
  [48, ['!!true', T, T], ['! true', F, F]],
  [49, ["!from.uri.user == 'bob'", T, T]],
  [50, ["!is_response && request.method == 'INVITE'", T, F]],
  [51, ['true false', F, F], ['false true', T, T]],
  [52, ["from.uri.user == 'bob' to.uri.user == 'bob'", T, T]],
  [53, ['true&&true', T, T], ["from.uri.user=='alice'", T, T], ["from.uri.user contains'lic'", T, T]],
  [54, ["'alice' in from.uri.user", T, T]],
  [55, ["from.uri.user in 'alice bob' && to.uri.user == 'bob'", T, T]],
  [56, ["from.uri.user in ''", F, F], ["from.uri.params in ''", F, F]],
  [57, ["from.uri.params == ''", T, T]],
  // Rows 58 and 59 have a message of their own, below
  [60, ["''", 1], ['from.uri.user', 1], ['()', 2], ['(())', 3]],
  [61, ["(from.uri.user == 'alice'", 1], ["from.uri.user == 'alice')", 25]],
  [62, ["from.uri.user == 'alice", 18]],
  [63, ['from.uri.user == "alice"', 18], ['== alice', 1]],
  [64, ["from.uri.user = 'alice'", 15], ['true | false', 6]],
  [65, ['true & false', 6], ['&& true', 1], ['|| true', 1]],
  [66, ['true &&', 6], ['from.uri.user ==', 17]],
  [67, ["foo.bar == 'x'", 1], ['TRUE', 1], ['truex', 1]],
  [68, ['\ttrue', 1], ['true\t', 5], ['true\t&& true', 5], ['true &&\ttrue', 8]],
  [69, ["from.uri.user ==\t'alice'", T, T]],
  [70, ["(from.uri.user == 'a)b') || true", 19]],
  [71, ["in 'a b'", 1], ["regex 'a'", 1]],
  [72, ['true;', 5], ['true #c', 6], ["from.uri.user == 'x' and true", 22]],
  [73, ['true ! false', 6]],
]

function outcome(expression: string, message: SipMessage): boolean | number {
  try {
    return compileFilter(expression).matches(message)
  } catch (error) {
    assert.ok(error instanceof FilterError, String(error))
    return error.column
  }
}

for (const [row, ...cases] of rows) {
  describe(`row ${row}`, () => {
    for (const [expression, expected, onResponse = expected] of cases) {
      test(`${JSON.stringify(expression)} is ${typeof expected === 'number' ? 'refused' : 'evaluated'}`, () => {
        assert.equal(outcome(expression, invite), expected)
        assert.equal(outcome(expression, ringing), onResponse)
      })
    }
  })
}

test('row 58: !(defined request.uri.user) && …', () => {
  const filter =
    "!(defined request.uri.user) && (from.uri.user in 'jehan-mac jehan-michel') && user-agent contains 'Linphone'"
  const register = (uri: string) =>
    request('REGISTER', uri, [
      ['From', '<sip:jehan-mac@sip.linphone.org>;tag=465687829'],
      ['User-Agent', 'Linphone/3.10.2 (belle-sip/1.4.2)'],
    ])
  assert.equal(outcome(filter, register('sip:192.168.0.20')), true)
  assert.equal(outcome(filter, register('sip:x@192.168.0.20')), false)
})

test("row 59: ((from.uri.user in 'a b') && …) || …", () => {
  const filter = "((from.uri.user in 'a b') && user-agent contains 'Linphone' ) || request.method == 'REGISTER'"
  assert.equal(outcome(filter, request('REGISTER', 'sip:192.168.0.20')), true)
  assert.equal(outcome(filter, invite), false)
  const fromA = request('INVITE', 'sip:b', [
    ['From', '<sip:a@sip.linphone.org>'],
    ['User-Agent', 'Linphone/3'],
  ])
  assert.equal(outcome(filter, fromA), true)
})

test('in a routes file, * alone means always; as a filter it is refused', () => {
  assert.equal(outcome('*', invite), 1)
})
