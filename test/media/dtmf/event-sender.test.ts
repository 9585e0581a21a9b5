import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventSender } from '../../../src/media/dtmf/event-sender.ts'
import { OutgoingSequence } from '../../../src/media/dtmf/outgoing-sequence.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { inBuffer, rtpPacket } from '../../support/media/packets.ts'

const format = { payloadType: 101, clockRate: 8000 }

interface Bench {
  readonly clock: FakeClock
  readonly sent: Buffer[]
  readonly sequence: OutgoingSequence
  readonly sender: EventSender
}

function bench(): Bench {
  const clock = new FakeClock()
  const sent: Buffer[] = []
  const sequence = new OutgoingSequence(clock)
  return { clock, sent, sequence, sender: new EventSender(clock, sequence, (packet) => sent.push(packet)) }
}

/** Sequence number, marker, timestamp, event, end and duration of a packet. */
function read(packet: Buffer): readonly (number | boolean)[] {
  const end = (packet[13]! & 0x80) !== 0
  return [packet.readUInt16BE(2), packet[1]! >= 0x80, packet.readUInt32BE(4), packet[12]!, end, packet.readUInt16BE(14)]
}

describe('a key that is sent as an event', () => {
  test('goes on with the stream: 50 ms steps, its end three times, then nothing', async () => {
    const { clock, sent, sequence, sender } = bench()
    sequence.pass(inBuffer(rtpPacket({ sequence: 65534, timestamp: 1000, ssrc: 7 })))
    await clock.advance(20)
    sender.press({ event: 5, duration: 160 }, format)
    await clock.advance(1000)
    assert.deepEqual(sent.map(read), [
      [65535, true, 1160, 5, false, 400],
      [0, false, 1160, 5, false, 800],
      [1, false, 1160, 5, false, 1200],
      [2, false, 1160, 5, true, 1600],
      [3, false, 1160, 5, true, 1600],
      [4, false, 1160, 5, true, 1600],
    ])
    assert.deepEqual(
      sent.map((packet) => [packet[0], packet[1]! & 0x7f, packet.readUInt32BE(8), packet[13]! & 0x3f, packet.length]),
      sent.map(() => [0x80, 101, 7, 10, 16]),
    )
    assert.equal(clock.pending, 0)
  })

  for (const [said, steps, rate] of [
    [0, 2, 8000],
    [101, 3, 8000],
    [60_000, 100, 8000],
    [60_000, 27, 48000],
  ] as const) {
    test(`of ${said} ms at ${rate} Hz lasts ${steps * 50} ms`, async () => {
      const { clock, sent, sender } = bench()
      sender.press({ event: 0, duration: said }, { payloadType: 96, clockRate: rate })
      await clock.advance(10_000)
      assert.equal(sent.length, steps + 2)
      assert.equal(sent.at(-1)!.readUInt16BE(14), (steps * 50 * rate) / 1000)
    })
  }

  test('waits for the one before it, and begins later than that has ended', async () => {
    const { clock, sent, sender } = bench()
    for (const event of [1, 1, 11]) sender.press({ event, duration: 100 }, format)
    await clock.advance(2000)
    const starts = sent.filter((packet) => packet[1]! >= 0x80)
    assert.deepEqual(
      starts.map((packet) => packet[12]),
      [1, 1, 11],
    )
    const [first, second] = starts.map((packet) => packet.readUInt32BE(4))
    assert.ok((second! - first!) >>> 0 > 800)
    assert.equal(new Set(sent.map((packet) => packet.readUInt16BE(2))).size, sent.length)
    assert.equal(new Set(sent.map((packet) => packet.readUInt32BE(8))).size, 1)
  })

  test('is refused when too many wait; a sender that is closed sends nothing more', async () => {
    const { clock, sent, sender } = bench()
    const taken = Array.from({ length: 100 }, () => sender.press({ event: 1, duration: 100 }, format))
    assert.equal(taken.filter(Boolean).length, 33)
    sender.close()
    await clock.advance(10_000)
    assert.deepEqual([sent.length, clock.pending], [0, 0])
    sender.press({ event: 2, duration: 100 }, format)
    await clock.advance(1000)
    assert.equal(sent.length, 4)
  })
})
