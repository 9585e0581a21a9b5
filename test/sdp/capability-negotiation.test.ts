import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EncryptionMode } from '../../src/base/encryption.ts'
import { type Fingerprint } from '../../src/base/fingerprint.ts'
import { chooseConfiguration } from '../../src/sdp/capability-negotiation.ts'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { offeredEncryption } from '../../src/sdp/offered-encryption.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'
import { localPorts, phoneDescription, phoneDescriptions, phoneSdp } from '../support/sdp.ts'

const fingerprint: Fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) }
const aes128 = 'crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd'
const print = `fingerprint:sha-256 ${Array(32).fill('01').join(':')}`
const zrtp = 'zrtp-hash:1.10 00'
const only =
  (...modes: readonly EncryptionMode[]) =>
  (mode: EncryptionMode): boolean =>
    modes.includes(mode)

/** Answers as the leg does that the offer asks for. */
function answer(offer: SessionDescription): readonly string[] {
  const leg = new LegDescriptions({ mode: offeredEncryption(offer), suites: [], fingerprint })
  leg.receiveOffer(offer)
  const clear = offer.media.map(({ kind }) => `m=${kind} 4000 RTP/AVP 0`)
  const text = leg.writeAnswer(phoneSdp(...clear), localPorts(40000)).toString('latin1')
  return text.trimEnd().split('\r\n')
}

/** What is chosen: the mode, the profile of each m-line, `-` for a refused one, and their a=acfg. */
function chosen(offer: SessionDescription, isUsable?: (mode: EncryptionMode) => boolean): readonly unknown[] {
  const result = chooseConfiguration(offer, isUsable)
  return [
    offeredEncryption(result),
    ...result.media.map(({ relayable, protocol, acfg }) => {
      if (!relayable) return '-'
      return acfg === undefined ? protocol : `${protocol} ${acfg}`
    }),
  ]
}

const linphones: readonly (readonly [string, readonly EncryptionMode[], readonly unknown[]])[] = [
  ['none-capneg', ['none', 'sdes', 'dtls-srtp'], ['dtls-srtp', 'UDP/TLS/RTP/SAVP 2 a=5,6,7 t=2']],
  ['none-capneg', ['none', 'sdes'], ['sdes', 'RTP/SAVP 1 a=1 t=1']],
  ['none-capneg', ['none', 'sdes', 'dtls-srtp', 'zrtp'], ['zrtp', 'RTP/AVP 3 a=8 t=3']],
  ['none-capneg', ['none'], ['none', 'RTP/AVP']],
  // a later offer on a leg in SDES or in clear stays in its mode
  ['none-capneg', ['sdes'], ['sdes', 'RTP/SAVP 1 a=1 t=1']],
  ['zrtp-capneg', ['none', 'sdes', 'dtls-srtp'], ['dtls-srtp', 'UDP/TLS/RTP/SAVP 2 a=5,6,7 t=2']],
  ['zrtp-capneg', ['none', 'sdes', 'dtls-srtp', 'zrtp'], ['zrtp', 'RTP/AVP']],
  // clear media is what has no key, never what is left of ZRTP
  ['zrtp-capneg', ['none'], ['zrtp', 'RTP/AVP']],
]
for (const [call, modes, expected] of linphones) {
  test(`linphone as ${call} where ${modes.join(', ')} can be had: ${expected.join(', ')}`, () => {
    assert.deepEqual(chosen(phoneDescription(call), only(...modes)), expected)
  })
}

test('without being told all but ZRTP is taken for usable', () => {
  assert.equal(offeredEncryption(chooseConfiguration(phoneDescription('zrtp-capneg'))), 'dtls-srtp')
})

