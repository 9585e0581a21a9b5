import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type SrtpMasterKey } from '../../../src/base/encryption.ts'
import { SrtpDecryptContext } from '../../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../../src/media/srtp/srtp-verdict.ts'
import { NaiveSrtp } from '../../support/media/naive-srtp.ts'
import { cipherProviders } from '../../support/media/cipher-providers.ts'
import { bytesOf, inBuffer, masterKey, rtcpPacket, rtpPacket, suites } from '../../support/media/packets.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

/** Protects a packet; the verdict must be ok. */
function protect(context: SrtpEncryptContext, plain: Buffer): Buffer {
  const packet = inBuffer(plain)
  assert.equal(context.protectRtp(packet), SrtpVerdict.ok)
  return bytesOf(packet)
}

/** The verdict on a packet, or the plain packet. */
function unprotect(context: SrtpDecryptContext, datagram: Buffer): Buffer | SrtpVerdict {
  const packet = inBuffer(datagram)
  const verdict = context.unprotectRtp(packet)
  return verdict === SrtpVerdict.ok ? bytesOf(packet) : verdict
}

function unprotectRtcp(context: SrtpDecryptContext, datagram: Buffer): Buffer | SrtpVerdict {
  const packet = inBuffer(datagram)
  const verdict = context.unprotectRtcp(packet)
  return verdict === SrtpVerdict.ok ? bytesOf(packet) : verdict
}

