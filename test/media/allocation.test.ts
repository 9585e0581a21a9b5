/** In a file of its own, and so in a process of its own: nothing else allocates meanwhile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { allocateCounters, counterCells, readCounters } from '../../src/media/leg-counters.ts'
import { PacketBuffer } from '../../src/media/packet-buffer.ts'
import { type PacketPort } from '../../src/media/packet-io/packet-io.ts'
import { OpenSslCipherProvider } from '../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { StreamLeg } from '../../src/media/stream-leg.ts'
import { masterKey, rtpPacket } from '../support/media/packets.ts'

const batches = 11
const packetsPerBatch = 20_000
/** Bytes; the smallest object of V8 has 16. */
const tolerance = 4

const provider = new OpenSslCipherProvider()
const phone = { address: '192.0.2.1', port: 4000 }
const port: PacketPort = {
  send: () => undefined,
  connect: () => undefined,
  disconnect: () => undefined,
  close: () => Promise.resolve(),
}

describe('a packet that crosses from leg to leg, with all that is counted of it, allocates nothing', () => {
  for (const suite of ['none', 'AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const) {
    test(suite, () => {
      const memory = allocateCounters()
      const key = suite === 'none' ? undefined : masterKey(suite)
      const sender = key === undefined ? undefined : new SrtpEncryptContext(key, provider)
      const legs = (['a', 'b'] as const).map((name) => {
        const leg = new StreamLeg({
          ...{ rtp: port, rtcp: port, counters: counterCells(memory, name), provider },
          exchanger: { begin: () => assert.fail('there is no handshake') },
          now: () => performance.now(),
          stamp: (cells, cell) => {
            cells[cell] = performance.now()
          },
          onKeyExchange: () => undefined,
          onDtmf: () => undefined,
        })
        const protection: Protection =
          suite === 'none' || key === undefined
            ? { mode: 'none' }
            : { mode: 'sdes', send: masterKey(suite), receive: key }
        const remote = { address: phone.address, rtpPort: phone.port, rtcpPort: phone.port + 1 }
        leg.update({ remote, rtcpMux: false, direction: 'sendrecv', protection }, [])
        return leg
      })
      const [a, b] = legs as [StreamLeg, StreamLeg]
      StreamLeg.join(a, b)
      // memory far up, whose addresses and sources do not fit V8's small integers
      const packet = new PacketBuffer(2 ** 18)
      const plain = rtpPacket({ ssrc: 0xfedcba98, payload: Buffer.alloc(160) })
      let sent = 0
      const run = (): void => {
        for (let i = 0; i < packetsPerBatch; i++, sent++) {
          plain.writeUInt16BE(sent & 0xffff, 2)
          plain.writeUInt32BE((0xfffff000 + sent * 160) % 2 ** 32, 4)
          packet.load(plain)
          sender?.protectRtp(packet)
          a.onRtpPort(packet, phone)
        }
      }
      for (let i = 0; i < 3; i++) run() // compiles
      const grown = Array.from({ length: batches }, () => {
        const before = getHeapStatistics().used_heap_size
        run()
        return (getHeapStatistics().used_heap_size - before) / packetsPerBatch
      })
      // one batch may see the compiler, or a collection
      const median = grown.sort((x, y) => x - y)[batches >> 1]!
      assert.ok(Math.abs(median) < tolerance, `${median} bytes a packet`)
      const { sources, lost } = readCounters(counterCells(memory, 'a'))
      assert.deepEqual([sources.map(({ packets }) => packets), lost], [[sent], 0])
      assert.equal(readCounters(counterCells(memory, 'b')).rtpPacketsSent, sent)
      for (const leg of legs) leg.close()
      sender?.close()
    })
  }
})
