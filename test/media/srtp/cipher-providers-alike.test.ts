import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PacketBuffer, trailerRoom } from '../../../src/media/packet-buffer.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { portableCipherProvider } from '../../../src/media/srtp/portable-cipher-provider.ts'
import { SrtpDecryptContext } from '../../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../../src/media/srtp/srtp-verdict.ts'
import { bytesOf, inBuffer, masterKey, suites } from '../../support/media/packets.ts'

const openSsl = new OpenSslCipherProvider()
const providers = [portableCipherProvider, openSsl] as const

/** A datagram of any length and content whose first byte is that of RTP or RTCP. */
const datagrams = fc
  .oneof({ maxDepth: 1 }, fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 64 }))
  .map((length) => {
    const bytes = randomBytes(length)
    if (length > 0) bytes[0] = 0x80 | (bytes[0]! & 0x3f)
    return bytes
  })
const identifiers = fc.constantFrom(undefined, Buffer.of(1), Buffer.from('00000007', 'hex'), Buffer.alloc(128, 0x5a))

for (const suite of suites) {
  describe(`both providers, ${suite}`, () => {
    test('make the same of any packet, of 0 to 1500 bytes, and take it back', () => {
      fc.assert(
        fc.property(fc.array(datagrams, { maxLength: 20 }), identifiers, (plain, mki) => {
          const master = masterKey(suite, mki)
          const encrypt = providers.map((provider) => new SrtpEncryptContext(master, provider))
          // each reads what the other wrote
          const decrypt = providers.map((provider) => new SrtpDecryptContext(master, provider)).reverse()
          for (const bytes of plain) {
            for (const protocol of ['protectRtp', 'protectRtcp'] as const) {
              const packets = [inBuffer(bytes), inBuffer(bytes)] as const
              const verdicts = packets.map((packet, i) => encrypt[i]![protocol](packet))
              assert.equal(verdicts[0], verdicts[1])
              assert.deepEqual(bytesOf(packets[0]), bytesOf(packets[1]))
              if (verdicts[0] !== SrtpVerdict.ok) continue
              const back = protocol === 'protectRtp' ? 'unprotectRtp' : 'unprotectRtcp'
              for (const [i, packet] of packets.entries()) {
                const copy = inBuffer(bytesOf(packet))
                assert.equal(decrypt[i]![back](packet), SrtpVerdict.ok)
                assert.deepEqual(bytesOf(packet), bytes)
                assert.equal(decrypt[i]![back](copy), SrtpVerdict.replayed)
              }
            }
          }
          for (const context of [...encrypt, ...decrypt]) context.close()
        }),
        { numRuns: 25 },
      )
    })

    test('judge alike what was damaged or never was a packet', () => {
      fc.assert(
        fc.property(fc.array(datagrams, { maxLength: 30 }), identifiers, fc.boolean(), (datagrams, mki, damaged) => {
          const master = masterKey(suite, mki)
          const encrypt = new SrtpEncryptContext(master, openSsl)
          const decrypt = providers.map((provider) => new SrtpDecryptContext(master, provider))
          for (const bytes of datagrams) {
            for (const rtp of [true, false]) {
              const packet = inBuffer(bytes)
              if (damaged && (rtp ? encrypt.protectRtp(packet) : encrypt.protectRtcp(packet)) === SrtpVerdict.ok) {
                // any bit but the version's, which is not SRTP's to judge, or cut short, or with more behind it
                const cut = randomInt(3)
                if (cut === 0) packet.bytes[randomInt(1, packet.length)]! ^= 1 << randomInt(8)
                else packet.length += cut === 1 ? -randomInt(1, packet.length) : randomInt(1, 8)
              }
              const verdicts = decrypt.map((context) => {
                const copy = inBuffer(bytesOf(packet))
                return rtp ? context.unprotectRtp(copy) : context.unprotectRtcp(copy)
              })
              assert.equal(verdicts[0], verdicts[1])
              assert.notEqual(verdicts[0], SrtpVerdict.ok)
            }
          }
          for (const context of [encrypt, ...decrypt]) context.close()
        }),
        { numRuns: 25 },
      )
    })

    test('find room for all that they append to the longest datagram of a buffer', () => {
      const master = masterKey(suite, Buffer.alloc(128, 1))
      for (const provider of providers) {
        for (let capacity = 256; capacity < 256 + 128; capacity += 4) {
          const encrypt = new SrtpEncryptContext(master, provider)
          const decrypt = new SrtpDecryptContext(master, provider)
          const packet = new PacketBuffer(capacity)
          const plain = Buffer.alloc(capacity - trailerRoom, 0x80)
          plain[0] = 0x80
          packet.load(plain)
          assert.equal(encrypt.protectRtp(packet), SrtpVerdict.ok)
          assert.equal(decrypt.unprotectRtp(packet), SrtpVerdict.ok)
          assert.deepEqual(bytesOf(packet), plain)
          assert.equal(encrypt.protectRtcp(packet), SrtpVerdict.ok)
          assert.equal(decrypt.unprotectRtcp(packet), SrtpVerdict.ok)
          assert.deepEqual(bytesOf(packet), plain)
          for (const context of [encrypt, decrypt]) context.close()
        }
      }
    })

    test('a received datagram that fills its buffer is judged, not written behind', () => {
      const master = masterKey(suite)
      for (const provider of providers) {
        const decrypt = new SrtpDecryptContext(master, provider)
        const packet = new PacketBuffer(512)
        packet.load(Buffer.alloc(packet.limit, 0x80))
        assert.equal(decrypt.unprotectRtp(packet), SrtpVerdict.authenticationFailed)
        packet.load(Buffer.alloc(packet.limit, 0x80))
        assert.equal(decrypt.unprotectRtcp(packet), SrtpVerdict.authenticationFailed)
        decrypt.close()
      }
    })
  })
}
