import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { rtcpPacket, rtpPacket } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'

const engine = new WorkerMediaEngine({ workers: 1, packetIo })
after(() => engine.close())

const payload = (text: string, sequence: number): Buffer => rtpPacket({ sequence, payload: Buffer.from(text) })

/** Nothing but `expected` reached the phone, and the stranger got nothing. */
function onlyExpected(line: Line, stranger: Line): void {
  assert.deepEqual(line.unread, [])
  assert.deepEqual(stranger.unread, [])
}

describe('a third address', () => {
  test('before, during and after learning on a clear leg: it is cut off as soon as the phone speaks', async () => {
    const bridge = await Bridge.open(engine, 'none', 'none')
    const { a, b } = bridge
    const stranger = await Line.open('127.0.0.2')
    stranger.send(payload('stranger', 1), a.server.rtpPort)
    assert.deepEqual(await b.receiveRtp(), payload('stranger', 1), 'before the phone speaks nobody can know')
    b.sendRtp(payload('to whom?', 1))
    assert.deepEqual(await stranger.receive(), payload('to whom?', 1))

    a.sendRtp(payload('phone', 2)) // from the address of its SDP
    assert.deepEqual(await b.receiveRtp(), payload('phone', 2))
    for (let i = 0; i < 20; i++) stranger.send(payload('stranger', 3 + i), a.server.rtpPort)
    stranger.send(rtcpPacket(), a.server.rtcpPort)
    a.sendRtp(payload('phone', 50))
    assert.deepEqual(await b.receiveRtp(), payload('phone', 50))
    b.sendRtp(payload('to the phone', 2))
    assert.deepEqual(await a.receiveRtp(), payload('to the phone', 2))
    onlyExpected(b.rtp, stranger)
    onlyExpected(b.rtcp, stranger)
    stranger.close()
    await bridge.close()
  })

  test('on a clear leg behind NAT: the first source is kept, the second is counted', async () => {
    const bridge = await Bridge.open(engine, 'none', 'none', { described: false })
    const { a, b } = bridge
    const behindNat = a.description()
    await bridge.update('a', { ...behindNat, remote: { address: '127.0.0.77', rtpPort: 9, rtcpPort: 10 } })
    await bridge.update('b', b.description())
    const stranger = await Line.open('127.0.0.2')
    a.sendRtp(payload('phone', 1))
    assert.deepEqual(await b.receiveRtp(), payload('phone', 1))
    stranger.send(payload('stranger', 2), a.server.rtpPort)
    stranger.send(rtcpPacket(), a.server.rtcpPort)
    await bridge.counted('a', 'unknownSource', 2)
    b.sendRtp(payload('to the phone', 1))
    assert.deepEqual(await a.receiveRtp(), payload('to the phone', 1))
    a.sendRtcp(rtcpPacket(5))
    assert.deepEqual(await b.receiveRtcp(), rtcpPacket(5))
    b.sendRtcp(rtcpPacket(6))
    assert.deepEqual(await a.receiveRtcp(), rtcpPacket(6), 'RTCP is learned by its own port')
    onlyExpected(b.rtp, stranger)
    stranger.close()
    await bridge.close()
  })

  test('on a secured leg: it never receives anything, before the phone speaks or after', async () => {
    const bridge = await Bridge.open(engine, 'AES_CM_128_HMAC_SHA1_80', 'none', { described: false })
    const { a, b } = bridge
    const behindNat = a.description()
    await bridge.update('a', { ...behindNat, remote: { address: '127.0.0.77', rtpPort: 9, rtcpPort: 10 } })
    await bridge.update('b', b.description())
    const stranger = await Line.open('127.0.0.2')
    stranger.send(payload('a plain packet that is long enough', 1), a.server.rtpPort)
    await bridge.counted('a', 'authenticationFailures', 1)
    b.sendRtp(payload('nobody there', 1))
    await bridge.counted('a', 'rtpPacketsSent', 1)
    a.sendRtp(payload('phone', 2))
    assert.deepEqual(await b.receiveRtp(), payload('phone', 2))
    // what the stranger overheard, and sends from its own address before or after the phone's
    stranger.send(a.onWire(payload('phone', 2)), a.server.rtpPort)
    stranger.send(a.onWire(payload('phone', 3)), a.server.rtpPort)
    a.sendRtp(payload('phone', 4))
    assert.deepEqual(await b.receiveRtp(), payload('phone', 4))
    b.sendRtp(payload('to the phone', 2))
    assert.deepEqual(await a.receiveRtp(), payload('to the phone', 2))
    onlyExpected(b.rtp, stranger)
    stranger.close()
    await bridge.close()
  })

  test('becomes the phone when it is signalled, and the old address is cut off', async () => {
    const bridge = await Bridge.open(engine, 'AES_CM_128_HMAC_SHA1_80', 'none')
    const { a, b } = bridge
    a.sendRtp(payload('phone', 1))
    assert.deepEqual(await b.receiveRtp(), payload('phone', 1))
    const moved = await Line.open('127.0.0.2')
    const endpoint = a.description()
    const remote = { address: '127.0.0.2', rtpPort: moved.port, rtcpPort: moved.port + 1 }
    await bridge.update('a', { ...endpoint, remote })
    moved.send(a.onWire(payload('moved', 2)), a.server.rtpPort)
    assert.deepEqual(await b.receiveRtp(), payload('moved', 2))
    a.sendRtp(payload('from the old address', 3))
    moved.send(a.onWire(payload('moved', 4)), a.server.rtpPort)
    assert.deepEqual(await b.receiveRtp(), payload('moved', 4))
    b.sendRtp(payload('to the new address', 1))
    await moved.receive()
    onlyExpected(b.rtp, a.rtp)
    moved.close()
    await bridge.close()
  })
})
