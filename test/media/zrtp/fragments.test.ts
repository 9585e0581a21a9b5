import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { packetKind, PacketKind } from '../../../src/media/packet-kind.ts'
import {
  parseFragment,
  parsePacket,
  writeFragment,
  writeMessage,
  type ZrtpFragment,
} from '../../../src/media/zrtp/message/packet.ts'
import { Packetizer } from '../../../src/media/zrtp/message/packetizer.ts'
import { Reassembler } from '../../../src/media/zrtp/message/reassembler.ts'

const ssrc = 0x11223344
const long = writeMessage('Commit', randomBytes(3600))

/** A fragment of a message, in words. */
function fragmentOf(message: Buffer, offsetWords: number, words: number, messageId = 7): ZrtpFragment {
  const part = message.subarray(4 * offsetWords, 4 * (offsetWords + words))
  return { sequence: 1, ssrc, messageId, totalWords: message.length / 4, offsetWords, part }
}

describe('fragments of ZRTP', () => {
  // libzrtpcpp's Hello in two fragments, of the tests of bzrtp
  const first =
    '110000015a52545076dca7bd1234002600000012505a002648656c6c6f202020312e3130504a53205a52545020332e302e302020e4ba78ba' +
    'a02ad4361ab8d2dd578a6816bbe405b869b7af064d1c09531cebc6292012a2f06cfd0ffbf8990769'
  const second =
    '110000015a52545076dca7bd123400260012001488d8e65200024451533338345332353632465333414553333246533141455331534b3332' +
    '534b36344853333248533830454332354448336b454333384448326b4d756c744233322005c9f1872b41a99a8a608eae'
  const beyond =
    '110000015a52545076dca7bd1234002600300012505a002648656c6c6f202020312e3130504a53205a52545020332e302e302020e4ba78ba' +
    'a02ad4361ab8d2dd578a6816bbe405b869b7af064d1c09531cebc6292012a2f06cfd0ffbc1ff9deb'

  test('those that bzrtp takes are taken, one that it refuses is refused', () => {
    const reassembler = new Reassembler()
    const [one, two] = [first, second].map((hex) => parseFragment(Buffer.from(hex, 'hex'))!)
    assert.equal(reassembler.take(one!), undefined)
    const packet = reassembler.take(two!)!
    assert.equal(packet.type, 'Hello')
    assert.equal(packet.ssrc, 0x76dca7bd)
    assert.equal(packet.message.toString('hex'), first.slice(40, -8) + second.slice(40, -8))
    assert.equal(parseFragment(Buffer.from(beyond, 'hex')), undefined)
    assert.equal(writeFragment(one!).toString('hex'), first)
    assert.equal(writeFragment(two!).toString('hex'), second)
  })

  test('they are packets of ZRTP, but no whole ones', () => {
    const bytes = Buffer.from(first, 'hex')
    const datagram = new PacketBuffer(2048)
    datagram.load(bytes)
    assert.equal(packetKind(datagram), PacketKind.zrtp)
    assert.equal(parsePacket(bytes), undefined)
  })

  test('a message that fits goes out whole; a longer one in fragments of one identifier, its packets counted on', () => {
    const packetizer = new Packetizer(ssrc, randomBytes(32))
    const [whole, ...none] = packetizer.packets(writeMessage('Commit', randomBytes(1204)))
    assert.equal(whole!.length, 1232)
    assert.deepEqual(none, [])
    const sent = packetizer.packets(long).map((packet) => parseFragment(packet)!)
    const again = packetizer.packets(long).map((packet) => parseFragment(packet)!)
    const other = packetizer.packets(Buffer.from(long)).map((packet) => parseFragment(packet)!)
    const start = parsePacket(whole!)!.sequence
    assert.deepEqual(
      [...sent, ...again, ...other].map(({ sequence }) => sequence - start),
      [...Array(sent.length * 3).keys()].map((index) => index + 1),
    )
    const { messageId } = sent[0]!
    assert.ok(messageId > 0)
    assert.ok([...sent, ...again].every((fragment) => fragment.messageId === messageId))
    assert.ok(other.every((fragment) => fragment.messageId === messageId + 1))
    assert.deepEqual(Buffer.concat(sent.map(({ part }) => part)), long)
  })

  test('whatever order, repetition and overlap: the message is put together once all of it has come', () => {
    const words = long.length / 4
    const cut = fc.tuple(fc.nat(words - 1), fc.integer({ min: 1, max: 400 }))
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 20 }), (cuts) => {
        const reassembler = new Reassembler()
        const present = new Set<number>()
        let done = false
        for (const [offset, length] of cuts) {
          if (done) return
          const end = Math.min(words, offset + length)
          for (let word = offset; word < end; word++) present.add(word)
          done = present.size === words
          assert.equal(reassembler.take(fragmentOf(long, offset, end - offset)) !== undefined, done)
        }
        if (done) return
        assert.deepEqual(reassembler.take(fragmentOf(long, 0, words))?.message, long)
      }),
      { numRuns: 300 },
    )
  })

  test('a damaged or cut one, one of nothing, and one that lies beyond its message are none', () => {
    const packet = writeFragment(fragmentOf(long, 3, 20))
    assert.ok(parseFragment(packet))
    for (let length = 0; length < packet.length; length++)
      assert.equal(parseFragment(packet.subarray(0, length)), undefined)
    for (let bit = 0; bit < 8 * packet.length; bit += 7) {
      const damaged = Buffer.from(packet)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(parseFragment(damaged), undefined)
    }
    const words = long.length / 4
    const bad: Partial<ZrtpFragment>[] = [
      { totalWords: 0 },
      { totalWords: 22 },
      { offsetWords: words - 19 },
      { offsetWords: 0xffff },
      { part: Buffer.alloc(0) },
      { part: Buffer.alloc(22) },
    ]
    for (const change of bad) {
      assert.equal(parseFragment(writeFragment({ ...fragmentOf(long, 3, 20), ...change })), undefined)
    }
  })

  test('what overlaps does not change what is there', () => {
    const reassembler = new Reassembler()
    assert.equal(reassembler.take(fragmentOf(long, 0, 500)), undefined)
    const forged = Buffer.concat([Buffer.alloc(2000), long.subarray(2000)])
    assert.deepEqual(reassembler.take(fragmentOf(forged, 10, long.length / 4 - 10))?.message, long)
  })

  test('what is no message when it is whole is dropped, and the message that follows it is taken', () => {
    const reassembler = new Reassembler()
    const words = long.length / 4
    assert.equal(reassembler.take(fragmentOf(Buffer.alloc(long.length, 0x50), 0, words)), undefined)
    assert.equal(reassembler.take(fragmentOf(Buffer.alloc(4), 0, 1)), undefined)
    assert.deepEqual(reassembler.take(fragmentOf(long, 0, words))?.message, long)
  })

  test('messages longer than any are not begun, and of many only a few are held', () => {
    const reassembler = new Reassembler()
    for (const totalWords of [1025, 0x4000, 0xffff]) {
      assert.equal(reassembler.take({ ...fragmentOf(long, 0, 300), totalWords }), undefined)
    }
    const [half, words] = [400, long.length / 4]
    reassembler.take(fragmentOf(long, 0, half))
    for (let messageId = 8; messageId < 11; messageId++) reassembler.take(fragmentOf(long, 0, half, messageId))
    // the first of four is still there, and finished
    assert.ok(reassembler.take(fragmentOf(long, half, words - half)))
    reassembler.take(fragmentOf(long, 0, half))
    for (let messageId = 100; messageId < 5000; messageId++) reassembler.take(fragmentOf(long, 0, half, messageId))
    assert.equal(reassembler.take(fragmentOf(long, half, words - half)), undefined)
    // sent again, it is taken all the same
    assert.deepEqual(reassembler.take(fragmentOf(long, 0, words))?.message, long)
  })

  test('fragments of another source or another length are those of another message', () => {
    const reassembler = new Reassembler()
    const words = long.length / 4
    assert.equal(reassembler.take({ ...fragmentOf(Buffer.alloc(long.length), 0, 400), ssrc: 5 }), undefined)
    assert.equal(reassembler.take({ ...fragmentOf(Buffer.alloc(long.length), 0, 400), totalWords: 500 }), undefined)
    assert.equal(reassembler.take(fragmentOf(long, 0, 400)), undefined)
    assert.deepEqual(reassembler.take(fragmentOf(long, 400, words - 400))?.message, long)
  })
})
