import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRtcp, packetKind, PacketKind } from '../../src/media/packet-kind.ts'
import { isWholeRtcp, rtpPayloadOffset } from '../../src/media/rtp-header.ts'
import { inBuffer, rtcpPacket, rtpPacket } from '../support/media/packets.ts'

describe('what shares a media port', () => {
  test('is told apart by the first byte as RFC 7983 says', () => {
    const kinds = Array.from({ length: 256 }, (_, first) => packetKind(inBuffer(Buffer.from([first]))))
    const expected = kinds.map((_, first) => {
      if (first <= 3) return PacketKind.stun
      if (first >= 16 && first <= 19) return PacketKind.zrtp
      if (first >= 20 && first <= 63) return PacketKind.dtls
      if (first >= 128 && first <= 191) return PacketKind.media
      return PacketKind.unknown
    })
    assert.deepEqual(kinds, expected)
    assert.equal(packetKind(inBuffer(Buffer.alloc(0))), PacketKind.unknown)
  })

  test('RTCP is told from RTP by the second byte: RFC 5761 with mux, the types of RFC 3550 without', () => {
    const types = (mux: boolean): number[] =>
      Array.from({ length: 256 }, (_, type) => type).filter((type) => isRtcp(inBuffer(Buffer.from([0x80, type])), mux))
    assert.deepEqual([types(true).length, types(true)[0], types(true).at(-1)], [32, 192, 223])
    assert.deepEqual(types(false), [200, 201, 202, 203, 204])
    assert.equal(isRtcp(inBuffer(Buffer.from([0x80])), true), false)
  })
})

describe('an RTP header', () => {
  test('ends behind its contributors and its extension', () => {
    assert.equal(rtpPayloadOffset(inBuffer(rtpPacket())), 12)
    assert.equal(rtpPayloadOffset(inBuffer(rtpPacket({ contributors: 15 }))), 72)
    assert.equal(rtpPayloadOffset(inBuffer(rtpPacket({ contributors: 1, extension: 2 }))), 28)
    assert.equal(rtpPayloadOffset(inBuffer(rtpPacket({ payload: Buffer.alloc(0) }))), 12)
  })

  test('that is longer than the packet has no payload', () => {
    const whole = rtpPacket({ contributors: 3, extension: 2, payload: Buffer.alloc(0) })
    for (let length = 0; length < whole.length; length++) {
      assert.equal(rtpPayloadOffset(inBuffer(whole.subarray(0, length))), -1, `${length} bytes`)
    }
  })
})

test('the lengths of clear RTCP add up, those of a cut or extended packet do not', () => {
  assert.equal(isWholeRtcp(inBuffer(rtcpPacket())), true)
  assert.equal(isWholeRtcp(inBuffer(rtcpPacket().subarray(0, 20))), false)
  assert.equal(isWholeRtcp(inBuffer(Buffer.concat([rtcpPacket(), Buffer.alloc(14, 0x81)]))), false)
})
