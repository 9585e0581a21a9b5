import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authentication } from '../../../proxy-module/registrar/authentication.ts'
import { parsePasswordFile, type PasswordFile } from '../../../proxy-module/registrar/password-file.ts'
import { DigestClient } from '../../../src/sip/auth/digest-client.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { request } from '../../support/sip/messages.ts'
import { flowFrom, RecordingTransaction } from './transaction.ts'

const users = parsePasswordFile(
  'version:1\nalice@example.org clrtxt:secret ;\nbob@example.org clrtxt:other ; bob-id\n',
  'users',
).passwords!

function authentication(passwords: () => PasswordFile | undefined = () => users): Authentication {
  return new Authentication({
    clock: new HandClock(),
    passwords,
    domains: () => ['example.org'],
    hashes: () => ['SHA-256', 'MD5'],
    nonceLifetime: 3_600_000,
  })
}

/** Asks once without credentials and once with those that the challenge wants. */
function dial(auth: Authentication, client: DigestClient, make: () => SipRequest): RecordingTransaction {
  const first = new RecordingTransaction(make())
  assert.deepEqual(auth.admit(first), { admitted: false })
  assert.equal(client.accept(first.request, first.answer), 'answered')
  const second = make()
  client.authorize(second)
  return new RecordingTransaction(second)
}

const alice = (): DigestClient => new DigestClient({ username: 'alice', secret: { password: 'secret' } })

for (const [method, status, field] of [
  ['REGISTER', 401, 'WWW-Authenticate'],
  ['INVITE', 407, 'Proxy-Authenticate'],
  ['MESSAGE', 407, 'Proxy-Authenticate'],
] as const) {
  test(`${method} is challenged ${status}, and admitted with the right password`, () => {
    const auth = authentication()
    const plain = new RecordingTransaction(request(method))
    assert.equal(auth.handle(plain), true)
    assert.equal(plain.answer.status, status)
    assert.equal(plain.answer.headers.count(field), 2)
    assert.match(plain.answer.headers.get(field)!, /realm="example.org".*SHA-256/)
    const proved = dial(auth, alice(), () => request(method))
    assert.deepEqual(auth.admit(proved), { admitted: true, aor: 'sip:alice@example.org' })
    assert.deepEqual(proved.responses, [])
  })
}

test('credentials do not travel on, but those for others do', () => {
  const auth = authentication()
  const proved = dial(auth, alice(), () => request('INVITE'))
  const other = 'Digest username="a", realm="elsewhere", nonce="n", uri="u", response="' + '0'.repeat(32) + '"'
  proved.request.headers.add('Proxy-Authorization', other)
  assert.equal(auth.handle(proved), false)
  assert.deepEqual(proved.request.headers.all('Proxy-Authorization'), [other])
})

test('a user with a user-id logs in with that', () => {
  const auth = authentication()
  const from = { From: '<sip:bob@example.org>;tag=b' }
  const client = new DigestClient({ username: 'bob-id', secret: { password: 'other' } })
  assert.deepEqual(auth.admit(dial(auth, client, () => request('REGISTER', from))), {
    admitted: true,
    aor: 'sip:bob@example.org',
  })
})

test('a password of one user does not make another of him', () => {
  const auth = authentication()
  const from = { From: '<sip:bob@example.org>;tag=b' }
  const forged = dial(auth, alice(), () => request('INVITE', from))
  assert.deepEqual(auth.admit(forged), { admitted: false })
  assert.equal(forged.answer.status, 403)
})

test('unknown users are challenged like others and refused in the end', () => {
  const auth = authentication()
  const from = { From: '<sip:nobody@example.org>;tag=b' }
  const client = new DigestClient({ username: 'nobody', secret: { password: 'secret' } })
  const transaction = dial(auth, client, () => request('REGISTER', from))
  auth.admit(transaction)
  assert.equal(transaction.answer.status, 403)
})

test('other domains, tel URIs and a From that cannot be read are refused', () => {
  for (const [from, status] of [
    ['<sip:alice@elsewhere.org>;tag=1', 403],
    ['<tel:+491234>;tag=1', 403],
    ['<sip:alice@example.org;tag=1', 400],
  ] as const) {
    const transaction = new RecordingTransaction(request('INVITE', { From: from }))
    assert.equal(authentication().handle(transaction), true)
    assert.equal(transaction.answer.status, status, from)
  }
})

test('malformed credentials are answered 400', () => {
  const transaction = new RecordingTransaction(request('REGISTER', { Authorization: 'Digest username="alice' }))
  authentication().handle(transaction)
  assert.equal(transaction.answer.status, 400)
})

test('with a password file this machine is challenged too; BYE and CANCEL are not', () => {
  const auth = authentication()
  const local = new RecordingTransaction(request('INVITE'), flowFrom('127.0.0.1'))
  assert.equal(auth.handle(local), true)
  assert.equal(local.answer.status, 407)
  for (const method of ['BYE', 'CANCEL']) {
    assert.equal(auth.handle(new RecordingTransaction(request(method))), false)
  }
})

test('without a password file only this machine is served', () => {
  const auth = authentication(() => undefined)
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    assert.deepEqual(auth.admit(new RecordingTransaction(request('INVITE'), flowFrom(host))), { admitted: true }, host)
  }
  for (const host of ['192.0.2.1', '::2', '10.127.0.1', '::ffff:192.0.2.1']) {
    for (const method of ['REGISTER', 'INVITE', 'BYE']) {
      const transaction = new RecordingTransaction(request(method), flowFrom(host))
      assert.equal(auth.handle(transaction), true, host)
      assert.equal(transaction.answer.status, 403)
    }
  }
})
