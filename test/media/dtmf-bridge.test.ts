import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type CryptoSuite } from '../../src/base/encryption.ts'
import { type TelephoneEvents } from '../../src/base/endpoint-description.ts'
import { type DtmfReport } from '../../src/media/media-engine.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Inbox } from '../support/b2bua/sip-phone.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { rtpPacket, suites } from '../support/media/packets.ts'
import { until } from '../support/until.ts'

const engine = new WorkerMediaEngine({ workers: 1, packetIo })
after(() => engine.close())

const format = { payloadType: 101, clockRate: 8000 }
const events: TelephoneEvents = { receive: [format], send: format }

interface Ends {
  readonly bridge: Bridge
  readonly keys: Inbox<DtmfReport>
}

/** Who has telephone events, and a call in which both have been heard. */
async function talk(
  modes: readonly [CryptoSuite | 'none', CryptoSuite | 'none'],
  has: { readonly a?: TelephoneEvents; readonly b?: TelephoneEvents },
): Promise<Ends> {
  const keys = new Inbox<DtmfReport>()
  const session = { onDtmf: (report: DtmfReport) => keys.put(report) }
  const bridge = await Bridge.open(engine, ...modes, { described: false, session })
  for (const leg of ['a', 'b'] as const) {
    const own = has[leg]
    await bridge.update(leg, { ...bridge[leg].description(), ...(own !== undefined && { events: own }) })
  }
  return { bridge, keys }
}

/** An event packet of a phone. */
function event(sequence: number, timestamp: number, code: number, duration: number, end = false): Buffer {
  const payload = Buffer.from([code, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff])
  return rtpPacket({ sequence, timestamp, payloadType: 101, payload, marker: duration === 400 })
}

const pairs: readonly (readonly [CryptoSuite | 'none', CryptoSuite | 'none'])[] = [
  ['none', 'none'],
  ...suites.map((suite) => ['none', suite] as const),
  ...suites.map((suite) => [suite, 'none'] as const),
]

for (const modes of pairs) {
  describe(`DTMF between ${modes.join(' and ')}`, () => {
    test('crosses byte for byte where both legs have events, and where none has', async () => {
      for (const has of [{ a: events, b: events }, {}]) {
        const { bridge, keys } = await talk(modes, has)
        for (const packet of [rtpPacket({ sequence: 1 }), event(2, 160, 5, 400), event(3, 160, 5, 800, true)]) {
          bridge.a.sendRtp(packet)
          assert.deepEqual(await bridge.b.receiveRtp(), packet)
          bridge.b.sendRtp(packet)
          assert.deepEqual(await bridge.a.receiveRtp(), packet)
        }
        await bridge.settle()
        assert.deepEqual(keys.unread, [])
        await bridge.close()
      }
    })

    test('events of a leg whose other has none are reported, and what is left closes up', async () => {
      const { bridge, keys } = await talk(modes, { a: events })
      bridge.a.sendRtp(rtpPacket({ sequence: 65534 }))
      assert.deepEqual(await bridge.b.receiveRtp(), rtpPacket({ sequence: 65534 }))
      bridge.a.sendRtp(event(65535, 500, 11, 400))
      bridge.a.sendRtp(event(0, 500, 11, 800), 1)
      for (const sequence of [1, 2, 3]) bridge.a.sendRtp(event(sequence, 500, 11, 1280, true), 1)
      assert.deepEqual(await keys.next('report'), { stream: 0, leg: 'a', event: 11, duration: 160 })
      bridge.a.sendRtp(rtpPacket({ sequence: 4, timestamp: 2000 }), 1)
      assert.deepEqual(await bridge.b.receiveRtp(), rtpPacket({ sequence: 65535, timestamp: 2000 }))
      bridge.a.sendRtp(rtpPacket({ sequence: 5, timestamp: 2160 }), 1)
      assert.deepEqual(await bridge.b.receiveRtp(1), rtpPacket({ sequence: 0, timestamp: 2160 }))
      bridge.b.sendRtp(rtpPacket({ sequence: 9 }))
      assert.deepEqual(await bridge.a.receiveRtp(), rtpPacket({ sequence: 9 }))
      await bridge.settle()
      assert.deepEqual([keys.unread, bridge.b.rtp.unread], [[], []])
      await bridge.close()
    })

    test('keys are put into the stream towards the leg that has events, which goes on behind them', async () => {
      const { bridge, keys } = await talk(modes, {
        b: { receive: [format], send: { payloadType: 96, clockRate: 8000 } },
      })
      bridge.a.sendRtp(rtpPacket({ sequence: 65533 }))
      assert.deepEqual(await bridge.b.receiveRtp(), rtpPacket({ sequence: 65533 }))
      bridge.session.sendDtmf(0, 'b', { event: 5, duration: 100 })
      const packets = [await bridge.b.receiveRtp(), await bridge.b.receiveRtp()]
      packets.push(await bridge.b.receiveRtp(1), await bridge.b.receiveRtp(1))
      assert.deepEqual(
        packets.map((packet) => [packet.readUInt16BE(2), packet[1], packet.subarray(8).toString('hex')]),
        [
          [65534, 0x80 | 96, '12345678050a0190'],
          [65535, 96, '12345678058a0320'],
          [0, 96, '12345678058a0320'],
          [1, 96, '12345678058a0320'],
        ],
      )
      bridge.a.sendRtp(rtpPacket({ sequence: 65534 }))
      assert.deepEqual(await bridge.b.receiveRtp(1), rtpPacket({ sequence: 2, timestamp: 65534 * 160 }))
      bridge.b.sendRtp(event(7, 1, 3, 800, true))
      assert.equal((await keys.next('report')).leg, 'b')
      bridge.session.sendDtmf(0, 'a', { event: 5, duration: 100 })
      await bridge.counted('a', 'undeliverable', 1)
      assert.deepEqual(bridge.a.rtp.unread, [])
      await bridge.close()
    })
  })
}

