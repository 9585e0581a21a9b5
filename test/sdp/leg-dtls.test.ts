import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EndpointDescription } from '../../src/base/endpoint-description.ts'
import { type Fingerprint } from '../../src/base/fingerprint.ts'
import { LegDescriptions, type LegDescriptionsOptions } from '../../src/sdp/leg-descriptions.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneDescription, phoneSdp } from '../support/sdp.ts'

const own: Fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) }
const local = localPorts(40000)
const clear = phoneSdp('m=audio 4000 RTP/AVP 0')
const mLine = 'm=audio 4000 UDP/TLS/RTP/SAVP 0'
const print = (byte: number): string => `a=fingerprint:sha-256 ${Array(32).fill(hex(byte)).join(':')}`
const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
const phone = (...lines: readonly string[]): SessionDescription => phoneSdp(mLine, print(1), ...lines)

function leg(options: Partial<LegDescriptionsOptions> = {}): LegDescriptions {
  return new LegDescriptions({
    mode: 'dtls-srtp',
    suites: [],
    fingerprint: own,
    randomBytes: lettersFrom('A'),
    ...options,
  })
}

/** A leg on which this server has offered, and `answer` came. */
function called(answer = phone('a=setup:active')): LegDescriptions {
  const one = leg()
  one.writeOffer(clear, local)
  one.receiveAnswer(answer)
  return one
}

/** A leg whose phone has offered, and was answered. */
function calling(offer = phone('a=setup:actpass')): LegDescriptions {
  const one = leg()
  answered(one, offer)
  return one
}

/** Takes an offer of the phone; the text of the answer. */
function answered(one: LegDescriptions, offer: SessionDescription): readonly string[] {
  one.receiveOffer(offer)
  return lines(one.writeAnswer(clear, local))
}

const lines = (body: Buffer): readonly string[] => body.toString('latin1').trimEnd().split('\r\n')
const setupOf = (text: readonly string[]): string | undefined => text.find((line) => line.startsWith('a=setup:'))

function dtlsOf(one: LegDescriptions, index = 0): Extract<EndpointDescription['protection'], { mode: 'dtls-srtp' }> {
  const protection = one.endpoint(index)?.protection
  assert.ok(protection?.mode === 'dtls-srtp')
  return protection
}

test('the mode needs a certificate', () => {
  assert.throws(() => new LegDescriptions({ mode: 'dtls-srtp', suites: [] }), { code: 'SDP_MODE_UNAVAILABLE' })
})

test('an offer: profile, either role, the fingerprint, a tls-id of 20 characters and more, rtcp-mux', () => {
  assert.deepEqual(lines(leg().writeOffer(clear, local)).slice(5), [
    'm=audio 40000 UDP/TLS/RTP/SAVP 0',
    'a=rtcp-mux',
    'a=setup:actpass',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=tls-id:42424242424242424242424242424242',
  ])
})

test('while an offer is unanswered media knows the association, but neither role nor certificate', () => {
  const one = leg()
  one.writeOffer(clear, local)
  assert.deepEqual(one.endpoint(0), {
    rtcpMux: false,
    direction: 'sendrecv',
    protection: { mode: 'dtls-srtp', association: '42424242424242424242424242424242/1', fingerprints: [] },
  })
})

test('the feedback of the other leg decides the F of the profile', () => {
  const text = lines(leg().writeOffer(phoneSdp('m=video 4000 RTP/SAVPF 96'), local))
  assert.ok(text.includes('m=video 40000 UDP/TLS/RTP/SAVPF 96'))
})

const offers: readonly (readonly [string | undefined, string, 'client' | 'server'])[] = [
  ['actpass', 'active', 'client'],
  ['active', 'passive', 'server'],
  ['passive', 'active', 'client'],
  ['ActPass', 'active', 'client'],
  [undefined, 'active', 'client'],
]
for (const [setup, answer, role] of offers) {
  test(`an offer with ${setup === undefined ? 'no a=setup' : `a=setup:${setup}`} is answered ${answer}: we are ${role}`, () => {
    const one = leg()
    const text = answered(one, setup === undefined ? phone() : phone(`a=setup:${setup}`))
    assert.equal(setupOf(text), `a=setup:${answer}`)
    assert.equal(dtlsOf(one).role, role)
  })
}

