import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { after, describe, test } from 'node:test'
import { type CryptoSuite } from '../../src/base/encryption.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { NaiveSrtp } from '../support/media/naive-srtp.ts'
import { masterKey, rtcpPacket, rtpPacket, suites } from '../support/media/packets.ts'

const engine = new WorkerMediaEngine({ workers: 1, packetIo })
after(() => engine.close())

const cm128 = 'AES_CM_128_HMAC_SHA1_80'
const pairs: readonly (readonly [CryptoSuite | 'none', CryptoSuite | 'none'])[] = [
  ['none', 'none'],
  ...suites.flatMap((suite) => [
    ['none', suite] as const,
    [suite, 'none'] as const,
    [cm128, suite] as const,
    [suite, cm128] as const,
  ]),
]

describe('a bridge', () => {
  for (const [modeA, modeB] of pairs) {
    test(`${modeA} to ${modeB}: RTP and RTCP cross both ways, byte for byte`, async () => {
      const bridge = await Bridge.open(engine, modeA, modeB)
      const { a, b } = bridge
      for (const [i, length] of [160, 1, 0, 1187].entries()) {
        const fromA = rtpPacket({ ssrc: 0xa, sequence: 65534 + i - (i > 1 ? 65536 : 0), payload: randomBytes(length) })
        const fromB = rtpPacket({
          ssrc: 0xb,
          sequence: 9 + i,
          payload: randomBytes(length),
          contributors: 2,
          extension: 1,
        })
        a.sendRtp(fromA, i > 1 ? 1 : 0)
        assert.deepEqual(await b.receiveRtp(i > 1 ? 1 : 0), fromA)
        b.sendRtp(fromB)
        assert.deepEqual(await a.receiveRtp(), fromB)
        a.sendRtcp(rtcpPacket(0xa))
        assert.deepEqual(await b.receiveRtcp(), rtcpPacket(0xa))
        b.sendRtcp(rtcpPacket(0xb, 'another@phone'))
        assert.deepEqual(await a.receiveRtcp(), rtcpPacket(0xb, 'another@phone'))
      }
      const { a: legA, b: legB } = bridge.session.counters().streams[0]!
      assert.equal(legA.rtpPacketsReceived, 4)
      assert.equal(legA.rtcpPacketsReceived, 4)
      assert.equal(legB.rtpPacketsSent, 4)
      assert.equal(legB.rtcpPacketsSent, 4)
      assert.ok(legA.lastReceivedAt > 0 && legA.lastReceivedAt <= performance.now() + 1)
      await bridge.close()
    })
  }

  test('each leg multiplexes RTCP or not, whatever the other does', async () => {
    const bridge = await Bridge.open(engine, cm128, 'none', { rtcpMux: { a: true } })
    bridge.a.sendRtcp(rtcpPacket(1), true)
    assert.deepEqual(await bridge.b.receiveRtcp(), rtcpPacket(1))
    bridge.b.sendRtcp(rtcpPacket(2))
    assert.deepEqual(await bridge.a.receiveRtcp(true), rtcpPacket(2))
    await bridge.close()
  })

  const noIpv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6') !== true
  test('works over IPv6, however the address is written', { skip: noIpv6 && 'no ::1' }, async () => {
    const bridge = await Bridge.open(engine, 'none', cm128, { session: { localAddress: '::1' } })
    const plain = bridge.a.description()
    await bridge.update('a', { ...plain, remote: { ...plain.remote!, address: '0:0:0:0:0:0:0:1' } })
    bridge.a.sendRtp(rtpPacket({ sequence: 4 }))
    assert.deepEqual(await bridge.b.receiveRtp(), rtpPacket({ sequence: 4 }))
    bridge.b.sendRtp(rtpPacket({ sequence: 5 }))
    assert.deepEqual(await bridge.a.receiveRtp(), rtpPacket({ sequence: 5 }))
    await bridge.close()
  })

  test('keeps audio and video of a session apart', async () => {
    const bridge = await Bridge.open(engine, 'none', cm128)
    const video = await Bridge.open(engine, 'none', 'none', { described: false })
    const local = await bridge.session.openStream('video')
    video.a.dial(local.a)
    video.b.dial(local.b)
    bridge.session.update(1, 'a', video.a.description())
    bridge.session.update(1, 'b', video.b.description())
    await bridge.settle()
    bridge.a.sendRtp(rtpPacket({ sequence: 1 }))
    video.a.sendRtp(rtpPacket({ sequence: 2 }))
    assert.deepEqual(await bridge.b.receiveRtp(), rtpPacket({ sequence: 1 }))
    assert.deepEqual(await video.b.receiveRtp(), rtpPacket({ sequence: 2 }))
    assert.deepEqual(
      bridge.session.counters().streams.map(({ kind, a }) => [kind, a.rtpPacketsReceived]),
      [
        ['audio', 1],
        ['video', 1],
      ],
    )
    await bridge.close()
    await video.close()
  })
})

