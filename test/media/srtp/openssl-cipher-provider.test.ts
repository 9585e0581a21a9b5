import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { CounterMode } from '../../../src/media/srtp/counter-mode.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpDecryptContext } from '../../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { inBuffer, masterKey, rtpPacket, suites } from '../../support/media/packets.ts'

const size = 1024
const anyNumber = fc.oneof(
  fc.integer({ min: -20, max: size + 20 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(size - 16, size, 2 ** 31, 2 ** 32, 2 ** 32 + 64, 2 ** 53, NaN, Infinity, -Infinity, 12.5),
)

/** Whether a range is that of `size` bytes, with `behind` more behind it. */
function fits(offset: number, length: number, behind = 0): boolean {
  const integers = Number.isInteger(offset) && Number.isInteger(length)
  return integers && offset >= 0 && length >= 0 && offset + length + behind <= size
}

describe('the OpenSSL provider', () => {
  const provider = new OpenSslCipherProvider()

  test('a range that is not all in the packet never reaches native code', () => {
    const counterMode = new CounterMode(provider, randomBytes(16), randomBytes(14))
    const authenticator = provider.authenticator(randomBytes(20))
    const aead = provider.aead(randomBytes(32), randomBytes(12))
    const packet = new PacketBuffer(size)
    fc.assert(
      fc.property(anyNumber, anyNumber, fc.option(fc.integer(), { nil: undefined }), (offset, length, word) => {
        const refuses = (work: () => unknown, wrong: boolean): void => {
          if (wrong) assert.throws(work, RangeError)
          else work()
        }
        refuses(() => counterMode.apply(packet, offset, length, 1, 2), length !== 0 && !fits(offset, length))
        refuses(() => authenticator.digest(packet, length), !fits(0, length) || ((length + 72) & -64) > size)
        refuses(() => aead.seal(packet, offset, length, 1, 2, word), !fits(offset, length, 16))
        refuses(() => aead.open(packet, offset, length, 1, 2, word), !fits(offset, length, 16))
      }),
      { numRuns: 3000 },
    )
    counterMode.close()
    aead.close()
  })

  test('a key of another length is refused, because OpenSSL would read on behind it', () => {
    for (const length of [0, 15, 17, 31, 33, 64]) {
      assert.throws(() => provider.blockCipher(Buffer.alloc(length)), RangeError)
      assert.throws(() => provider.counterCipher(Buffer.alloc(length)), RangeError)
      assert.throws(() => provider.aead(Buffer.alloc(length), Buffer.alloc(12)), RangeError)
    }
    assert.throws(() => provider.aead(Buffer.alloc(24), Buffer.alloc(12)), RangeError)
  })

  test('every context is given back, once, and is of no use then', () => {
    const counted = new OpenSslCipherProvider()
    for (const suite of suites) {
      const master = masterKey(suite)
      const encrypt = new SrtpEncryptContext(master, counted)
      const decrypt = new SrtpDecryptContext(master, counted)
      const packet = inBuffer(rtpPacket())
      encrypt.protectRtp(packet)
      decrypt.unprotectRtp(packet)
      for (const context of [encrypt, decrypt, encrypt, decrypt]) context.close()
      const later = inBuffer(rtpPacket({ sequence: 1000 }))
      assert.throws(() => encrypt.protectRtp(later), { code: 'MEDIA_SESSION_CLOSED' })
    }
    assert.deepEqual(counted.contexts, { made: 4 * suites.length, freed: 4 * suites.length })
  })

  test('thousands of keys come and go without more memory in native code', () => {
    const counted = new OpenSslCipherProvider()
    const round = (): void => {
      for (let i = 0; i < 2000; i++) {
        counted.blockCipher(randomBytes(32)).close()
        counted.counterCipher(randomBytes(32)).close()
        counted.aead(randomBytes(32), randomBytes(12)).close()
      }
    }
    round()
    const before = process.memoryUsage.rss()
    for (let i = 0; i < 5; i++) round()
    // a context has about 1 KiB: 20,000 that leaked would be 20 MiB
    assert.ok(process.memoryUsage.rss() - before < 10 * 2 ** 20)
    assert.equal(counted.contexts.made, counted.contexts.freed)
  })
})
