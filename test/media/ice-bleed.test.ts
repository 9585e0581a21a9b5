import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type IceDescription } from '../../src/base/endpoint-description.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { iceCheck } from '../support/media/ice-peer.ts'
import { rtpPacket } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'

const engine = new WorkerMediaEngine({ workers: 1, packetIo })
after(() => engine.close())

const ours = { ufrag: 'serverUF', pwd: 'the password of this server' }
const theirs = { ufrag: 'phoneUF', pwd: 'the password of the phone' }
const ice: IceDescription = { local: ours, remote: theirs }
const says = (text: string, sequence: number): Buffer => rtpPacket({ sequence, payload: Buffer.from(text) })

/** A bridge whose leg A does ICE, as browsers describe it: its address is what its checks come from. */
async function withIce(remote = { address: '0.0.0.0', rtpPort: 9, rtcpPort: 9 }): Promise<Bridge> {
  const bridge = await Bridge.open(engine, 'none', 'none', { described: false })
  await bridge.update('a', { ...bridge.a.description(), remote, rtcpMux: true, ice })
  await bridge.update('b', bridge.b.description())
  return bridge
}

const isSuccess = (answer: Buffer): boolean => answer.readUInt16BE(0) === 0x0101

describe('a third address, where the phone does ICE', () => {
  test('is not heard before, during or after the checks, and gets nothing', async () => {
    const bridge = await withIce()
    const { a, b } = bridge
    const stranger = await Line.open('127.0.0.2')
    const send = (datagram: Buffer): void => stranger.send(datagram, a.server.rtpPort)
    send(says('stranger', 1))
    await bridge.counted('a', 'unknownSource', 1)
    b.sendRtp(says('to the phone', 1)) // waits for it
    send(iceCheck({ ...ours, pwd: 'a guess at the password' }, theirs, { nominate: true }))
    assert.equal((await stranger.receive()).readUInt16BE(0), 0x0111, 'an error response')

    a.rtp.send(iceCheck(ours, theirs, { nominate: true }), a.server.rtpPort)
    const answers = [await a.rtp.receive(), await a.rtp.receive()]
    assert.ok(answers.some(isSuccess))
    assert.ok(answers.some((one) => one.equals(says('to the phone', 1))))
    a.sendRtp(says('phone', 2))
    assert.deepEqual(await b.receiveRtp(), says('phone', 2))
    send(says('stranger', 3))
    await bridge.counted('a', 'unknownSource', 2)
    b.sendRtp(says('to the phone', 2))
    assert.deepEqual(await a.receiveRtp(), says('to the phone', 2))
    assert.deepEqual([stranger.unread, b.rtp.unread], [[], []])
    stranger.close()
    await bridge.close()
  })

  test('becomes the phone’s own by its nomination', async () => {
    const bridge = await withIce()
    const { a, b } = bridge
    a.rtp.send(iceCheck(ours, theirs, { nominate: true, priority: 1000 }), a.server.rtpPort)
    assert.ok(isSuccess(await a.rtp.receive()))
    const other = await Line.open('127.0.0.3')
    other.send(iceCheck(ours, theirs, { priority: 2000 }), a.server.rtpPort)
    assert.ok(isSuccess(await other.receive()))
    b.sendRtp(says('still there', 1))
    assert.deepEqual(await a.receiveRtp(), says('still there', 1))
    other.send(iceCheck(ours, theirs, { nominate: true, priority: 2000 }), a.server.rtpPort)
    assert.ok(isSuccess(await other.receive()))
    b.sendRtp(says('here now', 2))
    assert.deepEqual(await other.receive(), says('here now', 2))
    other.send(says('from here', 3), a.server.rtpPort)
    assert.deepEqual(await b.receiveRtp(), says('from here', 3))
    a.sendRtp(says('from where it was', 4))
    await bridge.counted('a', 'unknownSource', 1)
    other.close()
    await bridge.close()
  })

  test('a phone whose checks find no way is heard from the address that it has signalled', async () => {
    const bridge = await withIce()
    const { a, b } = bridge
    await bridge.update('a', { ...a.description(), rtcpMux: true, ice })
    a.sendRtp(says('no checks', 1))
    assert.deepEqual(await b.receiveRtp(), says('no checks', 1))
    await bridge.close()
  })

  test('Binding requests without credentials are answered and move nothing', async () => {
    const bridge = await withIce()
    const { a, b } = bridge
    const bare = Buffer.from('000100002112a442000102030405060708090a0b', 'hex')
    a.rtp.send(bare, a.server.rtpPort)
    assert.ok(isSuccess(await a.rtp.receive()))
    b.sendRtp(says('nobody nominated', 1))
    await bridge.counted('a', 'undeliverable', 1)
    await bridge.close()
  })
})
