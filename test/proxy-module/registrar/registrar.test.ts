import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authentication } from '../../../proxy-module/registrar/authentication.ts'
import { LocationTable } from '../../../proxy-module/registrar/location-table.ts'
import { parsePasswordFile, type PasswordFile } from '../../../proxy-module/registrar/password-file.ts'
import { defaultRegistrarSettings } from '../../../proxy-module/registrar/register.ts'
import { Registrar } from '../../../proxy-module/registrar/registrar.ts'
import { DigestClient } from '../../../src/sip/auth/digest-client.ts'
import { request } from '../../support/sip/messages.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { flowFrom, RecordingTransaction } from './transaction.ts'

const users = parsePasswordFile('version:1\nalice@example.org clrtxt:secret ;\n', 'users').passwords

/** A registrar of example.org with a table for three bindings. */
class Site {
  readonly clock = new HandClock()
  readonly table = new LocationTable(this.clock, 3)
  readonly registrar: Registrar

  /** @param passwords - none: for this machine only */
  constructor(passwords: () => PasswordFile | undefined = () => users) {
    const domains = (): readonly string[] => ['example.org']
    const { clock, table } = this
    const hashes = (): readonly ['MD5'] => ['MD5']
    const authentication = new Authentication({
      clock,
      passwords,
      domains,
      hashes,
      nonceLifetime: 3_600_000,
    })
    this.registrar = new Registrar({ clock, table, authentication, domains, settings: () => defaultRegistrarSettings })
  }

  /** The answer to a REGISTER of one of this machine. */
  send(fields: Readonly<Record<string, string>>, client?: DigestClient): RecordingTransaction {
    const made = request('REGISTER', { uri: 'sip:example.org', To: '<sip:alice@example.org>', ...fields })
    client?.authorize(made)
    const transaction = new RecordingTransaction(made, flowFrom('127.0.0.1'))
    assert.equal(this.registrar.handle(transaction), true)
    return transaction
  }
}

test('a phone registers with its password and is found', () => {
  const site = new Site()
  const client = new DigestClient({ username: 'alice', secret: { password: 'secret' } })
  const contact = { Contact: '<sip:alice@127.0.0.1:5070>' }
  const first = site.send(contact)
  assert.equal(first.answer.status, 401)
  assert.deepEqual(site.table.lookup('sip:alice@example.org'), [])
  client.accept(first.request, first.answer)
  const { answer } = site.send({ ...contact, CSeq: '2 REGISTER' }, client)
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('To')!, /;tag=/)
  assert.deepEqual(answer.headers.all('Contact'), ['<sip:alice@127.0.0.1:5070>;expires=600'])
  assert.equal(site.table.lookup('sip:alice@example.org')[0]?.contact, 'sip:alice@127.0.0.1:5070')
  site.send({ Contact: '*', Expires: '0', CSeq: '3 REGISTER' }, client)
  assert.deepEqual(site.table.counts(), { users: 0, bindings: 0, flows: 0 })
  assert.equal(site.clock.pending, 0)
})

test('§10.3 step 4: nobody registers for somebody else', () => {
  const site = new Site()
  const client = new DigestClient({ username: 'alice', secret: { password: 'secret' } })
  const fields = { To: '<sip:bob@example.org>', Contact: '<sip:alice@127.0.0.1>' }
  const first = site.send(fields)
  client.accept(first.request, first.answer)
  assert.equal(site.send({ ...fields, CSeq: '2 REGISTER' }, client).answer.status, 403)
  assert.equal(site.table.counts().bindings, 0)
})

for (const [to, status] of [
  ['<sip:alice@elsewhere.org>', 404],
  ['<sip:example.org>', 404],
  ['<tel:+491234>', 404],
  ['<sip:alice@example.org', 400],
  ['<alice>', 400],
] as const) {
  test(`§10.3 step 5: a To of ${to} is answered ${status}, without a challenge`, () => {
    assert.equal(new Site().send({ To: to, Contact: '<sip:a@h>' }).answer.status, status)
  })
}

test('without a password file phones of this machine register, a full table sends them away', () => {
  const site = new Site(() => undefined)
  for (const user of ['a', 'b', 'c']) {
    assert.equal(site.send({ To: `<sip:${user}@example.org>`, Contact: `<sip:${user}@127.0.0.1>` }).answer.status, 200)
  }
  const { answer } = site.send({ To: '<sip:d@example.org>', Contact: '<sip:d@127.0.0.1>' })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('Retry-After'), '60')
  assert.equal(
    site.send({ To: '<sip:a@example.org>', Contact: '<sip:a@127.0.0.1>', CSeq: '2 REGISTER' }).answer.status,
    200,
  )
  site.table.close()
})

test('what register refuses is answered so', () => {
  const site = new Site(() => undefined)
  assert.equal(site.send({ Contact: '<sip:a@h>;expires=1' }).answer.headers.get('Min-Expires'), '60')
  assert.equal(site.send({ Contact: '*' }).answer.reason, 'Contact: * needs Expires: 0')
})

test('other requests are left to others', () => {
  const transaction = new RecordingTransaction(request('INVITE'))
  assert.equal(new Site().registrar.handle(transaction), false)
  assert.deepEqual(transaction.responses, [])
})

test('a request whose Via fields leave no room for the answer is answered all the same', () => {
  const made = request('REGISTER', { To: '<sip:alice@example.org>' })
  made.headers.delete('Max-Forwards')
  for (let i = 0; i < 251; i++) made.headers.add('Via', `SIP/2.0/UDP h;branch=z9hG4bK${i}`)
  const transaction = new RecordingTransaction(made)
  assert.equal(new Site().registrar.handle(transaction), true)
  assert.equal(transaction.answer.status, 513)
})