const answers: readonly (readonly [string | undefined, 'client' | 'server'])[] = [
  ['active', 'server'],
  ['passive', 'client'],
  ['PASSIVE', 'client'],
  // RFC 4145 §4.1 has no default for answers: phones that forget it speak first
  [undefined, 'server'],
  ['actpass', 'server'],
]
for (const [setup, role] of answers) {
  test(`an answer with ${setup === undefined ? 'no a=setup' : `a=setup:${setup}`} makes us ${role}`, () => {
    assert.equal(dtlsOf(called(setup === undefined ? phone() : phone(`a=setup:${setup}`))).role, role)
  })
}

for (const setup of ['holdconn', 'hasta la vista', '']) {
  test(`a=setup:${setup} leaves nobody to begin: refused, and the m-line is named`, () => {
    const expected = { code: 'DTLS_SETUP_UNUSABLE', status: 488, message: /^m-line 1 \(audio\): a=setup:/ }
    assert.throws(() => leg().receiveOffer(phone(`a=setup:${setup}`)), expected)
    assert.throws(() => called(phone(`a=setup:${setup}`)), expected)
  })
}

const bad: readonly (readonly [string, readonly string[]])[] = [
  ['none', []],
  ['one that is cut off', ['a=fingerprint:sha-256 01:02:03']],
  ['one of md5', [`a=fingerprint:md5 ${Array(16).fill('01').join(':')}`]],
  ['one of a hash that nobody knows', [`a=fingerprint:sha-3 ${Array(32).fill('01').join(':')}`]],
  ['one without colons', [`a=fingerprint:sha-256 ${'01'.repeat(32)}`]],
  ['one that is not hexadecimal', [`a=fingerprint:sha-256 ${Array(32).fill('0G').join(':')}`]],
  ['one without a value', ['a=fingerprint']],
]
for (const [what, attributes] of bad) {
  test(`a fingerprint is needed, and ${what} is refused, in offer and answer`, () => {
    const expected = {
      code: 'DTLS_FINGERPRINT_MISSING',
      status: 488,
      message: 'm-line 1 (audio): no a=fingerprint that can be read',
    }
    assert.throws(() => leg().receiveOffer(phoneSdp(mLine, ...attributes)), expected)
    assert.throws(() => called(phoneSdp(mLine, ...attributes)), expected)
  })
}

test('a malformed fingerprint of the m-line is not made good by one of the session', () => {
  assert.throws(() => leg().receiveOffer(phoneSdp(print(1), mLine, 'a=fingerprint:sha-256 01')), {
    code: 'DTLS_FINGERPRINT_MISSING',
  })
})

test('fingerprints of the m-line hold before those of the session', () => {
  const one = calling(phoneSdp(print(1), mLine, print(2), 'm=video 4002 UDP/TLS/RTP/SAVP 96'))
  assert.equal(dtlsOf(one).fingerprints[0]!.digest[0], 2)
  const two = leg()
  two.receiveOffer(phoneSdp(print(1), mLine, print(2), 'm=video 4002 UDP/TLS/RTP/SAVP 96'))
  assert.equal(dtlsOf(two, 1).fingerprints[0]!.digest[0], 1)
})

test('several fingerprints of any hash and letter case are read', () => {
  const lengths = { 'SHA-1': 20, 'sha-224': 28, 'Sha-256': 32, 'sha-384': 48, 'SHA-512': 64 }
  const all = Object.entries(lengths).map(([hash, size]) => `a=fingerprint:${hash} ${Array(size).fill('aB').join(':')}`)
  const one = calling(phoneSdp(mLine, ...all, `a=fingerprint:md5 ${Array(16).fill('01').join(':')}`))
  assert.deepEqual(
    dtlsOf(one).fingerprints.map(({ hash, digest }) => [hash, digest.length, digest[0]]),
    [
      ['sha-1', 20, 0xab],
      ['sha-224', 28, 0xab],
      ['sha-256', 32, 0xab],
      ['sha-384', 48, 0xab],
      ['sha-512', 64, 0xab],
    ],
  )
})

