import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { OutgoingSequence } from '../../../src/media/dtmf/outgoing-sequence.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { inBuffer, rtpPacket, type RtpOptions } from '../../support/media/packets.ts'

interface Bench {
  readonly sequence: OutgoingSequence
  readonly clock: FakeClock
  readonly pass: (number: number, options?: RtpOptions) => number
  readonly skip: (number: number) => void
}

function bench(): Bench {
  const clock = new FakeClock()
  const sequence = new OutgoingSequence(clock)
  return {
    ...{ sequence, clock },
    pass(number, options) {
      const packet = inBuffer(rtpPacket({ sequence: number, ...options }))
      sequence.pass(packet)
      return packet.bytes.readUInt16BE(2)
    },
    skip: (number) => sequence.skip(inBuffer(rtpPacket({ sequence: number }))),
  }
}

describe('the sequence numbers towards a phone', () => {
  test('are those that came, until something is put in or taken out', () => {
    const { sequence, pass, skip } = bench()
    assert.deepEqual([pass(10), pass(11), sequence.shifted], [10, 11, false])
    assert.deepEqual(sequence.insert(), { sequence: 12, ssrc: 0x12345678 })
    assert.deepEqual([pass(12), pass(13), sequence.shifted], [13, 14, true])
    skip(14)
    assert.deepEqual([pass(15), pass(16)], [15, 16])
    skip(17)
    assert.deepEqual([pass(18)], [17])
  })

  test('wrap', () => {
    const { sequence, pass, skip } = bench()
    assert.deepEqual([pass(65534), sequence.insert().sequence, pass(65535), pass(0)], [65534, 65535, 0, 1])
    for (const number of [1, 2, 3]) skip(number)
    assert.deepEqual([pass(4), sequence.insert().sequence, pass(5)], [2, 3, 4])
  })

  test('of a packet that comes late have the shift of its time', () => {
    const { sequence, pass, skip } = bench()
    pass(10)
    pass(12)
    assert.equal(sequence.insert().sequence, 13)
    assert.equal(pass(14), 15)
    assert.equal(sequence.insert().sequence, 16)
    assert.deepEqual([pass(15), pass(11), pass(13), pass(12)], [17, 11, 14, 12])
    skip(16)
    assert.deepEqual([pass(17), pass(15)], [18, 17])
  })

  test('keep the gap of an event that is overtaken', () => {
    const { pass, skip } = bench()
    pass(1)
    pass(3)
    skip(2)
    assert.deepEqual([pass(4), pass(5)], [4, 5])
  })

  test('stay shifted when the source changes or begins anew', () => {
    const { sequence, pass } = bench()
    pass(10)
    sequence.insert()
    sequence.insert()
    assert.deepEqual([pass(500, { ssrc: 9 }), pass(501, { ssrc: 9 })], [502, 503])
    assert.deepEqual(sequence.insert(), { sequence: 504, ssrc: 9 })
    assert.deepEqual([pass(11), pass(20_000), pass(100)], [14, 20_003, 103])
  })

  test('and timestamps go on while nothing comes; where nothing came, they are our own', async () => {
    const { sequence, clock, pass } = bench()
    const own = [sequence.insert(), sequence.insert()]
    assert.equal(own[1]!.ssrc, own[0]!.ssrc)
    assert.equal(own[1]!.sequence, (own[0]!.sequence + 1) & 0xffff)
    pass(1, { timestamp: 0xffffff00 })
    await clock.advance(1000)
    assert.equal(sequence.timestamp(8000), 8000 - 256)
    pass(0, { timestamp: 5 })
    assert.equal(sequence.timestamp(48000), 48000 - 256)
  })

  test('are never used twice, nor left out, while packets are put in and taken out in order', () => {
    const step = fc.constantFrom('pass', 'skip', 'insert')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(65535), (steps, start) => {
        const { sequence, pass, skip } = bench()
        const sent = [pass(start)]
        let number = start
        for (const what of steps) {
          if (what === 'insert') sent.push(sequence.insert().sequence)
          else {
            number = (number + 1) & 0xffff
            if (what === 'pass') sent.push(pass(number))
            else skip(number)
          }
        }
        for (const [index, one] of sent.entries()) assert.equal(one, (start + index) & 0xffff)
      }),
    )
  })
})