test('the answer says which configuration it takes, in its profile and with its keys', () => {
  const sdes = answer(chooseConfiguration(phoneDescription('none-capneg'), only('sdes')))
  assert.deepEqual(
    sdes.slice(5).map((line) => line.replace(/inline:.*/, 'inline:…')),
    ['m=audio 40000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…', 'a=acfg:1 a=1 t=1'],
  )
  const dtls = answer(chooseConfiguration(phoneDescription('none-capneg')))
  assert.ok(dtls.includes('m=audio 40000 UDP/TLS/RTP/SAVP 0'))
  assert.ok(dtls.includes('a=setup:active'))
  assert.ok(dtls.includes('a=acfg:2 a=5,6,7 t=2'))
})

test('neither a=acfg nor any capability is written into offers, nor after the next exchange', () => {
  const leg = new LegDescriptions({ mode: 'sdes', suites: ['AES_CM_128_HMAC_SHA1_80'] })
  const other = new LegDescriptions({ mode: 'none', suites: [] })
  const accepted = leg.receiveOffer(chooseConfiguration(phoneDescription('none-capneg'), only('sdes')))
  const clear = phoneSdp('m=audio 4000 RTP/AVP 0')
  const capabilities = /a=(acfg|pcfg|acap|tcap|creq|csup)/
  assert.doesNotMatch(other.writeOffer(accepted, localPorts(50000)).toString(), capabilities)
  assert.match(leg.writeAnswer(clear, localPorts(40000)).toString(), /a=acfg:1 a=1 t=1\r\n/)
  assert.doesNotMatch(leg.writeOffer(clear, localPorts(40000)).toString(), capabilities)
  leg.rollback()
  // linphone says by a second INVITE what was agreed (RFC 5939 §3.6.3)
  leg.receiveOffer(chooseConfiguration(phoneSdp('m=audio 4000 RTP/SAVP 0', `a=${aes128}`), only('sdes')))
  assert.doesNotMatch(leg.writeAnswer(clear, localPorts(40000)).toString(), capabilities)
})

test('offers without a choice come back as they are', () => {
  for (const { body } of phoneDescriptions()) {
    if (body.includes('a=pcfg')) continue
    const offer = parseSdp(body)
    assert.equal(chooseConfiguration(offer), offer)
  }
})