describe('a packet that must not cross', () => {
  test('plain RTP on a secured leg: counted, dropped, and the call goes on', async () => {
    const bridge = await Bridge.open(engine, cm128, 'none')
    const { a, b } = bridge
    a.sendRtp(rtpPacket({ sequence: 1 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 1 }))
    a.rtp.send(rtpPacket({ sequence: 2, payload: randomBytes(160) }), a.server.rtpPort)
    a.rtp.send(rtpPacket({ sequence: 3, payload: randomBytes(5) }), a.server.rtpPort)
    a.sendRtp(rtpPacket({ sequence: 2, payload: Buffer.from('the real one') }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 2, payload: Buffer.from('the real one') }))
    assert.equal(bridge.counters('a').authenticationFailures, 1)
    assert.equal(bridge.counters('a').plainPackets, 1)
    assert.equal(bridge.counters('b').rtpPacketsSent, 2)
    await bridge.close()
  })

  test('plain RTCP on a secured leg, BYE included: counted as plain, dropped', async () => {
    const bridge = await Bridge.open(engine, cm128, 'AEAD_AES_128_GCM')
    const { a, b } = bridge
    for (let i = 0; i < 3; i++) a.rtcp.send(rtcpPacket(), a.server.rtcpPort)
    a.rtcp.send(Buffer.from('81cb000112345678', 'hex'), a.server.rtcpPort)
    a.sendRtcp(rtcpPacket(7))
    assert.deepEqual(await b.receiveRtcp(), rtcpPacket(7))
    assert.equal(bridge.counters('a').plainPackets, 4)
    assert.equal(bridge.counters('b').rtcpPacketsSent, 1)
    await bridge.close()
  })

  test('a tampered or replayed packet', async () => {
    const bridge = await Bridge.open(engine, cm128, cm128)
    const { a, b } = bridge
    const datagram = a.onWire(rtpPacket({ sequence: 8 }))
    const tampered = Buffer.from(datagram)
    tampered[14]! ^= 1
    for (const one of [tampered, datagram, datagram]) a.rtp.send(one, a.server.rtpPort)
    a.sendRtp(rtpPacket({ sequence: 9 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 8 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 9 }))
    assert.equal(bridge.counters('a').authenticationFailures, 1)
    assert.equal(bridge.counters('a').replays, 1)
    const [source] = bridge.counters('a').sources
    const { packets, lost, replays, authenticationFailures } = source!
    assert.deepEqual([packets, lost, replays], [2, 0, 1])
    assert.equal(authenticationFailures, 0, 'the source was not known yet')
    await bridge.close()
  })

  test('a tampered packet of a source that is known, a gap, and a repeated packet on a clear leg', async () => {
    const bridge = await Bridge.open(engine, cm128, 'none')
    const { a, b } = bridge
    const ssrc = 0xfedcba98
    for (const sequence of [65535, 3]) {
      a.sendRtp(rtpPacket({ sequence, ssrc }), sequence === 3 ? 1 : 0)
      await b.receiveRtp()
    }
    const tampered = Buffer.from(a.onWire(rtpPacket({ sequence: 4, ssrc }), 1))
    tampered[14]! ^= 1
    a.rtp.send(tampered, a.server.rtpPort)
    for (const sequence of [1, 2, 2]) b.sendRtp(rtpPacket({ sequence, ssrc: 1 }))
    await bridge.counted('a', 'authenticationFailures', 1)
    await bridge.counted('b', 'duplicates', 1)
    const figures = (leg: 'a' | 'b'): unknown[] =>
      bridge
        .counters(leg)
        .sources.map((one) => [one.ssrc, one.packets, one.lost, one.duplicates, one.authenticationFailures])
    assert.deepEqual(figures('a'), [[ssrc, 2, 3, 0, 1]])
    assert.deepEqual(figures('b'), [[1, 3, 0, 1, 0]])
    await bridge.close()
  })

  test('a clear packet whose index was sent before: it is not encrypted a second time', async () => {
    const bridge = await Bridge.open(engine, 'none', cm128)
    const { a, b } = bridge
    for (const payload of ['one', 'one', 'two']) a.sendRtp(rtpPacket({ sequence: 5, payload: Buffer.from(payload) }))
    a.sendRtp(rtpPacket({ sequence: 4 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 5, payload: Buffer.from('one') }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 4 }), 'late, but new')
    assert.equal(bridge.counters('b').repeatsNotSent, 2)
    await bridge.close()
  })

  test('what is too short, of another version, or lies about its header', async () => {
    const bridge = await Bridge.open(engine, 'none', 'none')
    const { a, b } = bridge
    const lying = rtpPacket({ extension: 1 })
    lying.writeUInt16BE(4000, 14)
    const bad = [Buffer.alloc(0), Buffer.from([0x80]), rtpPacket().subarray(0, 11), lying, Buffer.alloc(20, 0xc0)]
    for (const one of bad) a.rtp.send(one, a.server.rtpPort)
    a.rtcp.send(rtcpPacket().subarray(0, 7), a.server.rtcpPort)
    a.rtcp.send(rtpPacket(), a.server.rtcpPort)
    a.sendRtcp(rtcpPacket())
    assert.deepEqual(await b.receiveRtcp(), rtcpPacket())
    a.sendRtp(rtpPacket())
    assert.deepEqual(await b.receiveRtp(), rtpPacket())
    await bridge.counted('a', 'malformed', bad.length + 2)
    await bridge.close()
  })

  test('STUN, DTLS and ZRTP: counted as control packets', async () => {
    const bridge = await Bridge.open(engine, 'none', cm128)
    const { a, b } = bridge
    for (const first of [0, 1, 16, 20, 22, 63]) a.rtp.send(Buffer.alloc(60, first), a.server.rtpPort)
    a.sendRtp(rtpPacket())
    assert.deepEqual(await b.receiveRtp(), rtpPacket())
    assert.equal(bridge.counters('a').controlPackets, 6)
    assert.equal(bridge.counters('a').malformed, 0)
    await bridge.close()
  })

  test('anything random: the worker lives, nothing of it crosses a secured leg', async () => {
    const bridge = await Bridge.open(engine, cm128, 'none')
    const { a, b } = bridge
    for (let i = 0; i < 300; i++) {
      const noise = randomBytes(i)
      if (i > 0 && i % 2 === 0) noise[0] = 0x80 | (noise[0]! & 0x3f)
      a.rtp.send(noise, a.server.rtpPort)
      a.rtcp.send(noise, a.server.rtcpPort)
      if (i % 30 === 0) await bridge.settle() // the socket's queue must not overflow
    }
    await bridge.settle()
    a.sendRtp(rtpPacket())
    a.sendRtcp(rtcpPacket())
    assert.deepEqual(await b.receiveRtp(), rtpPacket())
    assert.deepEqual(await b.receiveRtcp(), rtcpPacket())
    assert.equal(bridge.counters('b').rtpPacketsSent, 1)
    await bridge.close()
  })
})

