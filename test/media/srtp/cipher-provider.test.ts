import assert from 'node:assert/strict'
import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { CounterMode } from '../../../src/media/srtp/counter-mode.ts'
import { cipherProviders } from '../../support/media/cipher-providers.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

function zeros(length: number): PacketBuffer {
  const packet = new PacketBuffer((length + 512) & ~3)
  packet.load(Buffer.alloc(length))
  return packet
}

for (const [name, provider] of Object.entries(cipherProviders))
  describe(name, () => {
    describe('counter mode', () => {
      test('RFC 3711 B.2: the keystream of AES-128, and that 0xFEFF blocks further', () => {
        const cipher = new CounterMode(
          provider,
          hex('2B7E151628AED2A6ABF7158809CF4F3C'),
          hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
        )
        const packet = zeros(0xff02 * 16)
        cipher.apply(packet, 0, packet.length, 0, 0)
        assert.deepEqual(
          packet.bytes.subarray(0, 48),
          hex('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0'),
        )
        assert.deepEqual(
          packet.bytes.subarray(0xfeff * 16, 0xff02 * 16),
          hex('EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44'),
        )
      })

      test('RFC 6188 7.1: the keystream of AES-256', () => {
        const cipher = new CounterMode(
          provider,
          hex('57f82fe3613fd170a85ec93c40b1f092 2ec4cb0dc025b58272147cc438944a98'),
          hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
        )
        const packet = zeros(48)
        cipher.apply(packet, 0, 48, 0, 0)
        assert.deepEqual(
          packet.bytes.subarray(0, 48),
          hex('92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31'),
        )
      })

      test('RFC 6188 7.3: the keystream of AES-192', () => {
        const cipher = new CounterMode(
          provider,
          hex('eab234764e517b2d3d160d587d8c86219740f65f99b6bcf7'),
          hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
        )
        const packet = zeros(48)
        cipher.apply(packet, 0, 48, 0, 0)
        assert.deepEqual(
          packet.bytes.subarray(0, 48),
          hex('35096cba4610028dc1b57503804ce37c 5de986291dcce161d5165ec4568f5c9a 474a40c77894bc17180202272a4c264d'),
        )
      })

      test('what is made ahead never shows: any order of sources, indexes and lengths has the keystream of its own counter', () => {
        const step = fc.record({
          ssrc: fc.constantFrom(1, 0xfffffffe),
          index: fc.oneof(fc.integer({ min: 65530, max: 65570 }), fc.integer({ min: 0, max: 2 ** 48 - 1 })),
          length: fc.integer({ min: 0, max: 1500 }),
          run: fc.integer({ min: 1, max: 40 }),
        })
        fc.assert(
          fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
            const key = randomBytes(16)
            const salt = randomBytes(14)
            const cipher = new CounterMode(provider, key, salt)
            for (const { ssrc, index, length, run } of steps) {
              for (let i = index; i < index + run && i < 2 ** 48; i++) {
                const packet = new PacketBuffer(2048)
                packet.bytes.fill(0xaa)
                cipher.apply(packet, 12, length, ssrc, i)
                const iv = (BigInt(`0x${salt.toString('hex')}`) << 16n) ^ (BigInt(ssrc) << 64n) ^ (BigInt(i) << 16n)
                const naive = createCipheriv('aes-128-ctr', key, hex(iv.toString(16).padStart(32, '0')))
                assert.deepEqual(packet.bytes.subarray(12, 12 + length), naive.update(Buffer.alloc(length, 0xaa)))
                assert.equal(packet.bytes[11], 0xaa)
                assert.equal(packet.bytes[12 + length], 0xaa, 'nothing beyond the payload is touched')
              }
            }
          }),
          { numRuns: 30 },
        )
      })
    })

    describe('the authenticator', () => {
      test('is HMAC-SHA1 for messages of any length', () => {
        const key = randomBytes(20)
        const authenticator = provider.authenticator(key)
        const packet = new PacketBuffer(8192)
        packet.bytes.set(randomBytes(8192))
        for (const length of [0, 1, 12, 63, 64, 65, 172, 1200, 2048, 2049, 8000, 172]) {
          const expected = createHmac('sha1', key).update(packet.bytes.subarray(0, length)).digest()
          assert.deepEqual(Buffer.from(authenticator.digest(packet, length)), expected, `${length} bytes`)
        }
      })

      test('keeps two keys apart', () => {
        const keys = [randomBytes(20), randomBytes(20)]
        const packet = zeros(100)
        const authenticators = keys.map((key) => provider.authenticator(key))
        for (const [i, authenticator] of [...authenticators.entries(), ...authenticators.entries()]) {
          const expected = createHmac('sha1', keys[i]!).update(packet.bytes.subarray(0, 100)).digest()
          assert.deepEqual(Buffer.from(authenticator.digest(packet, 100)), expected)
        }
      })
    })
  })