const clearLine = 'm=audio 4000 RTP/AVP 0'
const cases: readonly (readonly [string, readonly string[], readonly unknown[]])[] = [
  [
    'capabilities of the m-line',
    [clearLine, 'a=tcap:1 RTP/SAVP', `a=acap:1 ${aes128}`, 'a=pcfg:1 t=1 a=1'],
    ['sdes', 'RTP/SAVP 1 a=1 t=1'],
  ],
  [
    'capabilities of the session, where keys hold for every m-line',
    ['a=tcap:7 UDP/TLS/RTP/SAVP', `a=acap:9 ${print}`, clearLine, 'a=pcfg:3 a=9 t=7'],
    ['dtls-srtp', 'UDP/TLS/RTP/SAVP 3 a=9 t=7'],
  ],
  [
    'a list of transports counts on',
    ['a=tcap:1 RTP/SAVPF RTP/SAVP UDP/TLS/RTP/SAVP', clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1 t=2'],
    ['sdes', 'RTP/SAVP 1 a=1 t=2'],
  ],
  [
    'no transport: OSRTP in the profile of the m-line',
    [clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1'],
    ['sdes', 'RTP/AVP 1 a=1'],
  ],
  [
    'no attributes: those that are there',
    [clearLine, `a=${aes128}`, 'a=tcap:1 RTP/SAVP', 'a=pcfg:1 t=1'],
    ['sdes', 'RTP/AVP'], // no stronger than what the m-line offers itself
  ],
  [
    'of two that are alike the one with the lower number',
    [clearLine, `a=acap:1 ${aes128}`, 'a=tcap:1 RTP/SAVP RTP/SAVPF', 'a=pcfg:2 a=1 t=1', 'a=pcfg:1 a=1 t=2'],
    ['sdes', 'RTP/SAVPF 1 a=1 t=2'],
  ],
  [
    'alternatives of which the first cannot be used',
    [
      clearLine,
      'a=tcap:1 RTP/SAVP',
      'a=acap:1 crypto:1 F8_128_HMAC_SHA1_80 inline:AA==',
      `a=acap:2 ${aes128.replace(':1', ':2')}`,
      'a=pcfg:1 a=1|2 t=1',
    ],
    ['sdes', 'RTP/SAVP 1 a=2 t=1'],
  ],
  [
    'transports of which the first is not known here',
    [clearLine, 'a=tcap:1 TCP/RTP/SAVP RTP/SAVP', `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1 t=1|2'],
    ['sdes', 'RTP/SAVP 1 a=1 t=2'],
  ],
  [
    'an optional attribute that is there, and one that is not',
    [clearLine, 'a=tcap:1 RTP/SAVP', `a=acap:1 ${aes128}`, 'a=acap:2 ptime:30', 'a=pcfg:1 a=1,[2,3] t=1'],
    ['sdes', 'RTP/SAVP 1 a=1,[2,3] t=1'],
  ],
  [
    'only optional attributes',
    [clearLine, 'a=tcap:1 RTP/SAVP', `a=acap:1 ${aes128}`, 'a=pcfg:1 a=[1] t=1'],
    ['sdes', 'RTP/SAVP 1 a=[1] t=1'],
  ],
  [
    'attributes of the m-line deleted',
    [clearLine, `a=${zrtp}`, 'a=tcap:1 RTP/SAVP', `a=acap:1 ${aes128}`, 'a=pcfg:1 a=-m:1 t=1'],
    ['sdes', 'RTP/SAVP 1 a=-m:1 t=1'],
  ],
  [
    'attributes of both deleted, and none added: clear where ZRTP is not to be had',
    [`a=${print.replace('01', '0')}`, clearLine, `a=${zrtp}`, 'a=pcfg:1 a=-ms'],
    ['none', 'RTP/AVP 1 a=-ms'],
  ],
  ['an attribute that is nowhere', [clearLine, 'a=tcap:1 RTP/SAVP', 'a=pcfg:1 a=1 t=1'], ['none', 'RTP/AVP']],
  ['a transport that is nowhere', [clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1 t=1'], ['none', 'RTP/AVP']],
  [
    'an extension that must be understood',
    [clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 +m=1 a=1', 'a=pcfg:2 a=1'],
    ['sdes', 'RTP/AVP 2 a=1'],
  ],
  ['another extension', [clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 m=1 a=1'], ['sdes', 'RTP/AVP 1 a=1']],
  [
    'extensions required of the session',
    ['a=creq:cap-v0,med-v0', clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1'],
    ['none', 'RTP/AVP'],
  ],
  [
    'extensions required of the m-line',
    [clearLine, 'a=creq:med-v0', `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1'],
    ['none', 'RTP/AVP'],
  ],
  [
    'RFC 5939 itself required',
    ['a=creq:cap-v0', clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1'],
    ['sdes', 'RTP/AVP 1 a=1'],
  ],
  ['a fingerprint that cannot be read', [clearLine, 'a=acap:1 fingerprint:x', 'a=pcfg:1 a=1'], ['none', 'RTP/AVP']],
  [
    'an m-line with port 0',
    [clearLine, 'm=video 0 RTP/AVP 96', `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1'],
    ['none', 'RTP/AVP', '-'],
  ],
  [
    'each m-line for itself',
    [clearLine, `a=acap:1 ${aes128}`, 'a=pcfg:1 a=1', 'm=video 4002 RTP/AVP 96', `a=${aes128}`],
    ['sdes', 'RTP/AVP 1 a=1', 'RTP/AVP'],
  ],
]
for (const [what, lines, expected] of cases) {
  test(`${what}: ${expected.join(', ')}`, () => assert.deepEqual(chosen(phoneSdp(...lines)), expected))
}

const unreadable = [
  '',
  '0 a=1',
  'x a=1',
  '1 a=1 a=1',
  '1 t=1 t=1',
  '1 a',
  '1 a=1,',
  '1 a=,1',
  '1 a=1||1',
  '1 a=[1',
  '1 a=-x:1',
]
for (const line of [...unreadable, '1 t=', '1 t=1,1', '1 a=[1],1', '1 a=1[1]', '1 a=-m1']) {
  test(`a=pcfg:${line} cannot be read, and is passed over`, () => {
    const offer = phoneSdp(clearLine, `a=acap:1 ${aes128}`, 'a=tcap:1 RTP/SAVP', `a=pcfg:${line}`)
    assert.equal(chooseConfiguration(offer), offer)
  })
}

test('more alternatives than anybody lists are not all looked at', () => {
  const pad = Array.from({ length: 70 }, (_, index) => `a=pcfg:${index + 1} a=2`)
  const offer = phoneSdp(clearLine, `a=acap:1 ${aes128}`, 'a=acap:2 x', ...pad, 'a=pcfg:99 a=1')
  assert.deepEqual(chosen(offer), ['none', 'RTP/AVP'])
})

test('keys of a mode that is not to be had do not hide those of one that is', () => {
  const offer = phoneSdp('m=audio 4000 RTP/SAVP 0', `a=${zrtp}`, `a=${print}`, `a=${aes128}`)
  assert.equal(offeredEncryption(offer), 'zrtp')
  assert.deepEqual(chosen(offer), ['dtls-srtp', 'RTP/SAVP'])
  assert.deepEqual(chosen(offer, only('none', 'sdes')), ['sdes', 'RTP/SAVP'])
  assert.deepEqual(chosen(offer, only('none')), ['zrtp', 'RTP/SAVP'], 'but never make it clear')
})

const dtlsLine = 'm=audio 4000 UDP/TLS/RTP/SAVP 0'
const pairs: readonly (readonly [string, readonly string[], readonly unknown[]])[] = [
  ['RTP/SAVP and RTP/AVP', ['m=audio 4000 RTP/SAVP 0', `a=${aes128}`, clearLine], ['sdes', 'RTP/SAVP', '-']],
  ['RTP/AVP and RTP/SAVP', [clearLine, 'm=audio 4000 RTP/SAVP 0', `a=${aes128}`], ['sdes', '-', 'RTP/SAVP']],
  [
    'DTLS-SRTP, SDES and clear, with a fingerprint of the session',
    [`a=${print}`, dtlsLine, 'm=audio 4000 RTP/SAVP 0', `a=${aes128}`, clearLine],
    ['dtls-srtp', 'UDP/TLS/RTP/SAVP', '-', '-'],
  ],
  [
    'a secured one whose keys cannot be used',
    ['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 F8_1 inline:A', clearLine],
    ['none', '-', 'RTP/AVP'],
  ],
  [
    'a secured one with a usable key that OSRTP has too',
    [clearLine, `a=${aes128}`, 'm=audio 4000 RTP/SAVP 0', `a=${aes128}`],
    ['sdes', '-', 'RTP/SAVP'],
  ],
  [
    'two secured videos',
    ['m=video 4000 RTP/SAVP 96', `a=${aes128}`, 'm=video 4002 RTP/SAVP 96', `a=${aes128}`],
    ['sdes', 'RTP/SAVP', 'RTP/SAVP'],
  ],
  ['two clear videos', ['m=video 4000 RTP/AVP 96', 'm=video 4002 RTP/AVPF 96'], ['none', 'RTP/AVP', 'RTP/AVPF']],
  [
    'another kind',
    ['m=audio 4000 RTP/SAVP 0', `a=${aes128}`, 'm=video 4002 RTP/AVP 96'],
    ['sdes', 'RTP/SAVP', 'RTP/AVP'],
  ],
]
for (const [what, lines, expected] of pairs) {
  test(`one stream offered twice, ${what}: ${expected.join(', ')}`, () => {
    assert.deepEqual(chosen(phoneSdp(...lines)), expected)
  })
}

test('a leg in clear takes the clear one of two', () => {
  const offer = phoneSdp('m=audio 4000 RTP/SAVP 0', `a=${aes128}`, clearLine)
  assert.deepEqual(chosen(offer, only('none')), ['none', '-', 'RTP/AVP'])
})