describe('DTMF', () => {
  test('goes to a phone that nobody has spoken to so far, and stays away from one on hold', async () => {
    const { bridge } = await talk(['none', 'none'], { b: events })
    bridge.session.sendDtmf(0, 'b', { event: 0, duration: 5000 })
    const first = await bridge.b.receiveRtp()
    const second = await bridge.b.receiveRtp()
    assert.equal(second.readUInt16BE(2), first.readUInt16BE(2) + 1)
    assert.equal(second.readUInt32BE(8), first.readUInt32BE(8))
    const { remote, ...held } = bridge.b.description()
    await bridge.update('b', { ...held, remote: { ...remote!, address: '0.0.0.0' }, events })
    await until(() => bridge.counters('b').undeliverable > 0)
    await bridge.close()
  })

  test('is relayed again once both legs have events, and numbers stay unique', async () => {
    const { bridge, keys } = await talk(['none', 'none'], { a: events })
    bridge.a.sendRtp(rtpPacket({ sequence: 10 }))
    await bridge.b.receiveRtp()
    bridge.a.sendRtp(event(11, 500, 1, 800, true))
    await keys.next('report')
    await bridge.update('b', { ...bridge.b.description(), events })
    bridge.a.sendRtp(event(12, 900, 2, 800, true))
    assert.deepEqual(await bridge.b.receiveRtp(), event(11, 900, 2, 800, true))
    await bridge.update('a', undefined)
    await bridge.update('a', bridge.a.description())
    bridge.session.sendDtmf(0, 'b', { event: 3, duration: 100 })
    assert.equal((await bridge.b.receiveRtp()).readUInt16BE(2), 12)
    await bridge.close()
  })

  test('of a stream that was never opened is an error', async () => {
    const { bridge } = await talk(['none', 'none'], {})
    assert.throws(() => bridge.session.sendDtmf(7, 'a', { event: 1, duration: 100 }), { code: 'MEDIA_STREAM_UNKNOWN' })
    await bridge.close()
  })
})