for (const [name, provider] of Object.entries(cipherProviders))
  describe(name, () => {
    describe('packets that other implementations publish', () => {
      const plainRtp = hex(`800f1234 decafbad cafebabe ${'ab'.repeat(16)}`)
      const plainRtcp = hex(`81c8000b cafebabe ${'ab'.repeat(16)}`)
      const cases: readonly { name: string; master: SrtpMasterKey; srtp: string; srtcp?: string }[] = [
        {
          name: 'AES_CM_128_HMAC_SHA1_80',
          master: {
            suite: 'AES_CM_128_HMAC_SHA1_80',
            key: hex('e1f97a0d3e018be0d64fa32c06de4139'),
            salt: hex('0ec675ad498afeebb6960b3aabe6'),
          },
          srtp: '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb',
          srtcp: '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
        },
        {
          name: 'AES_256_CM_HMAC_SHA1_80',
          master: {
            suite: 'AES_256_CM_HMAC_SHA1_80',
            key: hex('f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6'),
            salt: hex('3b04803de51ee7c96423ab5b78d2'),
          },
          srtp: '800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b',
        },
        {
          name: 'AEAD_AES_128_GCM, whose 12 byte salt is padded for the key derivation',
          master: {
            suite: 'AEAD_AES_128_GCM',
            key: hex('000102030405060708090a0b0c0d0e0f'),
            salt: hex('a0a1a2a3a4a5a6a7a8a9aaab'),
          },
          srtp: '800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392',
          srtcp: '81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001',
        },
      ]
      for (const { name, master, srtp, srtcp } of cases) {
        test(name, () => {
          const sender = new SrtpEncryptContext(master, provider)
          assert.equal(protect(sender, plainRtp).toString('hex'), srtp)
          assert.deepEqual(unprotect(new SrtpDecryptContext(master, provider), hex(srtp)), plainRtp)
          if (srtcp === undefined) return
          const packet = inBuffer(plainRtcp)
          assert.equal(sender.protectRtcp(packet), SrtpVerdict.ok)
          assert.equal(bytesOf(packet).toString('hex'), srtcp)
          assert.deepEqual(unprotectRtcp(new SrtpDecryptContext(master, provider), hex(srtcp)), plainRtcp)
        })
      }
    })

    for (const suite of suites) {
      describe(suite, () => {
        test('packets of every shape are those of an independent implementation, both ways', () => {
          const shapes = fc.record({
            payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
            contributors: fc.integer({ min: 0, max: 15 }),
            extension: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
            mki: fc.constantFrom(undefined, Buffer.from([1]), Buffer.from('00000007', 'hex')),
          })
          fc.assert(
            fc.property(
              shapes,
              fc.integer({ min: 0, max: 65535 }),
              ({ payload, contributors, extension, mki }, sequence) => {
                const master = masterKey(suite, mki)
                const naive = new NaiveSrtp(master)
                const options = { sequence, payload, contributors }
                const plain = rtpPacket(extension === undefined ? options : { ...options, extension })
                assert.deepEqual(protect(new SrtpEncryptContext(master, provider), plain), naive.protectRtp(plain))
                assert.deepEqual(unprotect(new SrtpDecryptContext(master, provider), naive.protectRtp(plain)), plain)
              },
            ),
            { numRuns: 40 },
          )
        })

        test('RTCP is that of an independent implementation, both ways, encrypted or only authenticated', () => {
          for (const mki of [undefined, Buffer.from([9, 9])]) {
            const master = masterKey(suite, mki)
            const naive = new NaiveSrtp(master)
            const sender = new SrtpEncryptContext(master, provider)
            const receiver = new SrtpDecryptContext(master, provider)
            for (let index = 1; index < 20; index++) {
              const plain = rtcpPacket(0xfedcba98, `c${'n'.repeat(index)}`)
              const packet = inBuffer(plain)
              assert.equal(sender.protectRtcp(packet), SrtpVerdict.ok)
              assert.deepEqual(bytesOf(packet), naive.protectRtcp(plain, index), 'the index counts from 1')
              assert.deepEqual(unprotectRtcp(receiver, naive.protectRtcp(plain, index, index % 2 === 0)), plain)
            }
          }
        })

        test('a long run over two sequence wraps stays in step with the counter', () => {
          const master = masterKey(suite)
          const naive = new NaiveSrtp(master)
          const sender = new SrtpEncryptContext(master, provider)
          const receiver = new SrtpDecryptContext(master, provider)
          const payload = randomBytes(20)
          for (
            let index = 65000;
            index < 2 * 65536 + 300;
            index += index % 65536 > 400 && index % 65536 < 65200 ? 97 : 1
          ) {
            const plain = rtpPacket({ sequence: index % 65536, payload })
            const datagram = protect(sender, plain)
            if (index % 65536 < 2 || index % 65536 === 65535) {
              assert.deepEqual(datagram, naive.protectRtp(plain, Math.floor(index / 65536)), `index ${index}`)
            }
            assert.deepEqual(unprotect(receiver, datagram), plain)
          }
        })

        test('a tampered byte anywhere is refused, and the packet itself still passes', () => {
          const master = masterKey(suite, Buffer.from([7]))
          const datagram = protect(new SrtpEncryptContext(master, provider), rtpPacket({ payload: randomBytes(8) }))
          const receiver = new SrtpDecryptContext(master, provider)
          for (let i = 1; i < datagram.length; i++) {
            const tampered = Buffer.from(datagram)
            tampered[i]! ^= 0x40
            assert.equal(unprotect(receiver, tampered), SrtpVerdict.authenticationFailed, `byte ${i}`)
          }
          assert.equal(typeof unprotect(receiver, datagram), 'object')
        })

        test('a tampered SRTCP byte is refused, the E bit and the index included', () => {
          const master = masterKey(suite)
          const packet = inBuffer(rtcpPacket())
          new SrtpEncryptContext(master, provider).protectRtcp(packet)
          const receiver = new SrtpDecryptContext(master, provider)
          for (let i = 1; i < packet.length; i++) {
            const tampered = bytesOf(packet)
            tampered[i]! ^= 0x80
            assert.equal(unprotectRtcp(receiver, tampered), SrtpVerdict.authenticationFailed, `byte ${i}`)
          }
          assert.equal(typeof unprotectRtcp(receiver, bytesOf(packet)), 'object')
        })

        test('cut packets are malformed or refused, at every length', () => {
          const master = masterKey(suite)
          const datagram = protect(
            new SrtpEncryptContext(master, provider),
            rtpPacket({ contributors: 2, extension: 1 }),
          )
          const receiver = new SrtpDecryptContext(master, provider)
          for (let length = 0; length < datagram.length; length++) {
            const verdict = unprotect(receiver, datagram.subarray(0, length))
            assert.ok(
              verdict === SrtpVerdict.malformed || verdict === SrtpVerdict.authenticationFailed,
              `${length} bytes`,
            )
          }
        })
      })
    }

    describe('a decrypting context', () => {
      const suite = 'AES_CM_128_HMAC_SHA1_80'

      test('refuses a replay, and takes late packets in any order around a wrap', () => {
        const master = masterKey(suite)
        const sender = new SrtpEncryptContext(master, provider)
        const receiver = new SrtpDecryptContext(master, provider)
        const plain = Array.from({ length: 40 }, (_, i) => rtpPacket({ sequence: (65516 + i) % 65536 }))
        const datagrams = plain.map((packet) => protect(sender, packet))
        const order = [0, 19, 21, 18, 20, 25, 17, 39, 22, 24, 23]
        for (const i of order) assert.deepEqual(unprotect(receiver, datagrams[i]!), plain[i], `packet ${i}`)
        for (const i of order) assert.equal(unprotect(receiver, datagrams[i]!), SrtpVerdict.replayed, `packet ${i}`)
      })

      test('lets 128 late packets pass and calls what is a thousand behind too old', () => {
        const master = masterKey(suite)
        const sender = new SrtpEncryptContext(master, provider)
        const receiver = new SrtpDecryptContext(master, provider)
        const datagrams = Array.from({ length: 2000 }, (_, i) => protect(sender, rtpPacket({ sequence: i })))
        assert.equal(typeof unprotect(receiver, datagrams[1999]!), 'object')
        assert.equal(typeof unprotect(receiver, datagrams[1999 - 128]!), 'object')
        assert.equal(unprotect(receiver, datagrams[900]!), SrtpVerdict.tooOld)
      })

      test('keeps the roll-over counter of source A while B speaks and A returns', () => {
        const master = masterKey(suite)
        const naive = new NaiveSrtp(master)
        const receiver = new SrtpDecryptContext(master, provider)
        const plain = (ssrc: number, sequence: number): Buffer => rtpPacket({ ssrc, sequence })
        for (const index of [65500, 65535, 65536, 65600]) {
          const packet = plain(0xa, index % 65536)
          assert.deepEqual(unprotect(receiver, naive.protectRtp(packet, Math.floor(index / 65536))), packet)
        }
        assert.deepEqual(unprotect(receiver, naive.protectRtp(plain(0xb, 40000), 0)), plain(0xb, 40000))
        assert.deepEqual(unprotect(receiver, naive.protectRtp(plain(0xa, 70), 1)), plain(0xa, 70))
      })

      test('forgets the least recent of 16 sources, and never because of a forgery', () => {
        const master = masterKey(suite)
        const naive = new NaiveSrtp(master)
        const forger = new NaiveSrtp(masterKey(suite))
        const receiver = new SrtpDecryptContext(master, provider)
        const packets = Array.from({ length: 16 }, (_, ssrc) => rtpPacket({ ssrc, sequence: 7 }))
        for (const packet of packets) unprotect(receiver, naive.protectRtp(packet))
        for (let ssrc = 100; ssrc < 200; ssrc++) {
          const verdict = unprotect(receiver, forger.protectRtp(rtpPacket({ ssrc, sequence: 7 })))
          assert.equal(verdict, SrtpVerdict.authenticationFailed)
        }
        for (const packet of packets) {
          assert.equal(unprotect(receiver, naive.protectRtp(packet)), SrtpVerdict.replayed, 'still remembered')
        }
        unprotect(receiver, naive.protectRtp(rtpPacket({ ssrc: 16, sequence: 7 })))
        assert.deepEqual(unprotect(receiver, naive.protectRtp(packets[0]!)), packets[0], 'source 0 was displaced')
        assert.equal(unprotect(receiver, naive.protectRtp(packets[15]!)), SrtpVerdict.replayed)
      })

      test('a forgery with a far sequence number does not move the counter', () => {
        const master = masterKey(suite)
        const naive = new NaiveSrtp(master)
        const receiver = new SrtpDecryptContext(master, provider)
        const at = (sequence: number): Buffer => rtpPacket({ sequence })
        unprotect(receiver, naive.protectRtp(at(30000)))
        const forged = naive.protectRtp(at(60000))
        forged[20]! ^= 1
        assert.equal(unprotect(receiver, forged), SrtpVerdict.authenticationFailed)
        assert.deepEqual(unprotect(receiver, naive.protectRtp(at(30001))), at(30001))
      })

      test('RTP and RTCP have replay windows of their own', () => {
        const master = masterKey(suite)
        const naive = new NaiveSrtp(master)
        const receiver = new SrtpDecryptContext(master, provider)
        const srtp = naive.protectRtp(rtpPacket({ sequence: 1 }))
        const srtcp = naive.protectRtcp(rtcpPacket(), 1)
        assert.equal(typeof unprotect(receiver, srtp), 'object')
        assert.equal(typeof unprotectRtcp(receiver, srtcp), 'object')
        assert.equal(unprotect(receiver, srtp), SrtpVerdict.replayed)
        assert.equal(unprotectRtcp(receiver, srtcp), SrtpVerdict.replayed)
      })

      test('a wrong master key identifier is not authentic', () => {
        const master = masterKey(suite, Buffer.from([1]))
        const other = new NaiveSrtp({ ...master, mki: Buffer.from([2]) })
        const receiver = new SrtpDecryptContext(master, provider)
        assert.equal(unprotect(receiver, other.protectRtp(rtpPacket())), SrtpVerdict.authenticationFailed)
        assert.equal(unprotectRtcp(receiver, other.protectRtcp(rtcpPacket(), 1)), SrtpVerdict.authenticationFailed)
      })
    })

    describe('an encrypting context', () => {
      test('never encrypts an index twice, whatever the payload', () => {
        const sender = new SrtpEncryptContext(masterKey('AEAD_AES_128_GCM'), provider)
        protect(sender, rtpPacket({ sequence: 5, payload: Buffer.from('first') }))
        for (const payload of ['first', 'other']) {
          const again = inBuffer(rtpPacket({ sequence: 5, payload: Buffer.from(payload) }))
          assert.equal(sender.protectRtp(again), SrtpVerdict.replayed)
        }
        protect(sender, rtpPacket({ sequence: 3 }))
      })

      test('keeps the counter of a source while another speaks', () => {
        const master = masterKey('AES_CM_128_HMAC_SHA1_80')
        const naive = new NaiveSrtp(master)
        const sender = new SrtpEncryptContext(master, provider)
        for (const sequence of [65534, 65535, 0, 1]) protect(sender, rtpPacket({ ssrc: 1, sequence }))
        protect(sender, rtpPacket({ ssrc: 2, sequence: 9 }))
        const plain = rtpPacket({ ssrc: 1, sequence: 2 })
        assert.deepEqual(protect(sender, plain), naive.protectRtp(plain, 1))
      })

      test('forgets no source, however many come: its indexes would be encrypted again', () => {
        const master = masterKey('AES_CM_128_HMAC_SHA1_80')
        const naive = new NaiveSrtp(master)
        const sender = new SrtpEncryptContext(master, provider)
        for (const sequence of [65534, 65535, 0, 1]) protect(sender, rtpPacket({ ssrc: 1, sequence }))
        const verdicts = Array.from({ length: 2000 }, (_, i) =>
          sender.protectRtp(inBuffer(rtpPacket({ ssrc: 100 + i, sequence: 1 }))),
        )
        const refused = verdicts.indexOf(SrtpVerdict.keyExhausted)
        assert.equal(refused, 255, 'with the first, 256 have room')
        assert.ok(verdicts.slice(0, refused).every((verdict) => verdict === SrtpVerdict.ok))
        assert.ok(verdicts.slice(refused).every((verdict) => verdict === SrtpVerdict.keyExhausted))
        for (const sequence of [65535, 1])
          assert.equal(sender.protectRtp(inBuffer(rtpPacket({ ssrc: 1, sequence }))), SrtpVerdict.replayed)
        const plain = rtpPacket({ ssrc: 1, sequence: 2 })
        assert.deepEqual(protect(sender, plain), naive.protectRtp(plain, 1))
      })

      test('refuses what is no RTP or RTCP packet', () => {
        const sender = new SrtpEncryptContext(masterKey('AES_CM_128_HMAC_SHA1_80'), provider)
        assert.equal(sender.protectRtp(inBuffer(Buffer.alloc(11, 0x80))), SrtpVerdict.malformed)
        assert.equal(sender.protectRtcp(inBuffer(Buffer.alloc(7, 0x80))), SrtpVerdict.malformed)
      })
    })
  })
