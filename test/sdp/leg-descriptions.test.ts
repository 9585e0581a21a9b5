import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CryptoSuite } from '../../src/base/encryption.ts'
import { LegDescriptions, type LegDescriptionsOptions } from '../../src/sdp/leg-descriptions.ts'
import { parseSdp } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneSdp } from '../support/sdp.ts'

const suites: readonly CryptoSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_80']
const inline = (length: number, first = 0): string =>
  `inline:${Buffer.from(Array.from({ length }, (_, index) => index + first)).toString('base64')}`
const crypto = (tag: number, suite: CryptoSuite, first = 0): string =>
  `a=crypto:${tag} ${suite} ${inline({ AES_CM: 30, AES_25: 46, AEAD_A: 28, AES_19: 38 }[suite.slice(0, 6)]!, first)}`
const aes80 = crypto(1, 'AES_CM_128_HMAC_SHA1_80')

const clear = phoneSdp('m=audio 4000 RTP/AVP 0')
const secured = phoneSdp('m=audio 4000 RTP/SAVP 0', aes80)
const local = localPorts(40000)

function leg(mode: LegDescriptionsOptions['mode'], options: Partial<LegDescriptionsOptions> = {}): LegDescriptions {
  return new LegDescriptions({ mode, suites, randomBytes: lettersFrom('A'), ...options })
}

/** A leg on which this server has offered `clear` and got an answer. */
function called(mode: 'none' | 'sdes', answer = mode === 'none' ? clear : secured): LegDescriptions {
  const one = leg(mode)
  one.writeOffer(clear, local)
  one.receiveAnswer(answer)
  return one
}

/** A leg whose phone has offered, and was answered. */
function calling(offer = secured): LegDescriptions {
  const one = leg(offer.media[0]!.crypto.length > 0 ? 'sdes' : 'none')
  one.receiveOffer(offer)
  one.writeAnswer(clear, local)
  return one
}

const lines = (body: Buffer): readonly string[] => body.toString('latin1').trimEnd().split('\r\n')
const origin = (body: Buffer): string => lines(body)[1]!
const version = (body: Buffer): string => origin(body).split(' ')[2]!

test('a mode that is not negotiated here is refused at once', () => {
  for (const mode of ['zrtp', 'dtls-srtp'] as const) {
    assert.throws(() => leg(mode), { code: 'SDP_MODE_UNAVAILABLE', status: 488 })
  }
})

test('without a source of random bytes the keys are of the process: no two alike', () => {
  const keys = [1, 2, 3].map(() => {
    const one = new LegDescriptions({ mode: 'sdes', suites })
    return parseSdp(one.writeOffer(clear, local)).media[0]!.crypto.map(
      (line) => line.usable && line.key.key.toString('hex'),
    )
  })
  assert.equal(new Set(keys.flat()).size, 6)
})

test('an answer without an offer is a fault of the caller', () => {
  assert.throws(() => leg('none').writeAnswer(clear, local), { code: 'SDP_OUT_OF_ORDER', status: 500 })
  assert.throws(() => leg('none').receiveAnswer(clear), { code: 'SDP_OUT_OF_ORDER' })
  const offered = leg('none')
  offered.writeOffer(clear, local)
  assert.throws(() => offered.writeAnswer(clear, local), { code: 'SDP_OUT_OF_ORDER' })
})

test('an SDES leg without any suite to offer says so', () => {
  assert.throws(() => leg('sdes', { suites: [] }).writeOffer(clear, local), { code: 'SDES_UNUSABLE', status: 488 })
})

test('the user of the o= line can be given', () => {
  assert.match(
    origin(leg('none', { username: 'b2bua' }).writeOffer(clear, local)),
    /^o=b2bua \d+ 1 IN IP4 203\.0\.113\.1$/,
  )
})

test('media is told where the phone is, which keys hold, and what was said of the direction', () => {
  const one = calling()
  const endpoint = one.endpoint(0)
  assert.ok(endpoint?.protection.mode === 'sdes')
  assert.deepEqual(endpoint.remote, { address: '192.0.2.10', rtpPort: 4000, rtcpPort: 4001 })
  assert.deepEqual([endpoint.rtcpMux, endpoint.direction], [false, 'sendrecv'])
  assert.deepEqual(endpoint.protection.send.key, Buffer.alloc(16, 'B'))
  assert.deepEqual(endpoint.protection.send.salt, Buffer.alloc(14, 'C'))
  assert.equal(endpoint.protection.receive?.key.toString('hex'), '000102030405060708090a0b0c0d0e0f')
  assert.equal(one.endpoint(1), undefined)
  assert.deepEqual(called('none').endpoint(0)?.protection, { mode: 'none' })
})

