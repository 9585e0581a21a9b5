import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type EndpointDescription } from '../../src/base/endpoint-description.ts'
import { allocateCounters, counterCells, readCounters } from '../../src/media/leg-counters.ts'
import { trailerRoom } from '../../src/media/packet-buffer.ts'
import { type PacketPort } from '../../src/media/packet-io/packet-io.ts'
import { OpenSslCipherProvider } from '../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { StreamLeg } from '../../src/media/stream-leg.ts'
import { inBuffer, masterKey, rtpPacket, suites } from '../support/media/packets.ts'

const phone = { address: '192.0.2.1', port: 4000 }

/** Two joined legs, and how many packets each has sent. */
function bridge(provider: OpenSslCipherProvider) {
  const memory = allocateCounters()
  const sent = { a: 0, b: 0 }
  const make = (name: 'a' | 'b'): StreamLeg => {
    const port: PacketPort = {
      send: () => sent[name]++,
      connect: () => undefined,
      disconnect: () => undefined,
      close: () => Promise.resolve(),
    }
    return new StreamLeg({
      rtp: port,
      rtcp: port,
      counters: counterCells(memory, name),
      provider,
      exchanger: { begin: () => assert.fail('SDES needs no handshake') },
      now: () => performance.now(),
      stamp: (cells, cell) => {
        cells[cell] = performance.now()
      },
      onKeyExchange: () => undefined,
      onDtmf: () => undefined,
    })
  }
  const legs = { a: make('a'), b: make('b') }
  StreamLeg.join(legs.a, legs.b)
  return { legs, sent, counters: readCounters.bind(undefined, counterCells(memory, 'a')) }
}

test('packets that waited are looked at when both legs were told: an event is not sent to a phone that takes none', async () => {
  const { legs, sent, counters } = bridge(new OpenSslCipherProvider())
  const described = {
    remote: { address: phone.address, rtpPort: phone.port, rtcpPort: phone.port + 1 },
    rtcpMux: false,
    direction: 'sendrecv',
    protection: { mode: 'none' },
  } satisfies EndpointDescription
  const format = { payloadType: 101, clockRate: 8000 }
  const event = rtpPacket({ payloadType: 101, sequence: 1, payload: Buffer.of(5, 0x0a, 0, 160) })
  legs.a.onRtpPort(inBuffer(event), phone)
  legs.a.onRtpPort(inBuffer(rtpPacket({ sequence: 2 })), phone)
  legs.a.update({ ...described, events: { receive: [format], send: format } }, [])
  legs.b.update(described, [])
  assert.deepEqual(sent, { a: 0, b: 0 })
  await Promise.resolve()
  assert.equal(counters().rtpPacketsReceived, 2)
  assert.deepEqual(sent, { a: 0, b: 1 })
  for (const leg of [legs.a, legs.b]) leg.close()
})

describe('a leg that is closed', () => {
  for (const suite of suites) {
    test(`has given back all contexts of ${suite}, and drops what its ports still receive`, () => {
      const provider = new OpenSslCipherProvider()
      const { legs, sent, counters } = bridge(provider)
      const described = (receive = masterKey(suite)): EndpointDescription => ({
        remote: { address: phone.address, rtpPort: phone.port, rtcpPort: phone.port + 1 },
        rtcpMux: false,
        direction: 'sendrecv',
        protection: { mode: 'sdes', send: masterKey(suite), receive },
      })
      const key = masterKey(suite)
      legs.a.update(described(key), [])
      const sender = new SrtpEncryptContext(key, new OpenSslCipherProvider())
      const receive = (sequence: number): void => {
        const packet = inBuffer(rtpPacket({ sequence }))
        sender.protectRtp(packet)
        legs.a.onRtpPort(packet, phone)
      }
      for (let i = 1; i <= 3; i++) {
        legs.b.update(described(), [])
        receive(i)
      }
      assert.deepEqual(sent, { a: 0, b: 3 })
      legs.b.close()
      receive(4)
      legs.a.close()
      receive(5)
      assert.deepEqual(sent, { a: 0, b: 3 })
      assert.equal(counters().rtpPacketsReceived, 4)
      sender.close()
      const { made, freed } = provider.contexts
      assert.equal(made, 8, 'of the keys that packets have needed')
      assert.equal(freed, made)
    })
  }
})

describe('what comes off the wire', () => {
  /** Lengths that lie: contributing sources, header extensions, RTCP words, and datagrams up to the longest that the memory takes. */
  const datagram = fc
    .record({
      first: fc.oneof(fc.integer({ min: 0x80, max: 0xbf }), fc.integer({ min: 0, max: 255 })),
      second: fc.integer({ min: 0, max: 255 }),
      words: fc.array(fc.constantFrom(0, 1, 0x7fff, 0xffff, 0xffff_ffff, 0x8000_0000), { maxLength: 20 }),
      length: fc.oneof(fc.integer({ min: 0, max: 120 }), fc.constantFrom(1500, 4096 - trailerRoom)),
    })
    .map(({ first, second, words, length }) => {
      const bytes = Buffer.alloc(Math.max(length, 84))
      words.forEach((word, i) => bytes.writeUInt32BE(word, 4 * i))
      bytes[0] = first
      bytes[1] = second
      return bytes.subarray(0, length)
    })

  for (const suite of suites) {
    test(`on a leg of ${suite}: whatever its lengths say, it is judged, not thrown, and goes nowhere`, () => {
      const { legs, sent, counters } = bridge(new OpenSslCipherProvider())
      for (const leg of [legs.a, legs.b]) {
        leg.update(
          {
            remote: { address: phone.address, rtpPort: phone.port, rtcpPort: phone.port + 1 },
            rtcpMux: true,
            direction: 'sendrecv',
            protection: { mode: 'sdes', send: masterKey(suite), receive: masterKey(suite) },
          },
          [],
        )
      }
      fc.assert(
        fc.property(datagram, fc.boolean(), (bytes, rtcpPort) => {
          const packet = inBuffer(bytes)
          if (rtcpPort) legs.a.onRtcpPort(packet, phone)
          else legs.a.onRtpPort(packet, phone)
        }),
        { numRuns: 1000 },
      )
      assert.deepEqual(sent, { a: 0, b: 0 })
      assert.deepEqual(counters().sources, [])
      for (const leg of [legs.a, legs.b]) leg.close()
    })
  }
})
