import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offeredEncryption } from '../../src/sdp/offered-encryption.ts'
import { phoneDescription, phoneSdp } from '../support/sdp.ts'

const phones: readonly (readonly [string, string])[] = [
  ['none-default-codecs', 'none'],
  ['none', 'none'],
  ['srtp', 'sdes'],
  ['srtp-avpf', 'sdes'],
  ['srtp-mand', 'sdes'],
  ['srtp-mandf', 'sdes'],
  ['dtls', 'dtls-srtp'],
  ['dtls-avpf', 'dtls-srtp'],
  ['dtls-rtcpmux', 'dtls-srtp'],
  ['dtls_srtp', 'dtls-srtp'],
  ['netns-ice-dtls-avpf-bundle-mux', 'dtls-srtp'],
  ['linphone-from-web', 'dtls-srtp'],
  ['baresip-from-web', 'dtls-srtp'],
  ['zrtp', 'zrtp'],
  ['zrtp-avpf', 'zrtp'],
  ['zrtp-bundle', 'zrtp'],
  ['netns-ice-zrtp', 'zrtp'],
  // what RFC 5939 lists is a possibility, not the offer
  ['zrtp-capneg', 'zrtp'],
  ['none-capneg', 'none'],
  // an m-line of port 0 offers nothing
  ['srtp-AEAD_AES_128_GCM', 'none'],
]
for (const [call, mode] of phones) {
  test(`a real phone configured as ${call} offers ${mode}`, () => {
    assert.equal(offeredEncryption(phoneDescription(call)), mode)
  })
}

const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd'
const fingerprint = 'a=fingerprint:sha-256 00:01'
const zrtp = 'a=zrtp-hash:1.10 00'
const cases: readonly (readonly [string, readonly string[], string])[] = [
  ['RTP/AVP', ['m=audio 4000 RTP/AVP 0'], 'none'],
  ['a=crypto in RTP/AVP (RFC 8643)', ['m=audio 4000 RTP/AVP 0', crypto], 'sdes'],
  ['a=crypto of an unknown suite in RTP/AVP', ['m=audio 4000 RTP/AVP 0', 'a=crypto:1 F8_1 inline:A'], 'none'],
  ['RTP/SAVP with no key at all', ['m=audio 4000 RTP/SAVP 0'], 'sdes'],
  ['RTP/SAVPF with a fingerprint, as early browsers had it', ['m=audio 4000 RTP/SAVPF 0', fingerprint], 'dtls-srtp'],
  ['a fingerprint at session level', [fingerprint, 'm=audio 4000 RTP/AVP 0'], 'dtls-srtp'],
  ['UDP/TLS without a fingerprint', ['m=audio 4000 UDP/TLS/RTP/SAVP 0'], 'dtls-srtp'],
  ['SDES and DTLS', ['m=audio 4000 RTP/SAVP 0', crypto, fingerprint], 'dtls-srtp'],
  ['all three', ['m=audio 4000 RTP/SAVP 0', crypto, fingerprint, zrtp], 'zrtp'],
  ['zrtp-hash at session level', [zrtp, 'm=audio 4000 RTP/AVP 0'], 'zrtp'],
  ['the second m-line only', ['m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/SAVP 96', crypto], 'sdes'],
  ['best effort in two m-lines', ['m=audio 4000 RTP/AVP 0', 'm=audio 4000 RTP/SAVP 0', crypto], 'sdes'],
  ['a refused m-line', ['m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/SAVP 96', crypto], 'none'],
  ['a data channel', ['m=audio 4000 RTP/AVP 0', 'm=application 9 UDP/DTLS/SCTP x', fingerprint], 'none'],
  ['no m-line', [], 'none'],
]
for (const [what, lines, mode] of cases) {
  test(`${what}: ${mode}`, () => {
    assert.equal(offeredEncryption(phoneSdp(...lines)), mode)
  })
}
