import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DnsCache } from '../../../src/sip/transport/dns-cache.ts'
import { type DnsAnswer, type DnsClient } from '../../../src/sip/transport/dns-client.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function setUp(answer: () => Promise<DnsAnswer<string>>, size?: number) {
  let asked = 0
  const a = () => {
    asked++
    return answer()
  }
  const none = () => Promise.resolve({ records: [] })
  const client: DnsClient = { hosts: a, naptr: none, srv: none, a, aaaa: a, lookup: a }
  const clock = new FakeClock()
  return { clock, cache: new DnsCache(client, clock, size), asked: () => asked }
}

test('an answer is kept for its TTL, and no longer', async () => {
  const { clock, cache, asked } = setUp(() => Promise.resolve({ records: ['192.0.2.1'], ttl: 20 }))
  await cache.a('a.example')
  await clock.advance(19_999)
  assert.deepEqual((await cache.a('a.example')).records, ['192.0.2.1'])
  assert.equal(asked(), 1)
  await clock.advance(1)
  await cache.a('a.example')
  assert.equal(asked(), 2)
})

test('a long TTL is cut at a minute, so that a changed record is seen', async () => {
  const { clock, cache, asked } = setUp(() => Promise.resolve({ records: ['192.0.2.1'], ttl: 86_400 }))
  await cache.a('a.example')
  await clock.advance(60_000)
  await cache.a('a.example')
  assert.equal(asked(), 2)
})

test('"there is none" is kept for 10 s', async () => {
  const { clock, cache, asked } = setUp(() => Promise.resolve({ records: [] }))
  await cache.a('a.example')
  await clock.advance(9_999)
  await cache.a('a.example')
  assert.equal(asked(), 1)
  await clock.advance(1)
  await cache.a('a.example')
  assert.equal(asked(), 2)
})

test('equal questions under way share one answer; different ones do not', async () => {
  const { cache, asked } = setUp(() => Promise.resolve({ records: ['192.0.2.1'], ttl: 5 }))
  await Promise.all([cache.a('a.example'), cache.a('a.example'), cache.aaaa('a.example')])
  assert.equal(asked(), 2)
})

test('a failure is not kept', async () => {
  let fail = true
  const { cache } = setUp(() => (fail ? Promise.reject(new Error('no')) : Promise.resolve({ records: ['192.0.2.1'] })))
  await assert.rejects(cache.a('a.example'))
  assert.equal(cache.size, 0)
  fail = false
  assert.deepEqual((await cache.a('a.example')).records, ['192.0.2.1'])
})

test('it does not grow with the names that come from the network', async () => {
  const { cache } = setUp(() => Promise.resolve({ records: ['192.0.2.1'], ttl: 60 }), 100)
  for (let i = 0; i < 1000; i++) await cache.a(`${i}.example`)
  assert.equal(cache.size, 100)
})