test("the MKI of the phone's key reaches media, ours has none", () => {
  const one = calling(phoneSdp('m=audio 4000 RTP/SAVP 0', `${aes80}|2^20|5:4`))
  const protection = one.endpoint(0)?.protection
  assert.ok(protection?.mode === 'sdes')
  assert.equal(protection.receive?.mki?.toString('hex'), '00000005')
  assert.equal(protection.send.mki, undefined)
})

test('before the answer media knows our key but neither phone nor its key', () => {
  const one = leg('sdes')
  one.writeOffer(clear, local)
  const endpoint = one.endpoint(0)
  assert.ok(endpoint?.protection.mode === 'sdes')
  assert.equal(endpoint.remote, undefined)
  assert.equal(endpoint.protection.receive, undefined)
})

const rtcp: readonly (readonly [string, number])[] = [
  ['a=x', 4001],
  ['a=rtcp:4777', 4777],
  ['a=rtcp:4777 IN IP4 192.0.2.10', 4777],
  ['a=rtcp:9 IN IP4 0.0.0.0', 4001],
  ['a=rtcp:0', 4001],
]
for (const [attribute, port] of rtcp) {
  test(`RTCP goes to ${port} when the phone at 4000 writes ${attribute}`, () => {
    const one = called('none', phoneSdp('m=audio 4000 RTP/AVP 0', attribute))
    assert.equal(one.endpoint(0)?.remote?.rtcpPort, port)
  })
}

test('the last port of all is shared by RTCP rather than exceeded', () => {
  assert.equal(called('none', phoneSdp('m=audio 65535 RTP/AVP 0')).endpoint(0)?.remote?.rtcpPort, 65535)
})

test('a=rtcp is written only when the RTCP port is not the next one', () => {
  const written = (rtcpPort: number): readonly string[] =>
    lines(leg('none').writeOffer(clear, [{ address: '203.0.113.1', rtpPort: 40000, rtcpPort }])).slice(5)
  assert.deepEqual(written(40001), ['m=audio 40000 RTP/AVP 0'])
  assert.deepEqual(written(40007), ['m=audio 40000 RTP/AVP 0', 'a=rtcp:40007'])
})

test('an m-line on another address has a c= line of its own, and o= stays as it was', () => {
  const two = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
  const ports = [local[0], { address: '2001:db8::1', rtpPort: 40002, rtcpPort: 40003 }]
  const one = leg('none')
  assert.deepEqual(lines(one.writeOffer(two, ports)), [
    'v=0',
    'o=- 1094795585 1 IN IP4 203.0.113.1',
    's=-',
    'c=IN IP4 203.0.113.1',
    't=0 0',
    'm=audio 40000 RTP/AVP 0',
    'm=video 40002 RTP/AVP 96',
    'c=IN IP6 2001:db8::1',
  ])
  assert.equal(origin(one.writeOffer(two, [undefined, ports[1]])), 'o=- 1094795585 2 IN IP4 203.0.113.1')
})

test('an m-line without ports here is offered, or answered, with port 0', () => {
  const two = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
  const one = leg('none')
  assert.ok(lines(one.writeOffer(two, [local[0]])).includes('m=video 0 RTP/AVP 96'))
  const other = leg('none')
  other.receiveOffer(two)
  assert.ok(lines(other.writeAnswer(two, [undefined, local[1]])).includes('m=audio 0 RTP/AVP 0'))
  assert.equal(other.endpoint(0), undefined)
  assert.ok(other.endpoint(1))
})

test('an offer never has fewer m-lines than the one before', () => {
  const one = leg('none')
  const two = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
  one.writeOffer(two, local)
  one.receiveAnswer(two)
  assert.deepEqual(lines(one.writeOffer(clear, local)).slice(5), ['m=audio 40000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'])
})