const kept: readonly (readonly [string, SessionDescription])[] = [
  ['the same again', phone('a=setup:actpass')],
  ['the role it has', phone('a=setup:passive')],
  ['no a=setup', phone()],
  ['hold by direction', phone('a=setup:actpass', 'a=sendonly')],
  ['hold by address', phone('a=setup:actpass', 'c=IN IP4 0.0.0.0')],
  ['a second fingerprint beside the first', phone(print(2), 'a=setup:actpass')],
  ['the fingerprint in capitals', phoneSdp(mLine, print(1).toUpperCase().replace('A=FINGERPRINT', 'a=fingerprint'))],
  ['a tls-id where there was none', phone('a=setup:actpass', 'a=tls-id:abcdefghijklmnopqrst')],
]
for (const [what, offer] of kept) {
  test(`a re-offer with ${what} keeps association, tls-id and role`, () => {
    const one = calling()
    const { association, role } = dtlsOf(one)
    const text = answered(one, offer)
    assert.deepEqual([dtlsOf(one).association, dtlsOf(one).role], [association, role])
    assert.ok(text.includes('a=tls-id:42424242424242424242424242424242'))
    assert.equal(setupOf(text), 'a=setup:active')
  })
}

const anew: readonly (readonly [string, SessionDescription, string])[] = [
  ['another fingerprint', phoneSdp(mLine, print(9), 'a=setup:actpass'), 'client'],
  ['another port', phoneSdp('m=audio 4444 UDP/TLS/RTP/SAVP 0', print(1), 'a=setup:actpass'), 'client'],
  ['another address', phone('c=IN IP4 192.0.2.99', 'a=setup:actpass'), 'client'],
  ['a role that contradicts', phone('a=setup:active'), 'server'],
]
for (const [what, offer, role] of anew) {
  test(`a re-offer with ${what} begins a new association, with a new tls-id`, () => {
    const one = calling()
    const before = dtlsOf(one)
    const text = answered(one, offer)
    const after = dtlsOf(one)
    assert.notEqual(after.association.split('/')[0], before.association.split('/')[0])
    assert.equal(after.role, role)
    assert.ok(text.includes(`a=tls-id:${after.association.split('/')[0]!}`))
  })
}

test('another tls-id of the phone begins a new association', () => {
  const one = calling(phone('a=tls-id:first-one-of-the-phone'))
  const { association } = dtlsOf(one)
  answered(one, phone('a=tls-id:first-one-of-the-phone'))
  assert.equal(dtlsOf(one).association, association)
  answered(one, phone('a=sendonly'))
  answered(one, phone('a=tls-id:other-one-of-the-phone'))
  assert.notEqual(dtlsOf(one).association, association)
})

test('a phone that comes back from hold by address at another place has another transport', () => {
  const one = calling()
  const { association } = dtlsOf(one)
  answered(one, phone('c=IN IP4 0.0.0.0'))
  assert.equal(dtlsOf(one).association, association)
  answered(one, phone('c=IN IP4 192.0.2.99'))
  assert.notEqual(dtlsOf(one).association, association)
})

const ice = ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv']
test('with ICE another address or other credentials are no other transport, without it they are', () => {
  const moved = phoneSdp('m=audio 4444 UDP/TLS/RTP/SAVP 0', print(1), 'a=ice-ufrag:wxyz', ice[1]!)
  const one = leg({ ice: { addresses: [] } })
  answered(one, phone(...ice))
  const { association } = dtlsOf(one)
  answered(one, moved)
  assert.equal(dtlsOf(one).association, association)
  const without = calling(phone(...ice))
  const before = dtlsOf(without).association
  answered(without, moved)
  assert.notEqual(dtlsOf(without).association, before)
})

test('our re-offer says actpass with the same tls-id, and its answer keeps association and role', () => {
  const one = calling()
  const before = dtlsOf(one)
  const text = lines(one.writeOffer(clear, local))
  assert.equal(setupOf(text), 'a=setup:actpass')
  assert.ok(text.includes('a=tls-id:42424242424242424242424242424242'))
  // even where the phone takes the wrong role (rtpengine#2156)
  for (const setup of ['passive', 'active', 'actpass']) {
    one.writeOffer(clear, local)
    one.receiveAnswer(phone(`a=setup:${setup}`))
    assert.deepEqual([dtlsOf(one).association, dtlsOf(one).role], [before.association, before.role])
  }
})

test('an answer to our re-offer with another fingerprint begins a new association under the same tls-id', () => {
  const one = called()
  const [tlsId] = dtlsOf(one).association.split('/')
  one.writeOffer(clear, local)
  one.receiveAnswer(phoneSdp(mLine, print(9), 'a=setup:passive'))
  assert.deepEqual([dtlsOf(one).association, dtlsOf(one).role], [`${tlsId!}/2`, 'client'])
  assert.equal(dtlsOf(one).fingerprints[0]!.digest[0], 9)
})

