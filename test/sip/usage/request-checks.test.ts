import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UriError } from '../../../src/sip/message/uri.ts'
import { refusalOf } from '../../../src/sip/usage/request-checks.ts'
import { request } from '../../support/sip/messages.ts'

const can = { allow: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO'], supported: ['100rel'] }
const allow = ['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO'] as const

describe('checks that every request undergoes (RFC 3261 §8.2)', () => {
  const rows: [what: string, method: string, fields: Record<string, string>, expected: unknown][] = [
    ['an ordinary INVITE is welcome', 'INVITE', {}, undefined],
    ['a method that exists but is not taken: 405 with Allow', 'PUBLISH', {}, { status: 405, headers: [allow] }],
    ['a method nobody knows: 501 with Allow', 'DANCE', {}, { status: 501, headers: [allow] }],
    ['a method in lower case is another one', 'invite', {}, { status: 501, headers: [allow] }],
    ['CSeq of another method: 400', 'INFO', { CSeq: '1 INVITE' }, { status: 400 }],
    ['tel: is taken', 'INVITE', { uri: 'tel:+33123' }, undefined],
    ['another scheme: 416', 'INVITE', { uri: 'urn:service:sos' }, { status: 416 }],
    ['http: 416', 'OPTIONS', { uri: 'http://example.org/' }, { status: 416 }],
    ['no hops left: 483', 'INVITE', { 'Max-Forwards': '0' }, { status: 483 }],
    ['no hops left in four digits: 483', 'INVITE', { 'Max-Forwards': '0000' }, { status: 483 }],
    ['hops with leading zeros are hops', 'INVITE', { 'Max-Forwards': '0068' }, undefined],
    ['more than 255 hops: 400', 'INVITE', { 'Max-Forwards': '256' }, { status: 400 }],
    ['no hops left, but OPTIONS may end here', 'OPTIONS', { 'Max-Forwards': '0' }, undefined],
    ['Max-Forwards that is no number: 400', 'INVITE', { 'Max-Forwards': '-1' }, { status: 400 }],
    ['Require of what is supported', 'INVITE', { Require: '100rel' }, undefined],
    [
      'Require of what is not: 420',
      'INVITE',
      { Require: '100rel, foo, bar' },
      { status: 420, headers: [['Unsupported', 'foo, bar']] },
    ],
    ['two Contacts: 400', 'INVITE', { Contact: '<sip:a@b>, <sip:c@d>' }, { status: 400 }],
    ['Contact: *: 400', 'INVITE', { Contact: '*' }, { status: 400 }],
  ]
  for (const [what, method, fields, expected] of rows) {
    test(what, () => assert.deepEqual(refusalOf(request(method, fields), can, false), expected))
  }

  test('a Request-URI that cannot be read is an error of 400', () => {
    assert.throws(() => refusalOf(request('INFO', { uri: 'sip:' }), can, false), UriError)
  })

  test('inside a dialog nobody counts hops, and a re-INVITE may leave Contact out', () => {
    assert.equal(refusalOf(request('INFO', { 'Max-Forwards': '0' }), can, true), undefined)
    const reinvite = request('INVITE')
    reinvite.headers.delete('Contact')
    assert.equal(refusalOf(reinvite, can, true), undefined)
    assert.deepEqual(refusalOf(reinvite, can, false), { status: 400 })
  })
})
