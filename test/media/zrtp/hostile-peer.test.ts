import assert from 'node:assert/strict'
import { getDiffieHellman, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { type DhAgreement } from '../../../src/media/zrtp/algorithms.ts'
import { sha256 } from '../../../src/media/zrtp/key-derivation.ts'
import { newKeyPair } from '../../../src/media/zrtp/key-agreement.ts'
import { readCommit, seal, writeCommit, writeError } from '../../../src/media/zrtp/message/messages.ts'
import { writeMessage, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { forEver } from '../../../src/media/zrtp/secret-cache.ts'
import {
  assertRefused,
  assertUnmoved,
  conf2Ack,
  HandmadePeer,
  helloAck,
  play,
  victim,
} from '../../support/media/handmade-zrtp.ts'

const party = 'sip:a@example.org'

/** A number as the wire has it. */
function big(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

function offCurve(algorithm: 'EC25' | 'EC38'): Buffer {
  const point = Buffer.from(newKeyPair(algorithm).publicValue)
  point[point.length - 1]! ^= 1
  return point
}

const prime = (group: string): bigint => BigInt(`0x${getDiffieHellman(group).getPrime('hex')}`)
const [p15, p14] = [prime('modp15'), prime('modp14')]

const badValues: readonly (readonly [DhAgreement, string, Buffer])[] = [
  ['DH3k', '0', big(0n, 384)],
  ['DH3k', '1', big(1n, 384)],
  ['DH3k', 'p − 1', big(p15 - 1n, 384)],
  ['DH3k', 'p', big(p15, 384)],
  ['DH3k', 'p + 1', big(p15 + 1n, 384)],
  ['DH3k', 'of 383 bytes', randomBytes(383)],
  ['DH3k', 'of 388 bytes', randomBytes(388)],
  ['X255', 'of order 1', Buffer.alloc(32)],
  ['X255', 'of order 2', big(1n, 32).reverse()],
  ['X255', 'of order 8', Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')],
  ['X255', 'that is p', big(2n ** 255n - 19n, 32).reverse()],
  ['X255', 'of no bytes', Buffer.alloc(0)],
  ['X448', 'of order 1', Buffer.alloc(56)],
  ['X448', 'of order 4', big(1n, 56).reverse()],
  ['X448', 'p − 1', big(2n ** 448n - 2n ** 224n - 2n, 56).reverse()],
  ['EC25', 'off the curve', offCurve('EC25')],
  ['EC25', '0, 0', Buffer.alloc(64)],
  ['EC38', 'off the curve', offCurve('EC38')],
  ['EC38', '0, 0', Buffer.alloc(96)],
]

describe('a peer of ZRTP that means no good: key agreement', () => {
  test('one that does all that it should is agreed with, in either role', () => {
    for (const keyAgreement of ['X255', 'X448', 'DH3k', 'EC25', 'EC38'] as const) {
      const [one, other] = [play({ keyAgreement }), play({ keyAgreement })]
      one.peer.initiate()
      other.peer.respond()
      assert.deepEqual(one.end.result?.receive, one.peer.keys('initiator').initiator.srtp)
      assert.deepEqual(other.end.result?.receive, other.peer.keys('responder').responder.srtp)
    }
  })

  for (const [keyAgreement, what, publicValue] of badValues) {
    test(`DHPart1 with a value of ${keyAgreement} ${what}: error 0x61, no keys`, () => {
      const { end, peer } = play({ keyAgreement, publicValue: padded(publicValue) })
      peer.awaitCommit()
      assertRefused(end, 'ZRTP_PUBLIC_VALUE', 0x61)
    })

    test(`DHPart2 with a value of ${keyAgreement} ${what}: error 0x61, no keys`, () => {
      const { end, peer } = play({ keyAgreement, publicValue: padded(publicValue) })
      peer.commitTo()
      peer.say(peer.dhPart('DHPart2'))
      assertRefused(end, 'ZRTP_PUBLIC_VALUE', 0x61)
    })
  }

  for (const value of [0n, 1n, p14 - 1n, p14])
    test(`DHPart2 with a value of DH2k of ${value < 2n ? value : `p − ${p14 - value}`}: error 0x61`, () => {
      const { end, peer } = play({ keyAgreement: 'DH2k', publicValue: big(value, 256) })
      peer.commitTo()
      peer.say(peer.dhPart('DHPart2'))
      assertRefused(end, 'ZRTP_PUBLIC_VALUE', 0x61)
    })

  test('a DHPart2 other than the one that was committed to: error 0x62, no keys', () => {
    const { end, peer } = play({ hvi: randomBytes(32) })
    peer.commitTo()
    peer.say(peer.dhPart('DHPart2'))
    assertRefused(end, 'ZRTP_HVI_MISMATCH', 0x62)
  })

  test('a DHPart2 of somebody who does not know H1 ends nothing, and that of the peer is taken', () => {
    const { end, peer } = play()
    peer.commitTo()
    peer.say(new HandmadePeer(end).dhPart('DHPart2'))
    assertUnmoved(end)
    peer.say(peer.dhPart('DHPart2'))
    peer.say(peer.confirm('Confirm2', peer.keys('initiator')))
    assert.ok(end.result)
  })

  test('a DHPart1 of somebody else ends nothing', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    peer.say(helloAck)
    peer.say(new HandmadePeer(end, { publicValue: Buffer.alloc(32) }).dhPart('DHPart1'))
    assertUnmoved(end)
    peer.respond()
    assert.ok(end.result)
  })
})

describe('a peer of ZRTP that means no good: algorithms', () => {
  const unknown = ['XX11', 'XX22', 'XX33', 'XX44', 'XX55', 'XX66', 'XX77']
  const lists = { hash: ['S256'], cipher: ['AES1'], authTag: ['HS80'], keyAgreement: ['X255'], sas: ['B32 '] }

  test('six unknown ones before each that is known are passed over', () => {
    const { end, peer } = play({
      offered: Object.fromEntries(
        Object.entries(lists).map(([kind, names]) => [kind, [...unknown.slice(1), ...names]]),
      ),
    })
    peer.respond()
    assert.ok(end.result)
  })

  test('seven unknown ones in each list: what every phone must know is taken', () => {
    const offered = Object.fromEntries(Object.keys(lists).map((kind) => [kind, unknown]))
    const { end, peer } = play({ keyAgreement: 'DH3k', offered })
    peer.respond()
    assert.equal(end.result?.algorithms.keyAgreement, 'DH3k')
  })

  for (const [kind, number] of [
    ['hash', 0x51],
    ['cipher', 0x52],
    ['keyAgreement', 0x53],
    ['authTag', 0x54],
    ['sas', 0x55],
  ] as const)
    test(`a Commit with an unknown ${kind}: error 0x${number.toString(16)}, no keys`, () => {
      const { end, peer } = play()
      peer.say(peer.hello)
      peer.say(seal(writeCommit({ ...readCommit(peer.commit()), [kind]: 'XXXX' }), peer.chain[1]))
      assert.equal(end.error?.number, number)
      assert.equal(end.result, undefined)
    })
})

describe('a peer of ZRTP that means no good: who it is', () => {
  test('a Commit of an earlier call is passed over; that of this one is taken', () => {
    const zid = randomBytes(12)
    const before = play({ zid })
    before.peer.initiate()
    const { end, peer } = play({ zid })
    peer.say(peer.hello)
    peer.say(before.peer.commit())
    assertUnmoved(end)
    peer.initiate()
    assert.ok(end.result)
  })

  test('a Commit with another ZID than that of the Hello is passed over', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    peer.say(seal(writeCommit({ ...readCommit(peer.commit()), zid: randomBytes(12) }), peer.chain[1]))
    assertUnmoved(end)
    assert.equal(peer.heard('DHPart1'), undefined)
  })

  test('the Hello of an earlier call: where the description says which it must be, it is passed over', () => {
    const zid = randomBytes(12)
    const old = play({ zid }).peer.hello
    const seed = randomBytes(32)
    const end = victim({ peerHash: sha256(new HandmadePeer(victim(), { zid, seed }).hello) })
    const peer = new HandmadePeer(end, { zid, seed })
    peer.say(old)
    assert.equal(peer.heard('HelloACK'), undefined)
    peer.initiate()
    assert.ok(end.result)
  })

  test('the Hello of an earlier call, and nothing says which it must be: no keys come of it', () => {
    const zid = randomBytes(12)
    const old = play({ zid }).peer.hello
    const { end, peer } = play({ zid })
    peer.say(old)
    peer.commitTo()
    assertUnmoved(end)
    assert.equal(peer.heard('DHPart1'), undefined)
  })

  test('the server’s own Hello and Commit, sent back to it, bring nothing', () => {
    const { end, peer } = play()
    peer.say(peer.heard('Hello')!)
    assert.equal(peer.heard('HelloACK'), undefined)
    peer.say(peer.hello)
    peer.say(helloAck)
    peer.say(peer.heard('Commit')!)
    assertUnmoved(end)
    assert.equal(peer.heard('DHPart1'), undefined)
  })

  test('one whose retained secret is not the one that is known is told from the one before, whose secrets stay', () => {
    const known = { rs1: randomBytes(32), rs2: randomBytes(32), verified: true }
    const { end, peer } = play()
    end.session.cache.put(peer.zid, party, known, forEver)
    peer.initiate()
    assert.deepEqual([end.result?.cache, end.result?.verified], ['mismatch', false])
    assert.deepEqual(end.session.cache.get(peer.zid, party), known)
  })

  test('it is known anew where the description vouches for it', () => {
    const known = { rs1: randomBytes(32), verified: true }
    const whims = { zid: randomBytes(12), seed: randomBytes(32) }
    const end = victim({ peerHash: sha256(new HandmadePeer(victim(), whims).hello) })
    const peer = new HandmadePeer(end, whims)
    end.session.cache.put(peer.zid, party, known, forEver)
    peer.initiate()
    assert.equal(end.result?.cache, 'mismatch')
    const kept = end.session.cache.get(peer.zid, party)
    assert.deepEqual(kept, { rs1: peer.keys('initiator').retainedSecret, verified: false })
  })
})

describe('a peer of ZRTP that means no good: confirmation and after', () => {
  for (const [part, at] of [
    ['MAC', 12],
    ['IV', 20],
    ['hidden part', 40],
  ] as const)
    for (const type of ['Confirm1', 'Confirm2'] as const)
      test(`${type} with a bit of its ${part} changed: error 0x70, no keys`, () => {
        const { end, peer } = play()
        if (type === 'Confirm1') peer.awaitCommit()
        else {
          peer.commitTo()
          peer.say(peer.dhPart('DHPart2'))
        }
        const confirm = peer.confirm(type, peer.keys(type === 'Confirm1' ? 'responder' : 'initiator'))
        confirm[at]! ^= 4
        peer.say(confirm)
        assertRefused(end, 'ZRTP_CONFIRM_MAC', 0x70)
      })

  test('a Confirm whose H0 is not that of the Hello: error 0x70, no keys', () => {
    const { end, peer } = play({ confirmation: { h0: randomBytes(32) } })
    peer.initiate()
    assertRefused(end, 'ZRTP_CONFIRM_MAC', 0x70)
  })

  test('what has a wrong CRC was never said', () => {
    const { end, peer } = play()
    const packet = writePacket(peer.hello, 1, 2)
    packet[packet.length - 1]! ^= 1
    end.stream.receive(packet)
    assert.equal(peer.heard('HelloACK'), undefined)
    peer.initiate()
    assert.ok(end.result)
  })

  test('an Error before there are keys ends the exchange; without keys, and acknowledged', () => {
    const { end, peer } = play()
    peer.commitTo()
    peer.say(writeError(0x70))
    assert.equal(end.error?.code, 'ZRTP_CRITICAL')
    assert.ok(peer.heard('ErrorACK'))
    peer.say(peer.dhPart('DHPart2'))
    assert.equal(end.result, undefined)
    assert.equal(peer.heard('Confirm1'), undefined)
  })

  for (const role of ['initiate', 'respond'] as const)
    test(`Error, GoClear, and whatever else, once there are keys (${role}): they stay, and the phone hears of it`, () => {
      const { end, peer } = play()
      peer[role]()
      const { result, sent } = end
      assert.ok(result)
      const from = sent.length
      peer.say(writeError(0x20))
      peer.say(writeMessage('GoClear', Buffer.alloc(8)))
      for (const message of [peer.hello, helloAck, peer.commit(), conf2Ack]) peer.say(message)
      for (const type of ['DHPart1', 'DHPart2'] as const) peer.say(peer.dhPart(type))
      peer.say(writeMessage('Confirm1', randomBytes(64)))
      assert.deepEqual([end.result, end.error], [result, undefined])
      const said = sent.slice(from).map((packet) => packet.toString('latin1', 16, 24).trimEnd())
      assert.deepEqual(said, ['ErrorACK', 'Error', 'HelloACK'])
      assert.equal(sent[from + 1]!.readUInt32BE(24), 0x100)
      assert.equal(end.stream.timeout, undefined)
    })

  test('a GoClear before there are keys is refused as well', () => {
    const { end, peer } = play()
    peer.commitTo()
    peer.say(writeMessage('GoClear', Buffer.alloc(8)))
    assertUnmoved(end)
    peer.say(peer.dhPart('DHPart2'))
    peer.say(peer.confirm('Confirm2', peer.keys('initiator')))
    assert.ok(end.result)
  })
})

/** Messages are of whole words. */
function padded(value: Buffer): Buffer {
  return value.length % 4 === 0 ? value : Buffer.concat([value, Buffer.alloc(5)]).subarray(0, value.length + 5)
}