describe('keys', () => {
  test('the same key stated again keeps the roll-over counter of both directions; a new one begins at 0', async () => {
    const bridge = await Bridge.open(engine, cm128, 'AES_256_CM_HMAC_SHA1_80')
    const { a, b } = bridge
    const cross = async (sequence: number, rollOver: number): Promise<void> => {
      a.sendRtp(rtpPacket({ sequence }), rollOver)
      assert.deepEqual(await b.receiveRtp(rollOver), rtpPacket({ sequence }))
      b.sendRtp(rtpPacket({ sequence }), rollOver)
      assert.deepEqual(await a.receiveRtp(rollOver), rtpPacket({ sequence }))
    }
    await cross(65535, 0)
    await cross(0, 1)
    // hold and resume with the same keys
    await bridge.update('a', a.description({ direction: 'recvonly' }))
    await bridge.update('b', b.description({ direction: 'sendonly' }))
    await cross(1, 1)
    await bridge.update('a', a.description())
    await bridge.update('b', b.description())
    await cross(2, 1)

    // a new key on leg A only
    const keys = { own: masterKey(cm128), servers: masterKey(cm128) }
    const fresh = a.description()
    await bridge.update('a', { ...fresh, protection: { mode: 'sdes', send: keys.servers, receive: keys.own } })
    a.rtp.send(new NaiveSrtp(keys.own).protectRtp(rtpPacket({ sequence: 3 }), 0), a.server.rtpPort)
    assert.deepEqual(await b.receiveRtp(1), rtpPacket({ sequence: 3 }), 'leg B goes on at 1')
    b.sendRtp(rtpPacket({ sequence: 3 }), 1)
    assert.deepEqual(new NaiveSrtp(keys.servers).unprotectRtp(await a.rtp.receive(), 0), rtpPacket({ sequence: 3 }))

    // the re-offer is taken back: the key before goes on where it was
    await bridge.update('a', a.description())
    await cross(4, 1)
    await bridge.close()
  })

  test("packets before the phone's key is known are dropped, and its own are encrypted at once", async () => {
    const bridge = await Bridge.open(engine, 'none', cm128)
    const { a, b } = bridge
    const whole = b.description()
    assert.ok(whole.protection.mode === 'sdes')
    await bridge.update('b', { ...whole, protection: { mode: 'sdes', send: whole.protection.send } })
    b.sendRtp(rtpPacket({ sequence: 1 }))
    await bridge.counted('b', 'notReady', 1)
    a.sendRtp(rtpPacket({ sequence: 1 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 1 }))
    await bridge.update('b', whole)
    b.sendRtp(rtpPacket({ sequence: 2 }))
    assert.deepEqual(await a.receiveRtp(), rtpPacket({ sequence: 2 }))
    await bridge.close()
  })

  test('a key that does not fit its suite is refused with 488, and its bytes are not told', async () => {
    const bridge = await Bridge.open(engine, 'none', cm128, { described: false })
    const whole = bridge.b.description()
    assert.ok(whole.protection.mode === 'sdes')
    const send = { ...whole.protection.send, key: Buffer.from('0123456789') }
    assert.throws(
      () => bridge.session.update(0, 'b', { ...whole, protection: { mode: 'sdes', send } }),
      (error: Error & { code?: string; status?: number }) =>
        error.code === 'MEDIA_KEY_UNUSABLE' && error.status === 488 && !error.message.includes('0123'),
    )
    await bridge.close()
  })
})

