/** In a file of its own, and so in a process of its own: nothing else allocates meanwhile. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpDecryptContext } from '../../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../../src/media/srtp/srtp-verdict.ts'
import { masterKey, rtpPacket, suites } from '../../support/media/packets.ts'

const batches = 11
const packetsPerBatch = 20_000
/** Bytes; the smallest object of V8 has 16. */
const tolerance = 4

const provider = new OpenSslCipherProvider()

describe('the OpenSSL provider allocates nothing per packet', () => {
  for (const suite of suites) {
    test(suite, () => {
      const master = masterKey(suite)
      const encrypt = new SrtpEncryptContext(master, provider)
      const decrypt = new SrtpDecryptContext(master, provider)
      // memory far up, whose addresses and sources do not fit V8's small integers
      const packet = new PacketBuffer(2 ** 18)
      const plain = rtpPacket({ ssrc: 0xfedcba98, payload: randomBytes(160) })
      let sequence = 0
      const run = (): void => {
        for (let i = 0; i < packetsPerBatch; i++) {
          plain.writeUInt16BE(sequence++ & 0xffff, 2)
          packet.load(plain)
          assertOk(encrypt.protectRtp(packet))
          assertOk(decrypt.unprotectRtp(packet))
        }
      }
      for (let i = 0; i < 3; i++) run() // compiles
      const grown = Array.from({ length: batches }, () => {
        const before = getHeapStatistics().used_heap_size
        run()
        return (getHeapStatistics().used_heap_size - before) / packetsPerBatch
      })
      // one batch may see the compiler, or a collection
      const median = grown.sort((a, b) => a - b)[batches >> 1]!
      assert.ok(Math.abs(median) < tolerance, `${median} bytes a packet`)
      for (const context of [encrypt, decrypt]) context.close()
    })
  }
})

function assertOk(verdict: SrtpVerdict): void {
  if (verdict !== SrtpVerdict.ok) throw new Error(`verdict ${verdict}`)
}
