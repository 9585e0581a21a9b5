import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthError } from '../../../src/sip/auth/auth-error.ts'
import { DigestClient } from '../../../src/sip/auth/digest-client.ts'
import { parseCredentials, type DigestCredentials } from '../../../src/sip/auth/digest-credentials.ts'
import { digestResponse, passwordHash } from '../../../src/sip/auth/digest-response.ts'
import { createResponse, type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { request } from '../../support/sip/messages.ts'

const account = { username: 'alice', secret: { password: 'secret' } } as const

function challenged(sent: SipRequest, ...challenges: readonly string[]): SipResponse {
  return createResponse(sent, 401, { headers: challenges.map((one) => ['WWW-Authenticate', one] as const) })
}

function credentials(sent: SipRequest, field = 'Authorization'): DigestCredentials {
  return parseCredentials(sent.headers.get(field)!)!
}

test('a challenge of RFC 7616 §3.9.1 is answered with its response', () => {
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ'
  const client = new DigestClient({ username: 'Mufasa', secret: { password: 'Circle of Life' } }, () => cnonce)
  const sent = request('GET', { uri: '/dir/index.html' })
  const rest =
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
  const offer = (algorithm: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ${rest}`
  assert.equal(client.accept(sent, challenged(sent, offer('SHA-256'), offer('MD5'))), 'answered')
  client.authorize(sent)
  assert.equal(
    sent.headers.get('Authorization'),
    `Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ` +
      `uri="/dir/index.html", response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", ` +
      `algorithm=SHA-256, cnonce="${cnonce}", qop=auth, nc=00000001, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
  )
})

test('what this client does not have is passed over (RFC 8760 §2.4, RFC 7616 §3.9.2)', () => {
  const client = new DigestClient(account)
  const sent = request('REGISTER')
  const foreign = [
    'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
    'Digest realm="r", nonce="1", qop="x"',
  ]
  foreign.push('Bearer realm="r"')
  assert.equal(client.accept(sent, challenged(sent, ...foreign)), 'unsupported')
  assert.equal(client.accept(sent, challenged(sent, ...foreign, 'Digest realm="r", nonce="2"')), 'answered')
  client.authorize(sent)
  assert.equal(credentials(sent).nonce, '2')
  assert.equal(credentials(sent).qop, undefined)
})

test('an account with a hash answers only its own hash function', () => {
  const ha1 = passwordHash('MD5', 'alice', 'r', 'secret')
  const client = new DigestClient({ username: 'alice', secret: { hash: 'MD5', ha1: ha1.toUpperCase() } })
  const sent = request('REGISTER')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1", algorithm=SHA-256')), 'unsupported')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1", algorithm=md5')), 'answered')
  client.authorize(sent)
  const { uri, nonce } = credentials(sent)
  assert.equal(credentials(sent).response, digestResponse({ algorithm: 'MD5', ha1, method: 'REGISTER', uri, nonce }))
})

test('an account of one realm gives nothing to another', () => {
  const client = new DigestClient({ ...account, realm: 'r' })
  const sent = request('REGISTER')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="evil", nonce="1"')), 'unsupported')
})

test('the same password is not tried twice, but a stale nonce is replaced', () => {
  const client = new DigestClient(account)
  const sent = request('REGISTER')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1"')), 'answered')
  client.authorize(sent)
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="2", stale=TRUE')), 'answered')
  client.authorize(sent)
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="3"')), 'refused')
  client.authorize(sent)
  assert.equal(sent.headers.has('Authorization'), false)
})

test('a nonce that worked and ends without a word of staleness is replaced', () => {
  const client = new DigestClient(account)
  const sent = request('REGISTER')
  client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1", qop="auth"'))
  client.authorize(sent)
  client.authorize(sent)
  assert.equal(credentials(sent).nonceCount, '00000002')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="2", qop="auth"')), 'answered')
  client.authorize(sent)
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="r", nonce="3", qop="auth"')), 'refused')
})

test('several realms are answered side by side, proxies in their own field', () => {
  const client = new DigestClient(account)
  const sent = request('INVITE')
  const response = createResponse(sent, 407, {
    headers: [
      ['Proxy-Authenticate', 'Digest realm="p1", nonce="1"'],
      ['Proxy-Authenticate', 'Digest realm="p2", nonce="2"'],
    ],
  })
  assert.equal(client.accept(sent, response), 'answered')
  assert.equal(client.accept(sent, challenged(sent, 'Digest realm="p1", nonce="3"')), 'answered')
  client.authorize(sent)
  assert.deepEqual(
    [...sent.headers.all('Proxy-Authorization'), ...sent.headers.all('Authorization')].map(
      (value) => parseCredentials(value)?.nonce,
    ),
    ['1', '2', '3'],
  )
})

test('auth-int protects the body where it alone is offered', () => {
  const client = new DigestClient(account)
  const sent = request('MESSAGE', {}, Buffer.from('hi'))
  sent.body = Buffer.from('hi')
  client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1", qop="auth-int"'))
  client.authorize(sent)
  const { response, ...rest } = credentials(sent)
  const ha1 = passwordHash('MD5', 'alice', 'r', 'secret')
  assert.equal(rest.qop, 'auth-int')
  assert.equal(response, digestResponse({ ...rest, ha1, method: 'MESSAGE', body: Buffer.from('hi') }))
})

test('nextnonce starts a new count; the session key of -sess stays that of the challenge', () => {
  const client = new DigestClient(account, () => 'c')
  const sent = request('REGISTER')
  client.accept(sent, challenged(sent, 'Digest realm="r", nonce="1", qop="auth", algorithm=MD5-sess'))
  client.authorize(sent)
  client.learn(createResponse(sent, 200, { headers: [['Authentication-Info', 'nextnonce="2", qop=auth']] }))
  client.authorize(sent)
  const { response, ...rest } = credentials(sent)
  assert.equal(rest.nonce, '2')
  assert.equal(rest.nonceCount, '00000001')
  const ha1 = passwordHash('MD5', 'alice', 'r', 'secret')
  const first = digestResponse({ ...rest, ha1, nonce: '1', method: 'REGISTER' })
  assert.notEqual(response, first)
  assert.notEqual(response, digestResponse({ ...rest, ha1, method: 'REGISTER' }))
})

test('a hostile server cannot make the client grow, nor smuggle a line', () => {
  const client = new DigestClient(account)
  const sent = request('REGISTER')
  const many = Array.from({ length: 100 }, (_, i) => `Digest realm="r${i}", nonce="${i}"`)
  client.accept(sent, challenged(sent, ...many))
  client.authorize(sent)
  assert.equal(sent.headers.count('Authorization'), 8)
  assert.throws(() => client.accept(sent, challenged(sent, 'Digest realm="r')), AuthError)
})
