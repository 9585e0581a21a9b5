import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DigestClient, type DigestAccount } from '../../../src/sip/auth/digest-client.ts'
import { parseChallenge } from '../../../src/sip/auth/digest-challenge.ts'
import { type DigestHash } from '../../../src/sip/auth/digest-algorithm.ts'
import { passwordHash } from '../../../src/sip/auth/digest-response.ts'
import { DigestServer, type DigestVerdict } from '../../../src/sip/auth/digest-server.ts'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { request } from '../../support/sip/messages.ts'

const realm = 'example.org'
const hour = 3_600_000

/** A server that knows alice with the password secret, and a client that knows what the server challenged. */
class Pair {
  readonly clock = new HandClock()
  readonly server: DigestServer
  readonly client: DigestClient
  readonly hashes: readonly DigestHash[]

  constructor(hashes: readonly DigestHash[] = ['SHA-256', 'MD5'], account?: Partial<DigestAccount>, capacity = 100) {
    this.hashes = hashes
    this.server = new DigestServer({ clock: this.clock, lifetime: hour, capacity })
    this.client = new DigestClient({ username: 'alice', secret: { password: 'secret' }, ...account })
  }

  check(sent: SipRequest): DigestVerdict {
    return this.server.check(sent, 'Authorization', realm, this.hashes, (username, hash) =>
      username === 'alice' ? passwordHash(hash, 'alice', realm, 'secret') : undefined,
    )
  }

  /** Hands a challenge to the client. */
  challenge(sent = request('REGISTER'), stale = false): string {
    const response = createResponse(sent, 401)
    for (const value of this.server.challenges(realm, this.hashes, stale))
      response.headers.add('WWW-Authenticate', value)
    return this.client.accept(sent, response)
  }

  /** A request with the client's credentials. */
  signed(method = 'REGISTER', uri = 'sip:example.org'): SipRequest {
    const made = request(method, { uri })
    this.client.authorize(made)
    return made
  }
}

const accepted = { kind: 'accepted', username: 'alice' }
const fresh = { kind: 'challenge', stale: false }
const stale = { kind: 'challenge', stale: true }

test('a request without credentials is challenged', () => {
  assert.deepEqual(new Pair().check(request('REGISTER')), fresh)
})

test('a challenge has realm, nonce, algorithm and qop; stale only when it is', () => {
  const pair = new Pair()
  const [first, second] = pair.server.challenges('a "b"', ['SHA-256', 'MD5'])
  assert.match(first!, /^Digest realm="a \\"b\\"", nonce="[\w-]{40}", algorithm=SHA-256, qop="auth"$/)
  assert.equal(parseChallenge(second!)?.algorithm, 'MD5')
  assert.equal(parseChallenge(pair.server.challenges(realm, ['MD5'], true)[0]!)?.stale, true)
})

for (const hashes of [['MD5'], ['SHA-256'], ['SHA-256', 'MD5']] as const) {
  test(`what the client answers to ${hashes.join(' and ')} is accepted, request after request`, () => {
    const pair = new Pair(hashes)
    assert.equal(pair.challenge(), 'answered')
    for (let i = 0; i < 3; i++) assert.deepEqual(pair.check(pair.signed()), accepted)
    assert.equal(pair.server.rememberedNonces, 1)
  })
}

test('a replayed request is challenged as stale', () => {
  const pair = new Pair()
  pair.challenge()
  const first = pair.signed()
  const second = pair.signed()
  assert.deepEqual(pair.check(second), accepted)
  assert.deepEqual(pair.check(second), stale)
  assert.deepEqual(pair.check(first), stale)
})

test('a nonce ends with its lifetime, and the client goes on with a new one', () => {
  const pair = new Pair()
  pair.challenge()
  assert.deepEqual(pair.check(pair.signed()), accepted)
  pair.clock.advance(hour + 1)
  const late = pair.signed()
  assert.deepEqual(pair.check(late), stale)
  assert.equal(pair.challenge(late, true), 'answered')
  assert.deepEqual(pair.check(pair.signed()), accepted)
})

test('right credentials of a nonce from before a restart are stale, wrong ones are plainly challenged', () => {
  const before = new Pair()
  before.challenge()
  assert.deepEqual(new Pair().check(before.signed()), stale)
  const wrong = new Pair(['MD5'], { secret: { password: 'guess' } })
  wrong.challenge()
  assert.deepEqual(new Pair().check(wrong.signed()), fresh)
})

