import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { digestResponse, passwordHash, responseOf, sessionHash } from '../../../src/sip/auth/digest-response.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const rfc7616 = {
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  nonceCount: '00000001',
  clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  qop: 'auth',
} as const

test('RFC 7616 §3.9.1: the MD5 response', () => {
  const ha1 = passwordHash('MD5', 'Mufasa', 'http-auth@example.org', 'Circle of Life')
  assert.equal(digestResponse({ ...rfc7616, algorithm: 'MD5', ha1 }), '8ca523f5e9506fed4657c9700eebdbec')
})

test('RFC 7616 §3.9.1: the SHA-256 response', () => {
  const ha1 = passwordHash('SHA-256', 'Mufasa', 'http-auth@example.org', 'Circle of Life')
  assert.equal(
    digestResponse({ ...rfc7616, algorithm: 'SHA-256', ha1 }),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  )
})

const rfc2617 = {
  algorithm: 'MD5',
  ha1: passwordHash('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life'),
  method: 'GET',
  uri: '/dir/index.html',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
} as const

test('RFC 2617 §3.5: the response with qop=auth', () => {
  const input = { ...rfc2617, qop: 'auth', nonceCount: '00000001', clientNonce: '0a4f113b' } as const
  assert.equal(digestResponse(input), '6629fae49393a05397450978507c4ef1')
})

test('RFC 2617 §3.2.2.1: without qop, nonce and H(A2) alone are hashed', () => {
  const ha2 = md5('GET:/dir/index.html')
  assert.equal(digestResponse(rfc2617), md5(`${rfc2617.ha1}:${rfc2617.nonce}:${ha2}`))
})

test('RFC 7616 §3.4.3: auth-int adds the hash of the body', () => {
  const ha2 = sha256(`MESSAGE:sip:b@example.org:${sha256('Hello\r\n')}`)
  const input = {
    algorithm: 'SHA-256',
    ha1: 'ab'.repeat(32),
    method: 'MESSAGE',
    uri: 'sip:b@example.org',
    nonce: 'n',
    qop: 'auth-int',
    nonceCount: '0000000a',
    clientNonce: 'c',
    body: Buffer.from('Hello\r\n'),
  } as const
  assert.equal(digestResponse(input), sha256(`${input.ha1}:n:0000000a:c:auth-int:${ha2}`))
  assert.notEqual(digestResponse({ ...input, body: Buffer.from('hello\r\n') }), digestResponse(input))
})

test('RFC 7616 §3.4.2: -sess hashes nonce and client nonce into A1', () => {
  assert.equal(sessionHash('MD5-sess', 'h', 'n', 'c'), md5('h:n:c'))
  assert.equal(sessionHash('SHA-256-sess', 'h', 'n', 'c'), sha256('h:n:c'))
  assert.equal(sessionHash('MD5', 'h', 'n', 'c'), 'h')
  const input = { ...rfc7616, algorithm: 'MD5-sess', ha1: 'h' } as const
  assert.equal(digestResponse(input), responseOf(input, md5(`h:${input.nonce}:${input.clientNonce}`)))
})

test('bytes beyond ASCII are hashed as the bytes that they are on the wire', () => {
  const wire = Buffer.from('Jäsøn').toString('latin1')
  assert.equal(passwordHash('SHA-256', wire, 'r', 'p'), sha256('Jäsøn:r:p'))
})
