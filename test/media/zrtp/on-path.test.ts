import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { newKeyPair } from '../../../src/media/zrtp/key-agreement.ts'
import { hashChain } from '../../../src/media/zrtp/key-derivation.ts'
import {
  readCommit,
  readDhPart,
  readHello,
  seal,
  writeCommit,
  writeDhPart,
  writeHello,
} from '../../../src/media/zrtp/message/messages.ts'
import { parsePacket, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { typeOf, ZrtpPair, type PairOptions } from '../../support/media/zrtp-pair.ts'

/*
 * Two ends of this server's own, and an attacker on the wire who reads and changes whatever passes.
 */

/** Both have come to the same keys. */
function assertAgreed({ one, two }: ZrtpPair): void {
  assert.deepEqual([one.error, two.error], [undefined, undefined])
  assert.ok(one.result !== undefined && two.result !== undefined)
  assert.deepEqual([one.result.send, one.result.receive], [two.result.receive, two.result.send])
  assert.equal(one.result.sas, two.result.sas)
}

/** Neither has keys, and both have ended, or wait for nothing that would take longer than a minute. */
function assertFruitless({ one, two }: ZrtpPair): void {
  assert.deepEqual([one.result, two.result], [undefined, undefined])
  assert.ok(one.error !== undefined && two.error !== undefined)
}

/** The packet with another message in it. */
function repack(packet: Buffer, message: Buffer): Buffer {
  const { sequence, ssrc } = parsePacket(packet)!
  return writePacket(message, sequence, ssrc)
}

/** A wire on which messages of a type are others. */
function replacing(type: string, by: (message: Buffer) => Buffer): NonNullable<PairOptions['wire']> {
  return (packet) => (typeOf(packet) === type ? [repack(packet, by(parsePacket(packet)!.message))] : [packet])
}

const chain = hashChain(randomBytes(32))

describe('an attacker on the path of ZRTP', () => {
  const substitutes: Readonly<Record<string, readonly [type: string, by: (message: Buffer) => Buffer]>> = {
    'a Commit of his own chain': [
      'Commit',
      (message) => seal(writeCommit({ ...readCommit(message), h2: chain[2] }), chain[1]),
    ],
    'a Commit to another hvi': [
      'Commit',
      (message) => seal(writeCommit({ ...readCommit(message), proof: randomBytes(32) }), chain[1]),
    ],
    'a Commit to a weaker auth tag': [
      'Commit',
      (message) => seal(writeCommit({ ...readCommit(message), authTag: 'HS32' }), chain[1]),
    ],
    'a Commit to another SAS': [
      'Commit',
      (message) => seal(writeCommit({ ...readCommit(message), sas: 'B256' }), chain[1]),
    ],
    'a DHPart1 with his public value': ['DHPart1', (message) => withValue('DHPart1', message)],
    'a DHPart2 with his public value': ['DHPart2', (message) => withValue('DHPart2', message)],
    'a DHPart1 of his own chain': ['DHPart1', (message) => ofOwnChain('DHPart1', message)],
    'a DHPart2 of his own chain': ['DHPart2', (message) => ofOwnChain('DHPart2', message)],
    'a Hello with his H3': ['Hello', (message) => seal(writeHello({ ...readHello(message), h3: chain[3] }), chain[2])],
    'a Hello that lists less': [
      'Hello',
      (message) => {
        const hello = readHello(message)
        const algorithms = { ...hello.algorithms, authTag: ['HS32'], keyAgreement: ['EC25', 'Mult'] }
        return seal(writeHello({ ...hello, algorithms }), chain[2])
      },
    ],
    'a Hello with another ZID': [
      'Hello',
      (message) => seal(writeHello({ ...readHello(message), zid: Buffer.alloc(12, 3) }), chain[2]),
    ],
  }
  for (const [what, [type, by]] of Object.entries(substitutes))
    for (const hashes of [false, true])
      test(`puts ${what} in the place of each${hashes ? ', though the descriptions have hashes' : ''}: no keys`, () => {
        assertFruitless(new ZrtpPair({ hashes, wire: replacing(type, by) }).run())
      })

  for (const type of ['Hello', 'Commit', 'DHPart1', 'DHPart2', 'Confirm1', 'Confirm2'])
    test(`changes one bit of each ${type}, with a CRC that fits: no keys`, () => {
      for (let bit = 12 * 8; ; bit += 31) {
        let length = 0
        const wire = replacing(type, (message) => {
          length = message.length
          const changed = Buffer.from(message)
          if (bit < 8 * length) changed[bit >> 3]! ^= 1 << (bit & 7)
          return changed
        })
        const pair = new ZrtpPair({ wire }).run()
        if (bit >= 8 * length) break
        // only the side that waits for Conf2ACK may have keys: it is the other one's Confirm that was changed
        assert.ok(pair.one.result === undefined || pair.two.result === undefined, `bit ${bit}`)
        assert.ok(pair.one.error ?? pair.two.error, `bit ${bit}`)
      }
    })

  test('sits between the two: where the descriptions have hashes, he is told from the phone', () => {
    const cut = new ZrtpPair({
      hashes: true,
      wire: (packet) => (typeOf(packet) === 'Hello' ? hisHello(packet) : []),
    }).run()
    assertFruitless(cut)
    assert.deepEqual([cut.one.error?.code, cut.two.error?.code], ['ZRTP_HELLO_MISMATCH', 'ZRTP_HELLO_MISMATCH'])
  })

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8])
    test(`or nobody: 20 % of all packets are lost, and they overtake each other (${seed})`, () => {
      let state = seed * 7919
      const random = (below: number): number => (state = (state * 48271) % 2147483647) % below
      const wire = (packet: Buffer): Buffer[] => (random(5) === 0 ? [] : random(5) === 0 ? [packet, packet] : [packet])
      assertAgreed(new ZrtpPair({ wire, delay: () => random(80) }).run())
    })

  test('or nobody: both commit at once, and either may win', () => {
    const winners = new Set<string>()
    for (let i = 0; i < 40 && (i < 5 || winners.size < 2); i++) {
      const pair = new ZrtpPair({ delay: () => 10 }).run()
      assertAgreed(pair)
      const { one, two } = pair
      assert.ok(one.said('Commit') > 0 && two.said('Commit') > 0)
      const [first, second] = [one, two].map(
        ({ sent }) => readCommit(parsePacket(sent.find((packet) => typeOf(packet) === 'Commit')!)!.message).proof,
      )
      const winner = Buffer.compare(first!, second!) > 0 ? 'one' : 'two'
      assert.equal(pair[winner].said('DHPart2'), 1)
      assert.equal(pair[winner].said('DHPart1'), 0)
      winners.add(winner)
    }
    assert.equal(winners.size, 2)
  })
})

function withValue(type: 'DHPart1' | 'DHPart2', message: Buffer): Buffer {
  const part = writeDhPart(type, { ...readDhPart(message), publicValue: newKeyPair('X255').publicValue })
  message.copy(part, part.length - 8, message.length - 8)
  return part
}

function ofOwnChain(type: 'DHPart1' | 'DHPart2', message: Buffer): Buffer {
  const publicValue = newKeyPair('X255').publicValue
  return seal(writeDhPart(type, { ...readDhPart(message), h1: chain[1], publicValue }), chain[0])
}

/** The Hello of an attacker who would make one exchange with either side. */
function hisHello(packet: Buffer): Buffer[] {
  const hello = readHello(parsePacket(packet)!.message)
  return [repack(packet, seal(writeHello({ ...hello, h3: chain[3], zid: Buffer.alloc(12, 5) }), chain[2]))]
}