describe('a leg', () => {
  test('that is not described takes and sends nothing', async () => {
    const bridge = await Bridge.open(engine, 'none', 'none', { described: false })
    const { a, b } = bridge
    await bridge.update('a', a.description())
    a.sendRtp(rtpPacket({ sequence: 1 }))
    await bridge.counted('b', 'undeliverable', 1)
    b.sendRtp(rtpPacket({ sequence: 1 }))
    await bridge.counted('b', 'notReady', 1)
    await bridge.update('b', b.description())
    a.sendRtp(rtpPacket({ sequence: 2 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 2 }))
    await bridge.update('b', undefined)
    a.sendRtp(rtpPacket({ sequence: 3 }))
    await bridge.counted('b', 'undeliverable', 2)
    assert.equal(a.rtp.unread.length, 0)
    await bridge.close()
  })

  test('on hold at 0.0.0.0 is sent nothing, keeps its state, and resumes', async () => {
    const bridge = await Bridge.open(engine, cm128, 'none')
    const { a, b } = bridge
    b.sendRtp(rtpPacket({ sequence: 65535 }))
    b.sendRtp(rtpPacket({ sequence: 0 }))
    assert.deepEqual(await a.receiveRtp(0), rtpPacket({ sequence: 65535 }))
    assert.deepEqual(await a.receiveRtp(1), rtpPacket({ sequence: 0 }))
    const held = a.description({ direction: 'sendonly' })
    await bridge.update('a', { ...held, remote: { ...held.remote!, address: '0.0.0.0' } })
    b.sendRtp(rtpPacket({ sequence: 1 }))
    await bridge.counted('a', 'undeliverable', 1)
    a.sendRtp(rtpPacket({ sequence: 1 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 1 }), 'music on hold still crosses')
    await bridge.update('a', a.description())
    b.sendRtp(rtpPacket({ sequence: 2 }))
    assert.deepEqual(await a.receiveRtp(1), rtpPacket({ sequence: 2 }))
    await bridge.close()
  })

  test("that names our own port as the phone's is sent nothing: packets would go in circles", async () => {
    const bridge = await Bridge.open(engine, 'none', 'none')
    const { a, b } = bridge
    const circle = a.description()
    const remote = { address: '127.0.0.1', rtpPort: b.server.rtpPort, rtcpPort: b.server.rtcpPort }
    await bridge.update('a', { ...circle, remote })
    b.sendRtp(rtpPacket())
    await bridge.counted('a', 'undeliverable', 1)
    await bridge.close()
  })

  test('whose phone is gone counts refused sends, and the call lives on', async () => {
    const bridge = await Bridge.open(engine, 'none', 'none')
    const { a, b } = bridge
    a.sendRtp(rtpPacket({ sequence: 1 }))
    assert.deepEqual(await b.receiveRtp(), rtpPacket({ sequence: 1 }))
    const { remote } = a.description()
    a.close()
    for (let i = 0; i < 20 && bridge.counters('a').sendErrors === 0; i++) {
      b.sendRtp(rtpPacket({ sequence: 10 + i }))
      await bridge.counted('b', 'rtpPacketsReceived', i + 1)
    }
    assert.ok(bridge.counters('a').sendErrors > 0)
    await bridge.update('a', { remote: remote!, rtcpMux: false, direction: 'sendrecv', protection: { mode: 'none' } })
    await bridge.session.close()
    b.close()
  })
})
