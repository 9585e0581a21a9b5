import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { pbxSecret } from '../../../src/media/zrtp/key-derivation.ts'
import { readHello } from '../../../src/media/zrtp/message/messages.ts'
import { parsePacket, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { readRelayedSas, writeRelayedSas } from '../../../src/media/zrtp/message/sas-relay.ts'
import { everyParty, forEver, MemorySecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { typeOf, ZrtpPair, type PairEnd } from '../../support/media/zrtp-pair.ts'

const party = 'sip:a@example.org'

/** A server that phones may trust, and a phone; each keeps what it knows between calls. */
function acquaintances() {
  const server = { zid: randomBytes(12), cache: new MemorySecretCache(), trustedMitm: true }
  const phone = { zid: randomBytes(12), cache: new MemorySecretCache() }
  return { server, phone, call: () => new ZrtpPair({ one: server, two: phone }).run() }
}

/** What a phone does whose user agrees to enrol (RFC 6189 §7.3.1). */
function agreeToEnrol({ one: server, two: phone }: ZrtpPair): void {
  const committed = [server, phone].find((end) => end.said('Commit') > 0 && wonBy(end))!
  const [initiator, responder] = committed === server ? [server, phone] : [phone, server]
  const pbx = pbxSecret(phone.session.key!, initiator.session.zid, responder.session.zid)
  const known = phone.session.cache.get(server.session.zid, party)!
  phone.session.cache.put(server.session.zid, party, { ...known, pbx }, forEver)
}

const wonBy = (end: PairEnd): boolean => end.said('DHPart2') > 0

describe('a trusted man in the middle', () => {
  test('says so in its Hello; others do not', () => {
    const { one, two } = acquaintances().call()
    assert.equal(readHello(one.hello).mitm, true)
    assert.equal(readHello(two.hello).mitm, false)
  })

  test('has a secret in common with a phone that has enrolled, whomever it calls; one that has not is asked again', () => {
    const { server, phone, call } = acquaintances()
    const first = call()
    assert.equal(first.one.result?.enrolled, false)
    const before = server.cache.get(phone.zid, everyParty)!.pbx!
    const second = call() // her user did not agree
    assert.equal(second.one.result?.enrolled, false)
    assert.equal(second.one.result.cache, 'matched')
    assert.ok(!server.cache.get(phone.zid, everyParty)!.pbx!.equals(before))
    agreeToEnrol(second)
    const third = call()
    assert.equal(third.one.result?.enrolled, true)
    const kept = server.cache.get(phone.zid, everyParty)!.pbx!
    assert.equal(call().one.result?.enrolled, true)
    assert.deepEqual(server.cache.get(phone.zid, everyParty)!.pbx, kept, 'whoever has enrolled is not asked again')
  })

  test('tells a phone the SAS of the other one until it says that it has heard it', () => {
    const { call } = acquaintances()
    const pair = call()
    const sas = { algorithm: 'B32 ', hash: randomBytes(32), verified: false }
    pair.one.stream.relaySas(sas)
    pair.run()
    assert.equal(pair.one.said('SASrelay'), 1)
    assert.equal(pair.two.said('RelayACK'), 1)
    assert.equal(pair.one.error, undefined)
  })

  test('says it again where it is lost, and gives up without harm', () => {
    const { server, phone } = acquaintances()
    const wire = (packet: Buffer): Buffer[] => (typeOf(packet) === 'SASrelay' ? [] : [packet])
    const pair = new ZrtpPair({ one: server, two: phone, wire }).run()
    pair.one.stream.relaySas({ algorithm: 'B32 ', hash: randomBytes(32), verified: false })
    pair.run()
    assert.equal(pair.one.said('SASrelay'), 11)
    assert.equal(pair.one.error, undefined)
  })

  test('is not believed by whoever hears something else than it said', () => {
    const { server, phone } = acquaintances()
    const wire = (packet: Buffer): Buffer[] => {
      if (typeOf(packet) !== 'SASrelay') return [packet]
      const { message, sequence, ssrc } = parsePacket(packet)!
      message[40]! ^= 1
      return [writePacket(message, sequence, ssrc)] // with a checksum of its own
    }
    const pair = new ZrtpPair({ one: server, two: phone, wire }).run()
    pair.one.stream.relaySas({ algorithm: 'B32 ', hash: randomBytes(32), verified: false })
    pair.run(100)
    assert.equal(pair.two.said('RelayACK'), 0)
  })

  test('without the setting nobody is asked to enrol', () => {
    const { server, phone } = acquaintances()
    const pair = new ZrtpPair({ one: { ...server, trustedMitm: false }, two: phone }).run()
    assert.equal(pair.one.result?.enrolled, false)
    assert.equal(server.cache.get(phone.zid, everyParty), undefined)
  })
})

test('the hidden part of a SASrelay: flags, rendering scheme, sashash; a signature behind it is passed over', () => {
  const sas = { algorithm: 'B256', hash: Buffer.alloc(32, 7), verified: true }
  const plain = writeRelayedSas(sas)
  assert.equal(plain.toString('hex'), `00000004${Buffer.from('B256').toString('hex')}${'07'.repeat(32)}`)
  assert.deepEqual(readRelayedSas(Buffer.concat([plain, randomBytes(8)])), sas)
  assert.throws(() => readRelayedSas(plain.subarray(0, 39)), { code: 'ZRTP_MALFORMED' })
})