test('a wrong password, an unknown user and a foreign target are refused alike', () => {
  const wrong = new Pair(['MD5'], { secret: { password: 'guess' } })
  wrong.challenge()
  assert.deepEqual(wrong.check(wrong.signed()), { kind: 'refused' })
  const unknown = new Pair(['MD5'], { username: 'mallory' })
  unknown.challenge()
  assert.deepEqual(unknown.check(unknown.signed()), { kind: 'refused' })
  const moved = new Pair()
  moved.challenge()
  const sent = moved.signed('INVITE', 'sip:bob@example.org')
  sent.uri = 'sip:premium@example.org'
  assert.deepEqual(moved.check(sent), { kind: 'refused' })
  const otherMethod = moved.signed('INVITE', 'sip:bob@example.org')
  otherMethod.method = 'MESSAGE'
  assert.deepEqual(moved.check(otherMethod), { kind: 'refused' })
  for (const pair of [wrong, unknown, moved]) assert.equal(pair.server.rememberedNonces, 0)
})

test('parameters and port of the target may differ between credentials and request', () => {
  const pair = new Pair()
  pair.challenge()
  const sent = pair.signed('INVITE', 'sip:bob@example.org')
  sent.uri = 'sip:bob@EXAMPLE.org:5060;transport=tcp'
  assert.deepEqual(pair.check(sent), accepted)
})

test('credentials of another realm, scheme or hash function count as none', () => {
  const pair = new Pair(['SHA-256'])
  const sent = request('REGISTER')
  sent.headers.add('Authorization', 'Basic YWxpY2U6c2VjcmV0')
  sent.headers.add('Authorization', 'Bearer token=x')
  const other = new Pair(['MD5'])
  other.challenge()
  sent.headers.add('Authorization', other.signed().headers.get('Authorization')!)
  assert.deepEqual(pair.check(sent), fresh)
})

test('malformed credentials are told apart from wrong ones', () => {
  const values = [
    'Digest username="alice", realm="example.org", nonce="n", uri="u", response="zz"',
    'Digest username="alice", realm="example.org", nonce="n", uri="u", qop=auth, response="' + '0'.repeat(32) + '"',
    'Digest username="alice"',
    'Digest username="alice',
  ]
  for (const value of values) {
    const sent = request('REGISTER', { Authorization: value })
    assert.equal(new Pair().check(sent).kind, 'malformed', value)
  }
})

test('without qop a nonce is good for one request', () => {
  const pair = new Pair(['MD5'])
  const sent = request('REGISTER', { uri: 'sip:example.org' })
  const challenge = pair.server.challenges(realm, ['MD5'])[0]!.replace(', qop="auth"', '')
  pair.client.accept(sent, createResponse(sent, 401, { headers: [['WWW-Authenticate', challenge]] }))
  pair.client.authorize(sent)
  assert.doesNotMatch(sent.headers.get('Authorization')!, /qop|nc=/)
  assert.deepEqual(pair.check(sent), accepted)
  assert.deepEqual(pair.check(sent), stale)
})

test('-sess credentials are accepted though they were not asked for', () => {
  const pair = new Pair(['SHA-256'])
  const sent = request('REGISTER', { uri: 'sip:example.org' })
  const challenge = pair.server
    .challenges(realm, ['SHA-256'])[0]!
    .replace('algorithm=SHA-256', 'algorithm=SHA-256-sess')
  pair.client.accept(sent, createResponse(sent, 401, { headers: [['WWW-Authenticate', challenge]] }))
  pair.client.authorize(sent)
  assert.deepEqual(pair.check(sent), accepted)
})

test('memory is bounded, and what is forgotten cannot be replayed', () => {
  const pair = new Pair(['MD5'], {}, 3)
  const sent: SipRequest[] = []
  for (let i = 0; i < 10; i++) {
    pair.clock.advance(1000)
    pair.challenge()
    const one = pair.signed()
    assert.deepEqual(pair.check(one), accepted)
    sent.push(one)
  }
  assert.equal(pair.server.rememberedNonces, 3)
  for (const one of sent) assert.deepEqual(pair.check(one), stale)
  assert.equal(pair.server.rememberedNonces, 3)
})

test('a nonce cannot be respelled to get another count', () => {
  const pair = new Pair(['MD5'])
  pair.challenge()
  const sent = pair.signed()
  assert.deepEqual(pair.check(sent), accepted)
  const nonce = /nonce="([^"]*)"/.exec(sent.headers.get('Authorization')!)![1]!
  const again = request('REGISTER', { uri: 'sip:example.org' })
  const challenge = `Digest realm="${realm}", nonce="${nonce}=", qop="auth"`
  pair.client.accept(again, createResponse(again, 401, { headers: [['WWW-Authenticate', challenge]] }))
  pair.client.authorize(again)
  assert.deepEqual(pair.check(again), stale)
})