test('an answer has as many m-lines as the offer, whatever the other phone answered', () => {
  const one = leg('none')
  one.receiveOffer(phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96'))
  assert.deepEqual(lines(one.writeAnswer(clear, local)).slice(5), ['m=audio 40000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'])
})

const badAnswers: readonly (readonly [string, 'none' | 'sdes', readonly string[], string])[] = [
  ['too few m-lines', 'none', [], 'SDP_MEDIA_LINES_DIFFER'],
  ['too many m-lines', 'none', ['m=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/AVP 0'], 'SDP_MEDIA_LINES_DIFFER'],
  ['another kind', 'none', ['m=video 4000 RTP/AVP 0'], 'SDP_MEDIA_LINES_DIFFER'],
  ['no profile of RTP', 'none', ['m=audio 4000 udptl t38'], 'SDP_PROFILE_UNUSABLE'],
  ['RTP/SAVP to RTP/AVP', 'none', ['m=audio 4000 RTP/SAVP 0', aes80], 'SDP_PROFILE_UNUSABLE'],
  ['DTLS to RTP/AVP', 'none', ['m=audio 4000 UDP/TLS/RTP/SAVP 0'], 'SDP_PROFILE_UNUSABLE'],
  ['DTLS to SDES', 'sdes', ['m=audio 4000 UDP/TLS/RTP/SAVP 0', aes80], 'SDP_PROFILE_UNUSABLE'],
  ['RTP/AVP to SDES', 'sdes', ['m=audio 4000 RTP/AVP 0'], 'SDES_MISSING'],
  ['RTP/SAVP without a key', 'sdes', ['m=audio 4000 RTP/SAVP 0'], 'SDES_MISSING'],
  ['tag 0', 'sdes', ['m=audio 4000 RTP/SAVP 0', crypto(0, 'AES_CM_128_HMAC_SHA1_80')], 'SDES_TAG_NOT_OFFERED'],
  ['tag 3 of 2', 'sdes', ['m=audio 4000 RTP/SAVP 0', crypto(3, 'AES_CM_128_HMAC_SHA1_80')], 'SDES_TAG_NOT_OFFERED'],
  [
    'a suite under a wrong tag',
    'sdes',
    ['m=audio 4000 RTP/SAVP 0', crypto(1, 'AES_256_CM_HMAC_SHA1_80')],
    'SDES_SUITE_NOT_OFFERED',
  ],
  [
    'an unknown suite',
    'sdes',
    ['m=audio 4000 RTP/SAVP 0', `a=crypto:1 F8_128_HMAC_SHA1_80 ${inline(30)}`],
    'SDES_UNUSABLE',
  ],
  [
    'a short key',
    'sdes',
    ['m=audio 4000 RTP/SAVP 0', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline(29)}`],
    'SDES_KEY_UNUSABLE',
  ],
  [
    'the key of another suite',
    'sdes',
    ['m=audio 4000 RTP/SAVP 0', `a=crypto:2 AES_256_CM_HMAC_SHA1_80 ${inline(30)}`],
    'SDES_KEY_UNUSABLE',
  ],
  [
    'a key in clear of authentication',
    'sdes',
    ['m=audio 4000 RTP/SAVP 0', `${aes80} UNAUTHENTICATED_SRTP`],
    'SDES_PARAMETER_UNSUPPORTED',
  ],
  ['a line without a tag', 'sdes', ['m=audio 4000 RTP/SAVP 0', 'a=crypto:AES_CM_128_HMAC_SHA1_80'], 'SDES_UNUSABLE'],
]
for (const [what, mode, answer, code] of badAnswers) {
  test(`an answer with ${what} is refused (${code}), and a good one may still follow`, () => {
    const one = leg(mode)
    one.writeOffer(clear, local)
    assert.throws(() => one.receiveAnswer(phoneSdp(...answer)), { code, status: 488 })
    one.receiveAnswer(mode === 'none' ? clear : secured)
    assert.ok(one.endpoint(0)?.remote)
  })
}

test('RTP/AVP with the right key in answer to RTP/SAVP is SDES all the same', () => {
  const one = called('sdes', phoneSdp('m=audio 4000 RTP/AVP 0', aes80))
  assert.equal(one.endpoint(0)?.protection.mode, 'sdes')
})

test('the suite of the answer decides which of the offered keys is used', () => {
  const one = called('sdes', phoneSdp('m=audio 4000 RTP/SAVP 0', crypto(2, 'AES_256_CM_HMAC_SHA1_80')))
  const protection = one.endpoint(0)?.protection
  assert.ok(protection?.mode === 'sdes')
  assert.deepEqual(protection.send.key, Buffer.alloc(32, 'D'))
  assert.equal(protection.receive?.suite, 'AES_256_CM_HMAC_SHA1_80')
})

test('the first line of an offer that can be used is answered, in any of the eight suites', () => {
  const all = [
    'AES_192_CM_HMAC_SHA1_32',
    'AES_192_CM_HMAC_SHA1_80',
    'AES_256_CM_HMAC_SHA1_32',
    'AEAD_AES_128_GCM',
  ] as const
  for (const suite of all) {
    const one = calling(phoneSdp('m=audio 4000 RTP/SAVP 0', crypto(7, suite), crypto(9, 'AES_CM_128_HMAC_SHA1_80')))
    const protection = one.endpoint(0)?.protection
    assert.ok(protection?.mode === 'sdes')
    assert.deepEqual([protection.send.suite, protection.receive?.suite], [suite, suite])
  }
})

test("where this server's list was offered first, a re-offer cannot leave it", () => {
  const one = called('sdes')
  const offer = (suite: CryptoSuite) => phoneSdp('m=audio 4000 RTP/SAVP 0', crypto(1, suite))
  assert.throws(() => one.receiveOffer(offer('AES_CM_128_HMAC_SHA1_32')), {
    code: 'SDES_UNUSABLE',
    message: 'm-line 1 (audio): no usable a=crypto: tag 1: AES_CM_128_HMAC_SHA1_32 is not allowed here',
  })
  assert.ok(one.receiveOffer(offer('AES_256_CM_HMAC_SHA1_80')))
})

test('where the phone offered first, it may change to any suite later', () => {
  const one = calling()
  one.receiveOffer(phoneSdp('m=audio 4000 RTP/SAVP 0', crypto(1, 'AEAD_AES_128_GCM')))
  assert.ok(lines(one.writeAnswer(clear, local)).some((line) => line.startsWith('a=crypto:1 AEAD_AES_128_GCM ')))
})

test('our key is the very same object before and after hold, so that media keeps its roll-over counter', () => {
  const one = calling()
  const sendKey = () => {
    const protection = one.endpoint(0)?.protection
    return protection?.mode === 'sdes' ? protection.send : undefined
  }
  const first = sendKey()
  for (const direction of ['sendonly', 'inactive', 'sendrecv']) {
    one.receiveOffer(phoneSdp('m=audio 4000 RTP/SAVP 0', aes80, `a=${direction}`))
    one.writeAnswer(clear, local)
    assert.equal(sendKey(), first)
    one.writeOffer(clear, local)
    one.receiveAnswer(secured)
    assert.equal(sendKey(), first)
  }
  assert.ok(first)
})

test("a phone's new key in a re-offer replaces the old one", () => {
  const one = calling()
  one.receiveOffer(phoneSdp('m=audio 4000 RTP/SAVP 0', crypto(1, 'AES_CM_128_HMAC_SHA1_80', 100)))
  one.writeAnswer(clear, local)
  const protection = one.endpoint(0)?.protection
  assert.ok(protection?.mode === 'sdes')
  assert.equal(protection.receive?.key[0], 100)
})

test('a failed re-offer leaves keys, ports, directions and the version as they were', () => {
  const one = called('sdes')
  const before = one.endpoint(0)
  const held = phoneSdp('m=audio 4000 RTP/AVP 0', 'a=sendonly', 'm=video 4002 RTP/AVP 96')
  assert.equal(version(one.writeOffer(held, local)), '2')
  assert.ok(one.endpoint(1))
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
  assert.equal(one.endpoint(1), undefined)
  assert.equal(version(one.writeOffer(held, local)), '3', 'the same again, with other keys for the video')
  one.rollback()
  one.receiveOffer(phoneSdp('m=audio 6000 RTP/SAVP 0', crypto(1, 'AES_CM_128_HMAC_SHA1_80', 50), 'a=inactive'))
  assert.equal(one.endpoint(0)?.remote?.rtpPort, 6000)
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
})

test('a description that failed is never confused with a later, different one', () => {
  const one = called('none')
  const versions = ['sendonly', 'inactive', 'recvonly'].map((direction) => {
    const body = one.writeOffer(phoneSdp('m=audio 4000 RTP/AVP 0', `a=${direction}`), local)
    one.rollback()
    return version(body)
  })
  assert.deepEqual(versions, ['2', '3', '4'])
  assert.equal(version(one.writeOffer(clear, local)), '1', 'what was agreed on')
})

test('rollback with nothing under way changes nothing', () => {
  const one = called('sdes')
  const before = one.endpoint(0)
  one.rollback()
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
  leg('none').rollback()
})

test('an answer can be written again for the same offer, with the same version while it is the same', () => {
  const one = leg('none')
  one.receiveOffer(clear)
  assert.equal(version(one.writeAnswer(clear, local)), '1')
  assert.equal(version(one.writeAnswer(clear, local)), '1')
  assert.equal(version(one.writeAnswer(phoneSdp('m=audio 4000 RTP/AVP 0', 'a=inactive'), local)), '2')
})

test('what the leg refuses is marked in what it returns, and only there', () => {
  const offer = phoneSdp('m=audio 4000 RTP/SAVP 0', aes80, 'm=audio 4002 RTP/AVP 0', 'm=image 4004 udptl t38')
  assert.deepEqual(
    leg('sdes')
      .receiveOffer(offer)
      .media.map(({ relayable }) => relayable),
    [true, false, false],
  )
  assert.deepEqual(
    offer.media.map(({ relayable }) => relayable),
    [true, true, false],
  )
  assert.equal(leg('none').receiveOffer(clear), clear)
})

test('a phone that revives an m-line which was offered with port 0 is not heard', () => {
  const one = leg('none')
  one.writeOffer(phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'), local)
  const answer = one.receiveAnswer(phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96'))
  assert.deepEqual(
    answer.media.map(({ relayable }) => relayable),
    [true, false],
  )
  assert.equal(one.endpoint(1), undefined)
})

test('an m-line may be ended and taken up again, alone or all of them', () => {
  const one = calling(clear)
  one.receiveOffer(phoneSdp('m=audio 0 RTP/AVP 0'))
  assert.ok(lines(one.writeAnswer(phoneSdp('m=audio 0 RTP/AVP 0'), local)).includes('m=audio 0 RTP/AVP 0'))
  assert.equal(one.endpoint(0), undefined)
  one.receiveOffer(clear)
  one.writeAnswer(clear, local)
  assert.ok(one.endpoint(0))
})

const downgrades: readonly (readonly [string, readonly string[], string])[] = [
  ['RTP/AVP without a key', ['m=audio 4000 RTP/AVP 0'], 'SDES_DOWNGRADE'],
  ['RTP/SAVP without a key', ['m=audio 4000 RTP/SAVP 0'], 'SDES_DOWNGRADE'],
  [
    'a key that is too short',
    ['m=audio 4000 RTP/SAVP 0', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline(16)}`],
    'SDES_UNUSABLE',
  ],
  ['DTLS', ['m=audio 4000 UDP/TLS/RTP/SAVP 0', 'a=fingerprint:sha-256 00'], 'SDP_PROFILE_UNUSABLE'],
  [
    'RTP/AVP beside a second, secured m-line',
    ['m=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/SAVP 0', aes80],
    'SDES_DOWNGRADE',
  ],
]
for (const [what, offer, code] of downgrades) {
  test(`a re-offer of an SDES stream as ${what} is refused, and nothing changes`, () => {
    const one = calling()
    const before = one.endpoint(0)
    assert.throws(() => one.receiveOffer(phoneSdp(...offer)), { code, status: 488 })
    assert.deepEqual(one.endpoint(0), before)
  })
}