test('each fork that answers has its association, and one that answers again has its own again', () => {
  const one = leg()
  one.writeOffer(clear, local)
  const answer = (byte: number, setup = 'active'): readonly unknown[] => {
    one.receiveAnswer(phoneSdp(mLine, print(byte), `a=setup:${setup}`))
    const { association, role, fingerprints } = dtlsOf(one)
    return [association.split('/')[1], role, fingerprints[0]!.digest[0]]
  }
  assert.deepEqual(answer(1), ['1', 'server', 1])
  assert.deepEqual(answer(1), ['1', 'server', 1])
  assert.deepEqual(answer(2, 'passive'), ['2', 'client', 2])
  assert.deepEqual(answer(3), ['3', 'server', 3])
  assert.deepEqual(answer(1), ['1', 'server', 1])
  assert.deepEqual(answer(2, 'passive'), ['2', 'client', 2])
  // the next exchange begins with the one that has answered last, and no number comes again
  one.writeOffer(clear, local)
  assert.deepEqual(answer(2, 'passive'), ['2', 'client', 2])
  assert.deepEqual(answer(1), ['4', 'server', 1])
})

const downgrades: readonly (readonly [string, readonly string[], string])[] = [
  ['RTP/AVP', ['m=audio 4000 RTP/AVP 0'], 'DTLS_DOWNGRADE'],
  ['UDP/TLS/RTP/SAVP without a fingerprint', [mLine], 'DTLS_DOWNGRADE'],
  ['a fingerprint that cannot be read', [mLine, 'a=fingerprint:sha-256 00'], 'DTLS_FINGERPRINT_MISSING'],
  ['RTP/AVP beside a second, secured m-line', ['m=audio 4000 RTP/AVP 0', mLine, print(1)], 'DTLS_DOWNGRADE'],
]
for (const [what, offer, code] of downgrades) {
  test(`a re-offer of a DTLS-SRTP stream as ${what} is refused, and nothing changes`, () => {
    const one = calling()
    const before = one.endpoint(0)
    assert.throws(() => one.receiveOffer(phoneSdp(...offer)), { code, status: 488 })
    one.rollback()
    assert.deepEqual(one.endpoint(0), before)
  })
}

test('an answer in clear or in SDES to our offer is refused', () => {
  for (const profile of ['RTP/AVP', 'RTP/SAVP']) {
    assert.throws(() => called(phoneSdp(`m=audio 4000 ${profile} 0`, print(1))), { code: 'SDP_PROFILE_UNUSABLE' })
  }
})

