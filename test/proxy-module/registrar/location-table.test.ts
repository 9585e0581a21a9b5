import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocationTable } from '../../../proxy-module/registrar/location-table.ts'
import { type StoredBinding } from '../../../proxy-module/registrar/stored-binding.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { flowFrom } from './transaction.ts'

const aor = 'sip:bob@example.org'

function binding(contact: string, change: Partial<StoredBinding> = {}): StoredBinding {
  return {
    contact,
    uri: parseUri(contact),
    params: '',
    path: [],
    q: 1,
    flowBound: false,
    callId: 'c',
    cseq: 1,
    expiresAt: 2_000_000,
    ...change,
  }
}

const contactsOf = (found: readonly StoredBinding[]): string[] => found.map(({ contact }) => contact)

test('bindings are found under every spelling of their address, the highest q and then the newest first', () => {
  const table = new LocationTable(new HandClock())
  table.set(aor, [binding('sip:a@h', { q: 0.5 }), binding('sip:b@h'), binding('sip:c@h')])
  for (const uri of [aor, 'sips:bob@EXAMPLE.org:5061;transport=tls', 'sip:%62ob@example.org']) {
    assert.deepEqual(contactsOf(table.lookup(uri)), ['sip:c@h', 'sip:b@h', 'sip:a@h'], uri)
  }
  for (const uri of ['sip:example.org', 'tel:+491234', 'sip:alice@example.org']) assert.deepEqual(table.lookup(uri), [])
  table.close()
})

test('RFC 5627 §6.2: a GRUU finds its instance only', () => {
  const table = new LocationTable(new HandClock())
  table.set(aor, [binding('sip:a@h', { instance: 'urn:uuid:1' }), binding('sip:b@h')])
  assert.deepEqual(contactsOf(table.lookup(`${aor};gr=urn:uuid:1`)), ['sip:a@h'])
  assert.deepEqual(table.lookup(`${aor};gr=urn:uuid:2`), [])
  table.close()
})

test('what has expired is not found at once, and swept out later, by one timer that ends with the last', () => {
  const clock = new HandClock()
  const table = new LocationTable(clock)
  table.set(aor, [
    binding('sip:a@h', { expiresAt: clock.now() + 1000 }),
    binding('sip:b@h', { expiresAt: clock.now() + 90_000 }),
  ])
  table.set('sip:alice@example.org', [binding('sip:c@h', { expiresAt: clock.now() + 1000 })])
  assert.equal(clock.pending, 1)
  clock.advance(1000)
  assert.deepEqual(contactsOf(table.lookup(aor)), ['sip:b@h'])
  assert.equal(table.counts().bindings, 3)
  clock.advance(60_000)
  assert.deepEqual(table.counts(), { users: 1, bindings: 1, flows: 0 })
  clock.advance(60_000)
  assert.deepEqual(table.counts(), { users: 0, bindings: 0, flows: 0 })
  assert.equal(clock.pending, 0)
})

test('a connection that closes takes what lives on it alone, and is forgotten by the rest', () => {
  const table = new LocationTable(new HandClock())
  const [gone, other] = [flowFrom('192.0.2.2', 'tcp'), flowFrom('192.0.2.2', 'tcp')]
  table.set(aor, [
    binding('sip:a@h', { flow: gone, flowBound: true }),
    binding('sip:b@h', { flow: gone }),
    binding('sip:c@h', { flow: other, flowBound: true }),
  ])
  table.set('sip:alice@example.org', [binding('sip:d@h', { flow: gone, flowBound: true })])
  assert.equal(table.counts().flows, 2)
  table.flowClosed(gone)
  assert.deepEqual(
    table.get(aor).map(({ contact, flow }) => [contact, flow]),
    [
      ['sip:b@h', undefined],
      ['sip:c@h', other],
    ],
  )
  assert.deepEqual(table.counts(), { users: 1, bindings: 2, flows: 1 })
  table.flowClosed(gone)
  table.set(aor, [])
  assert.deepEqual(table.counts(), { users: 0, bindings: 0, flows: 0 })
})

test('the flow of a datagram is kept, and nothing is remembered of it beside', () => {
  const table = new LocationTable(new HandClock())
  const flow = flowFrom('192.0.2.2')
  table.set(aor, [binding('sip:a@h', { flow })])
  assert.equal(table.get(aor)[0]?.flow, flow)
  assert.equal(table.counts().flows, 0)
  table.close()
})

test('the table has an end', () => {
  const table = new LocationTable(new HandClock(), 2)
  table.set(aor, [binding('sip:a@h')])
  assert.equal(table.hasRoom('sip:alice@example.org', [binding('sip:c@h'), binding('sip:d@h')]), false)
  assert.equal(table.hasRoom(aor, [binding('sip:c@h'), binding('sip:d@h')]), true)
  table.close()
})
