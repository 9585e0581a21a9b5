/** In a file of its own, and so in a process of its own: nothing else allocates meanwhile. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { type CryptoSuite } from '../../../src/base/encryption.ts'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { type CipherProvider } from '../../../src/media/srtp/cipher-provider.ts'
import { portableCipherProvider } from '../../../src/media/srtp/portable-cipher-provider.ts'
import { SrtpDecryptContext } from '../../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../../src/media/srtp/srtp-verdict.ts'
import { masterKey, rtpPacket, suites } from '../../support/media/packets.ts'

const batches = 31
/** Bytes; the smallest object of V8 has 16. */
const tolerance = 4

/** Bytes of JavaScript's heap that a packet takes, protected and unprotected; @param batch packets between two looks */
function bytesAPacket(provider: CipherProvider, suite: CryptoSuite, batch: number): number {
  const master = masterKey(suite)
  const encrypt = new SrtpEncryptContext(master, provider)
  const decrypt = new SrtpDecryptContext(master, provider)
  // memory far up, whose addresses and sources do not fit V8's small integers
  const packet = new PacketBuffer(2 ** 18)
  const plain = rtpPacket({ ssrc: 0xfedcba98, payload: randomBytes(160) })
  let sequence = 0
  const run = (packets: number): void => {
    for (let i = 0; i < packets; i++) {
      plain.writeUInt16BE(sequence++ & 0xffff, 2)
      packet.load(plain)
      assertOk(encrypt.protectRtp(packet))
      assertOk(decrypt.unprotectRtp(packet))
    }
  }
  run(30_000) // compiles
  const grown = Array.from({ length: batches }, () => {
    const before = getHeapStatistics().used_heap_size
    run(batch)
    return (getHeapStatistics().used_heap_size - before) / batch
  })
  for (const context of [encrypt, decrypt]) context.close()
  // one batch may see the compiler, or a collection
  return grown.sort((a, b) => a - b)[batches >> 1]!
}

describe('the OpenSSL provider allocates nothing per packet', () => {
  const provider = new OpenSslCipherProvider()
  for (const suite of suites) {
    test(suite, () => {
      const bytes = bytesAPacket(provider, suite, 10_000)
      assert.ok(Math.abs(bytes) < tolerance, `${bytes} bytes a packet`)
    })
  }
})

describe('the portable provider allocates what node:crypto returns, and hardly more', () => {
  // four digests in strings of 20 characters and two sixteenths of a buffer of keystream; two cipher objects
  for (const [suite, most] of [
    ['AES_CM_128_HMAC_SHA1_80', 450],
    ['AEAD_AES_128_GCM', 2500],
  ] as const) {
    test(`${suite}: at most ${most} bytes a packet`, () => {
      const bytes = bytesAPacket(portableCipherProvider, suite, 200)
      assert.ok(bytes > 0 && bytes < most, `${bytes} bytes a packet`)
    })
  }
})

function assertOk(verdict: SrtpVerdict): void {
  if (verdict !== SrtpVerdict.ok) throw new Error(`verdict ${verdict}`)
}