test('a failed re-offer, of either side, goes back to the association that was agreed', () => {
  const one = calling()
  const before = one.endpoint(0)
  one.receiveOffer(phoneSdp(mLine, print(9)))
  assert.notEqual(
    dtlsOf(one).association,
    before && 'association' in before.protection && before.protection.association,
  )
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
  one.writeOffer(phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96'), local)
  assert.ok(one.endpoint(1))
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
  assert.equal(one.endpoint(1), undefined)
})

test('a fingerprint in RTP/AVPF is DTLS-SRTP too, answered and re-offered in RTP/AVPF (RFC 8643)', () => {
  const offer = phoneSdp('m=audio 4000 RTP/AVPF 0', print(1), 'a=setup:actpass')
  const one = leg()
  const text = answered(one, offer)
  assert.ok(text.includes('m=audio 40000 RTP/AVPF 0'))
  assert.equal(setupOf(text), 'a=setup:active')
  assert.equal(dtlsOf(one).role, 'client')
  const again = lines(one.writeOffer(phoneSdp('m=audio 4000 RTP/AVPF 0'), local))
  assert.ok(again.includes('m=audio 40000 RTP/AVPF 0'))
  assert.equal(setupOf(again), 'a=setup:actpass')
})

test('each m-line has an association of its own, and one that is added later leaves the first as it is', () => {
  const one = calling()
  const before = dtlsOf(one)
  const video = ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(1), 'a=setup:actpass']
  one.receiveOffer(phoneSdp(mLine, print(1), ...video))
  one.writeAnswer(phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96'), local)
  assert.equal(dtlsOf(one).association, before.association)
  const second = dtlsOf(one, 1)
  assert.notEqual(second.association, before.association)
})

for (const [what, video, goesOn] of [
  ['as it was, by a phone that says no tls-id: goes on', ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(1)], true],
  [
    'with a tls-id: begins anew',
    ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(1), 'a=tls-id:0123456789abcdef0123'],
    false,
  ],
  ['at another port: begins anew', ['m=video 4012 UDP/TLS/RTP/SAVP 96', print(1)], false],
  ['with another certificate: begins anew', ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(2)], false],
] as const) {
  test(`a stream that was removed and is there again, ${what}`, () => {
    const clear = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
    const without = phoneSdp(mLine, print(1), 'm=video 0 UDP/TLS/RTP/SAVP 96')
    const first = ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(1)]
    const offered = (one: LegDescriptions, media: readonly string[]): string => {
      one.receiveOffer(phoneSdp(mLine, print(1), ...media))
      one.writeAnswer(clear, local)
      return dtlsOf(one, 1).association
    }
    const answering = calling()
    const before = offered(answering, first)
    answered(answering, without)
    assert.equal(answering.endpoint(1), undefined)
    assert.equal(offered(answering, video) === before, goesOn, 'in the phone’s offer')

    const calls = calling()
    const earlier = offered(calls, first)
    answered(calls, without)
    const text = lines(calls.writeOffer(clear, local))
    calls.receiveAnswer(phoneSdp(mLine, print(1), ...video, 'a=setup:active'))
    assert.equal(dtlsOf(calls, 1).association === earlier, goesOn, 'in the phone’s answer')
    assert.ok(!text.includes(`a=tls-id:${earlier.split('/')[0]}`), 'who knows tls-id begins anew')
  })
}

test('a stream that ended is remembered, and no more than that, however often it is offered again and refused', () => {
  const clear = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
  const video = ['m=video 4002 UDP/TLS/RTP/SAVP 96', print(1)]
  const without = phoneSdp(mLine, print(1), 'm=video 0 UDP/TLS/RTP/SAVP 96')
  const one = calling()
  one.receiveOffer(phoneSdp(mLine, print(1), ...video))
  one.writeAnswer(clear, local)
  const before = dtlsOf(one, 1).association
  answered(one, without)
  for (let time = 0; time < 3; time++) {
    one.writeOffer(clear, local)
    one.receiveAnswer(without)
  }
  one.writeOffer(clear, local)
  one.receiveAnswer(phoneSdp(mLine, print(1), ...video, 'a=setup:active'))
  assert.equal(dtlsOf(one, 1).association, before)
})

test('a clear or SDES m-line beside a DTLS-SRTP one is refused on its own', () => {
  const offer = phoneSdp(mLine, print(1), 'm=video 4002 RTP/AVP 96', 'm=video 4004 RTP/SAVP 96')
  assert.deepEqual(
    leg()
      .receiveOffer(offer)
      .media.map(({ relayable }) => relayable),
    [true, false, false],
  )
})

for (const call of ['dtls', 'dtls-avpf', 'dtls-rtcpmux', 'dtls_srtp', 'dtls-avpf-b2l', 'baresip-from-web']) {
  test(`${call}: what real phones offer and answer is agreed on both ways`, () => {
    const offer = phoneDescription(call)
    const one = leg()
    const text = answered(one, offer)
    assert.equal(setupOf(text), 'a=setup:active')
    assert.ok(text.some((line) => line.startsWith(`m=audio 40000 ${offer.media[0]!.protocol} `)))
    const other = leg()
    other.writeOffer(offer, local)
    other.receiveAnswer(phoneDescription(call, '200'))
    assert.deepEqual([dtlsOf(one).role, dtlsOf(other).role], ['client', 'server'])
    assert.equal(dtlsOf(other).fingerprints.length, 1)
    assert.equal(one.endpoint(0)?.rtcpMux, offer.media[0]!.rtcpMux)
  })
}

test('what we write is read again as DTLS-SRTP', () => {
  const [media] = parseSdp(leg().writeOffer(clear, local)).media
  assert.deepEqual(media!.fingerprints, [own])
  assert.equal(media!.setup, 'actpass')
  assert.match(media!.tlsId!, /^[A-Za-z0-9+/\-_]{20,255}$/)
})
