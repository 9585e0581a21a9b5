import assert from 'node:assert/strict'
import { test } from 'node:test'
import { variables } from '../../../proxy-module/filter/message-values.ts'
import { invite, request, ringing } from './messages.ts'

test('the parts of the URIs of a request', () => {
  assert.equal(variables['request.uri.domain'](invite), 'sip.example.org')
  assert.equal(variables['request.uri.user'](invite), 'bob')
  assert.equal(variables['request.uri.params'](invite), 'user=phone')
  assert.equal(variables['from.uri.user'](invite), 'alice')
  assert.equal(variables['to.uri.domain'](invite), 'sip.example.org')
  assert.equal(variables['contact.uri.domain'](invite), '192.0.2.1')
})

test('a response has no method and no request-URI, a request no status', () => {
  assert.equal(variables['request.method'](ringing), '')
  assert.equal(variables['request.uri.domain'](ringing), '')
  assert.equal(variables['status.code'](ringing), '180')
  assert.equal(variables['status.phrase'](ringing), 'Ringing')
  assert.equal(variables['status.code'](invite), '')
  assert.equal(variables['status.phrase'](invite), '')
})

test('the host is without port, in its own case, an IPv6 address in brackets', () => {
  assert.equal(variables['request.uri.domain'](request('OPTIONS', 'sip:SIP.Example.ORG:5061')), 'SIP.Example.ORG')
  assert.equal(variables['request.uri.domain'](request('OPTIONS', 'sip:[2001:db8::1]:5060;lr')), '[2001:db8::1]')
})

test('the user is without password, needless escapes are taken away and the others capitalised', () => {
  assert.equal(variables['request.uri.user'](request('OPTIONS', 'sip:%61l%69ce:secret@x')), 'alice')
  assert.equal(variables['request.uri.user'](request('OPTIONS', 'sip:a%40b%c3%A9%2b@x')), 'a%40b%C3%A9+')
  assert.equal(variables['request.uri.user'](request('OPTIONS', 'sip:100%@x')), '100%')
})

test('a tel URI has a number, parameters and no domain', () => {
  const call = request('INVITE', 'tel:+33123;phone-context=example.org')
  assert.equal(variables['request.uri.user'](call), '+33123')
  assert.equal(variables['request.uri.domain'](call), '')
  assert.equal(variables['request.uri.params'](call), 'phone-context=example.org')
})

test('parameters of a header field without <> are none of its URI', () => {
  const call = request('INVITE', 'sip:x', [['From', 'sip:a@b;tag=1']])
  assert.equal(variables['from.uri.params'](call), '')
  assert.equal(variables['from.uri.user'](call), 'a')
})

test('of several contacts the first counts; what is missing or unreadable is empty', () => {
  const call = request('INVITE', 'urn:service:sos', [
    ['From', '<sip:a@'],
    ['To', 'nobody'],
    ['m', '"x, <sip:z@z>" <sip:first@b;x=1>, <sip:second@b>'],
  ])
  assert.equal(variables['contact.uri.user'](call), 'first')
  assert.equal(variables['contact.uri.params'](call), 'x=1')
  for (const name of [
    'from.uri.user',
    'to.uri.domain',
    'request.uri.domain',
    'user-agent',
    'call-id',
    'call-id.hash',
    'content-type',
  ] as const) {
    assert.equal(variables[name](call), '', name)
  }
  assert.equal(variables['contact.uri.domain'](request('REGISTER', 'sip:x', [['Contact', '*']])), '')
})

test('the hash of a Call-ID is that of the SIP library', () => {
  const hash = (callId: string) => variables['call-id.hash'](request('INVITE', 'sip:x', [['Call-ID', callId]]))
  assert.equal(hash('a'), String(97 * 38_501))
  assert.equal(hash('ab'), String(((97 * 38_501 + 98) * 38_501) % 2 ** 32))
  assert.match(hash('f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com'), /^[0-9]+$/)
})

test('the content type is without parameters and white space', () => {
  const call = request('INVITE', 'sip:x', [['c', 'multipart / mixed ; boundary=a']])
  assert.equal(variables['content-type'](call), 'multipart/mixed')
})
