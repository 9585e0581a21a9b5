import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { LegSecurity } from '../../src/media/leg-security.ts'
import { OpenSslCipherProvider } from '../../src/media/srtp/openssl-cipher-provider.ts'
import { portableCipherProvider } from '../../src/media/srtp/portable-cipher-provider.ts'
import { SrtpVerdict } from '../../src/media/srtp/srtp-verdict.ts'
import { inBuffer, masterKey, rtcpPacket, rtpPacket } from '../support/media/packets.ts'

const protection = (): Protection & { mode: 'sdes' } => ({
  mode: 'sdes',
  send: masterKey('AES_CM_128_HMAC_SHA1_80'),
  receive: masterKey('AES_CM_128_HMAC_SHA1_32'),
})

describe('the contexts of a leg', () => {
  test('stay for the same key, copied or not, one direction at a time', () => {
    const security = new LegSecurity(portableCipherProvider)
    const first = protection()
    security.apply(first)
    const { encrypt, decrypt } = security.rtp
    const copy = { ...first.send, key: Buffer.from(first.send.key), salt: Buffer.from(first.send.salt) }
    security.apply({ ...first, send: copy, receive: masterKey('AES_CM_128_HMAC_SHA1_32') })
    assert.equal(security.rtp.encrypt, encrypt)
    assert.notEqual(security.rtp.decrypt, decrypt)
  })

  test('are others for another suite, key, salt or identifier', () => {
    const security = new LegSecurity(portableCipherProvider)
    const first = protection()
    security.apply(first)
    const { encrypt } = security.rtp
    const { send } = first
    for (const other of [
      { ...send, suite: 'AES_CM_128_HMAC_SHA1_32' as const },
      { ...send, key: Buffer.alloc(16) },
      { ...send, salt: Buffer.alloc(14) },
      { ...send, mki: Buffer.from([1]) },
    ]) {
      security.apply({ mode: 'sdes', send: other })
      assert.notEqual(security.rtp.encrypt, encrypt)
    }
  })

  test('come back when the key does, also after a time in clear: its keystream must not begin anew', () => {
    const security = new LegSecurity(portableCipherProvider)
    const first = protection()
    security.apply(first)
    const { encrypt, decrypt } = security.rtp
    security.apply(protection())
    security.apply({ mode: 'none' })
    assert.deepEqual([security.secured, security.rtp.encrypt, security.rtp.decrypt], [false, undefined, undefined])
    security.apply(first)
    assert.equal(security.secured, true)
    assert.equal(security.rtp.encrypt, encrypt)
    assert.equal(security.rtp.decrypt, decrypt)
  })

  test('that are half known are secured already', () => {
    const security = new LegSecurity(portableCipherProvider)
    security.apply({ mode: 'sdes', send: masterKey('AEAD_AES_256_GCM') })
    assert.equal(security.secured, true)
    assert.equal(security.rtp.decrypt, undefined)
  })

  test('are given back with the leg, and none is made later', () => {
    const provider = new OpenSslCipherProvider()
    const security = new LegSecurity(provider)
    for (let i = 0; i < 4; i++) {
      security.apply(protection())
      security.rtp.encrypt!.protectRtp(inBuffer(rtpPacket()))
    }
    security.close()
    security.close()
    assert.deepEqual(provider.contexts, { made: 8, freed: 8 }, 'of the keys that packets have needed')
    const { send, receive } = protection()
    security.install(security.rtp, send, receive)
    assert.deepEqual([security.rtp.encrypt, security.rtp.decrypt, provider.contexts.made], [undefined, undefined, 8])
  })

  test('are given back with the oldest keys, but never one that is in use', () => {
    const provider = new OpenSslCipherProvider()
    const security = new LegSecurity(provider)
    security.apply(protection())
    const { encrypt, decrypt } = security.rtp
    // RTCP is re-keyed by handshakes of its own, RTP is not
    for (let i = 0; i < 100; i++) {
      const { send, receive } = protection()
      security.install(security.rtcp, send, receive)
      const { made, freed } = provider.contexts
      assert.ok(made - freed <= 2 * 2 * 6, `${made - freed} contexts after ${i} keys`)
      const packet = inBuffer(rtpPacket({ sequence: i }))
      assert.equal(encrypt!.protectRtp(packet), SrtpVerdict.ok)
      assert.equal(decrypt!.unprotectRtp(packet), SrtpVerdict.authenticationFailed)
      const rtcp = inBuffer(rtcpPacket())
      assert.equal(security.rtcp.encrypt!.protectRtcp(rtcp), SrtpVerdict.ok)
      assert.equal(security.rtcp.decrypt!.unprotectRtcp(rtcp), SrtpVerdict.authenticationFailed)
    }
    security.close()
    assert.deepEqual(provider.contexts, { made: 404, freed: 404 })
  })
})
