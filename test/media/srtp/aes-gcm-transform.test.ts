import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SrtpMasterKey } from '../../../src/base/encryption.ts'
import { AesGcmTransform } from '../../../src/media/srtp/aes-gcm-transform.ts'
import { cipherProviders } from '../../support/media/cipher-providers.ts'
import { bytesOf, inBuffer } from '../../support/media/packets.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

const rtp = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
                 61727465 73207472 6573`)
const rtcp = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
                  deadbeef deadbeef deadbeef`)
const vectors = [
  {
    suite: 'AEAD_AES_128_GCM',
    keyLength: 16,
    srtp: `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
           51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce`,
    srtcp: `81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda
            4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
  },
  {
    suite: 'AEAD_AES_256_GCM',
    keyLength: 32,
    srtp: `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02
           76ffae0f 1ba63799 b87b 7aa3db36 dfffd6b0 f9bb7878 d7a76c13`,
    srtcp: `81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be
            8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
  },
] as const

for (const [name, provider] of Object.entries(cipherProviders))
  describe(`RFC 7714, ${name}`, () => {
    for (const { suite, keyLength, srtp, srtcp } of vectors) {
      const cipherKey = Buffer.from(Array.from({ length: keyLength }, (_, i) => i))
      const master: SrtpMasterKey = { suite, key: cipherKey, salt: Buffer.alloc(12) }
      // the vectors state session keys, not master keys
      const transform = new AesGcmTransform(master, provider, () => ({
        cipherKey,
        salt: hex('517569642070726f2071756f'),
        authenticationKey: Buffer.alloc(0),
      }))

      test(`16: SRTP with ${suite}, both ways`, () => {
        const packet = inBuffer(rtp)
        transform.protectRtp(packet, 12, 0x5501a0b2, 0xf17b)
        assert.deepEqual(bytesOf(packet), hex(srtp))
        assert.equal(transform.unprotectRtp(packet, 12, 0x5501a0b2, 0xf17b), true)
        assert.deepEqual(bytesOf(packet), rtp)
      })

      test(`17: SRTCP with ${suite}, both ways`, () => {
        const packet = inBuffer(rtcp)
        transform.protectRtcp(packet, 0x4d617273, 0x5d4)
        assert.deepEqual(bytesOf(packet), hex(srtcp))
        assert.equal(transform.unprotectRtcp(packet, 0x4d617273, 0x800005d4), true)
        assert.deepEqual(bytesOf(packet), rtcp)
      })

      test(`a packet of ${suite} with any byte changed is not authentic`, () => {
        for (let i = 0; i < hex(srtcp).length - 4; i++) {
          const packet = inBuffer(hex(srtcp))
          packet.bytes[i]! ^= 1
          assert.equal(transform.unprotectRtcp(packet, 0x4d617273, 0x800005d4), false, `byte ${i}`)
        }
      })
    }

    test('17.3: SRTCP that is tagged but not encrypted', () => {
      const cipherKey = Buffer.from(Array.from({ length: 16 }, (_, i) => i))
      const master: SrtpMasterKey = { suite: 'AEAD_AES_128_GCM', key: cipherKey, salt: Buffer.alloc(12) }
      const transform = new AesGcmTransform(master, provider, () => ({
        cipherKey,
        salt: hex('517569642070726f2071756f'),
        authenticationKey: Buffer.alloc(0),
      }))
      const packet = inBuffer(Buffer.concat([rtcp, hex('841dd968 3dd78ec9 2ae58790 125f62b3 000005d4')]))
      assert.equal(transform.unprotectRtcp(packet, 0x4d617273, 0x5d4), true)
      assert.deepEqual(bytesOf(packet), rtcp)
    })
  })
