import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { sha256 } from '../../../src/media/zrtp/key-derivation.ts'
import { readCommit, seal, writeCommit } from '../../../src/media/zrtp/message/messages.ts'
import {
  assertRefused,
  assertUnmoved,
  conf2Ack,
  HandmadePeer,
  helloAck,
  play,
  victim,
} from '../../support/media/handmade-zrtp.ts'

describe('floods of ZRTP, contention, and silence', () => {
  const strangers = Array.from({ length: 200 }, () => new HandmadePeer(victim()))

  test('Commits of strangers are not answered and cost no key pair; the phone’s is taken', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    const from = end.sent.length
    const commits = strangers.map((stranger) => stranger.commit())
    for (let i = 0; i < 10_000; i++) peer.say(commits[i % commits.length]!)
    assert.equal(end.sent.length, from)
    peer.initiate()
    assert.ok(end.result)
  })

  test('of the phone’s own Commits, each another, one is answered', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    const commit = readCommit(peer.commit())
    const from = end.sent.length
    for (let i = 0; i < 1000; i++)
      peer.say(seal(writeCommit({ ...commit, proof: sha256(Buffer.of(i >> 8, i)) }), peer.chain[1]))
    assert.equal(end.sent.length, from + 1)
  })

  test('Hellos of strangers after the phone’s are not answered', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    const from = end.sent.length
    for (const stranger of strangers) peer.say(stranger.hello)
    assert.equal(end.sent.length, from)
    peer.initiate()
    assert.ok(end.result)
  })

  test('Hellos that the description does not vouch for are not answered, and do not put off the end', () => {
    const end = victim({ peerHash: randomBytes(32) })
    const peer = new HandmadePeer(end)
    end.sent.length = 0
    for (; end.now < 4000; end.now += 10) peer.say(strangers[end.now % strangers.length]!.hello)
    assert.equal(end.sent.length, 0)
    end.stream.onTimeout()
    assert.equal(end.error?.code, 'ZRTP_HELLO_MISMATCH')
  })

  for (const step of ['Commit', 'DHPart2'] as const)
    test(`a phone that says nothing after its ${step} is given up`, () => {
      const { end, peer } = play()
      peer.commitTo()
      if (step === 'DHPart2') peer.say(peer.dhPart('DHPart2'))
      for (let i = 0; i < 10 && end.stream.timeout !== undefined; i++) {
        end.now += end.stream.timeout
        end.stream.onTimeout()
      }
      assert.equal(end.error?.code, 'ZRTP_TIMEOUT')
      assert.ok(end.now < 30_000)
    })

  for (const [what, byte, wins] of [
    ['the greatest', 0xff, true],
    ['the least', 0, false],
  ] as const)
    test(`both have committed, the peer to ${what} hvi there is: it ${wins ? 'is answered' : 'has to answer'}`, () => {
      const { end, peer } = play({ hvi: Buffer.alloc(32, byte) })
      peer.say(peer.hello)
      peer.say(helloAck)
      assert.ok(peer.heard('Commit'))
      peer.say(peer.commit())
      assert.equal(peer.heard('DHPart1') !== undefined, wins)
      peer.say(wins ? peer.dhPart('DHPart2') : peer.dhPart('DHPart1'))
      if (wins) assertRefused(end, 'ZRTP_HVI_MISMATCH', 0x62)
      else {
        peer.say(peer.confirm('Confirm1', peer.keys('responder')))
        peer.say(conf2Ack)
        assert.ok(end.result)
      }
    })

  test('a Commit of a stranger to the greatest hvi there is does not take the place of this side’s', () => {
    const { end, peer } = play()
    peer.say(peer.hello)
    peer.say(helloAck)
    peer.say(new HandmadePeer(end, { hvi: Buffer.alloc(32, 0xff) }).commit())
    assert.equal(peer.heard('DHPart1'), undefined)
    peer.respond()
    assert.ok(end.result)
  })

  test('a multistream Commit before there is a key is not answered yet, and ends nothing', () => {
    const { end, peer } = play()
    const second = victim({ session: end.session })
    const video = new HandmadePeer(second, { zid: peer.zid })
    video.say(video.hello)
    const commit = multistream(video, randomBytes(16))
    video.say(commit)
    assertUnmoved(second)
    peer.initiate()
    assert.ok(end.result)
    video.say(commit)
    assert.ok(video.heard('Confirm1'))
  })

  test('a nonce of multistream mode that was used before: error 0x80', () => {
    const { end, peer } = play()
    peer.initiate()
    const nonce = randomBytes(16)
    const streams = [1, 2].map(() => {
      const stream = victim({ session: end.session })
      const of = new HandmadePeer(stream, { zid: peer.zid })
      of.say(of.hello)
      of.say(multistream(of, nonce))
      return stream
    })
    assertUnmoved(streams[0]!)
    assertRefused(streams[1]!, 'ZRTP_NONCE_REUSED', 0x80)
  })
})

/** A Commit to multistream mode. */
function multistream(peer: HandmadePeer, nonce: Buffer): Buffer {
  return seal(writeCommit({ ...readCommit(peer.commit()), keyAgreement: 'Mult', proof: nonce }), peer.chain[1])
}