test('an SDES leg that is re-offered in clear is never answered in clear, nor by another m-line', () => {
  const one = calling()
  assert.throws(() => one.receiveOffer(clear))
  one.rollback()
  assert.match(one.writeOffer(clear, local).toString(), /m=audio 40000 RTP\/SAVP 0\r\na=crypto:1 /)
})

test('a phone with SDES in RTP/AVP is re-offered the same profile', () => {
  const one = calling(phoneSdp('m=audio 4000 RTP/AVP 0', aes80))
  const offer = one.writeOffer(phoneSdp('m=audio 4000 RTP/AVP 0', 'a=sendonly'), local).toString()
  assert.match(offer, /m=audio 40000 RTP\/AVP 0\r\n/)
  assert.match(offer, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 /)
})

test('a profile written in small letters is answered as it was written', () => {
  const one = leg('none')
  one.receiveOffer(phoneSdp('m=audio 4000 rtp/avp 0'))
  assert.ok(lines(one.writeAnswer(clear, local)).includes('m=audio 40000 rtp/avp 0'))
})

test('offers without anything that could be relayed are refused', () => {
  const nothing = { code: 'SDP_NO_USABLE_MEDIA', status: 488 }
  assert.throws(() => leg('none').receiveOffer(phoneSdp()), nothing)
  assert.throws(() => leg('none').receiveOffer(phoneSdp('m=audio 0 RTP/AVP 0')), nothing)
  assert.throws(() => leg('none').receiveOffer(phoneSdp('m=application 9 UDP/BFCP *')), nothing)
})
