import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fingerprint } from '../../src/base/fingerprint.ts'
import { LegDescriptions, type LegDescriptionsOptions } from '../../src/sdp/leg-descriptions.ts'
import { type SessionDescription } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneDescription, phoneSdp } from '../support/sdp.ts'

const fingerprint: Fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) }
const local = localPorts(40000)
const clear = phoneSdp('m=audio 4000 RTP/AVP 0')
const credentials = ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv']
const phone = (...lines: readonly string[]): SessionDescription =>
  phoneSdp('m=audio 4000 RTP/AVP 0', ...credentials, ...lines)

function leg(options: Partial<LegDescriptionsOptions> = {}): LegDescriptions {
  return new LegDescriptions({
    mode: 'none',
    suites: [],
    fingerprint,
    ice: { addresses: [] },
    randomBytes: lettersFrom('A'),
    ...options,
  })
}

function answered(one: LegDescriptions, offer: SessionDescription): readonly string[] {
  one.receiveOffer(offer)
  return lines(one.writeAnswer(clear, local))
}

const lines = (body: Buffer): readonly string[] => body.toString('latin1').trimEnd().split('\r\n')
const iceOf = (text: readonly string[]): readonly string[] =>
  text.filter((line) => /^a=(ice-|candidate|end-of-candidates|remote-candidates)/.test(line))
const first = ['a=ice-ufrag:QkJCQkJC', 'a=ice-pwd:Q0NDQ0NDQ0NDQ0NDQ0NDQ0ND']

test('an offer: lite for the session, fresh credentials, a host candidate for each component, and their end', () => {
  assert.deepEqual(iceOf(lines(leg().writeOffer(clear, local))), [
    'a=ice-lite',
    ...first,
    'a=candidate:1 1 udp 2130706431 203.0.113.1 40000 typ host',
    'a=candidate:1 2 udp 2130706430 203.0.113.1 40001 typ host',
    'a=end-of-candidates',
  ])
})

test('addresses of a NAT are candidates before our own, of the same family, and none twice', () => {
  const addresses = ['198.51.100.7', '2001:db8::7', '203.0.113.1']
  assert.deepEqual(iceOf(lines(leg({ ice: { addresses } }).writeOffer(clear, local))).slice(3, -1), [
    'a=candidate:1 1 udp 2130706431 198.51.100.7 40000 typ host',
    'a=candidate:1 2 udp 2130706430 198.51.100.7 40001 typ host',
    'a=candidate:2 1 udp 2130706175 203.0.113.1 40000 typ host',
    'a=candidate:2 2 udp 2130706174 203.0.113.1 40001 typ host',
  ])
  const six = leg({ ice: { addresses } }).writeOffer(clear, localPorts(40000, '2001:db8::1'))
  assert.deepEqual(iceOf(lines(six)).slice(3, -1), [
    'a=candidate:1 1 udp 2130706431 2001:db8::7 40000 typ host',
    'a=candidate:1 2 udp 2130706430 2001:db8::7 40001 typ host',
    'a=candidate:2 1 udp 2130706175 2001:db8::1 40000 typ host',
    'a=candidate:2 2 udp 2130706174 2001:db8::1 40001 typ host',
  ])
})

test('each m-line has credentials of its own, and ice-lite is written once', () => {
  const two = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96')
  const text = lines(leg().writeOffer(two, local))
  assert.equal(text.filter((line) => line === 'a=ice-lite').length, 1)
  assert.ok(text.indexOf('a=ice-lite') < text.findIndex((line) => line.startsWith('m=')))
  assert.equal(new Set(text.filter((line) => line.startsWith('a=ice-pwd'))).size, 2)
})

test('without a source of random bytes the credentials are 8 and 24 ice-chars', () => {
  const one = new LegDescriptions({ mode: 'none', suites: [], ice: { addresses: [] } })
  one.writeOffer(clear, local)
  const { ufrag, pwd } = one.endpoint(0)!.ice!.local
  assert.match(ufrag, /^[A-Za-z0-9+/]{8}$/)
  assert.match(pwd, /^[A-Za-z0-9+/]{24}$/)
})

test('an answer has ICE when the offer had, and with rtcp-mux one component only', () => {
  const one = leg()
  assert.deepEqual(iceOf(answered(one, phone('a=rtcp-mux'))), [
    'a=ice-lite',
    ...first,
    'a=candidate:1 1 udp 2130706431 203.0.113.1 40000 typ host',
    'a=end-of-candidates',
  ])
  assert.deepEqual(one.endpoint(0)?.ice, {
    local: { ufrag: 'QkJCQkJC', pwd: 'Q0NDQ0NDQ0NDQ0NDQ0NDQ0ND' },
    remote: { ufrag: 'abcd', pwd: 'abcdefghijklmnopqrstuv' },
  })
})

const without: readonly (readonly [string, readonly string[]])[] = [
  ['no credentials', []],
  ['no password', ['a=ice-ufrag:abcd']],
  ['no user fragment', ['a=ice-pwd:abcdefghijklmnopqrstuv']],
  ['a password that is too short', ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstu']],
  ['a user fragment with a blank', ['a=ice-ufrag:ab cd', 'a=ice-pwd:abcdefghijklmnopqrstuv']],
  ['candidates only', ['a=candidate:1 1 udp 2130706431 192.0.2.10 4000 typ host']],
]
for (const [what, attributes] of without) {
  test(`an offer with ${what} is answered without a line of ICE, and so is our offer by such an answer`, () => {
    const description = phoneSdp('m=audio 4000 RTP/AVP 0', ...attributes)
    const one = leg()
    assert.deepEqual(iceOf(answered(one, description)), [])
    assert.equal(one.endpoint(0)?.ice, undefined)
    const other = leg()
    other.writeOffer(clear, local)
    other.receiveAnswer(description)
    assert.equal(other.endpoint(0)?.ice, undefined)
    assert.deepEqual(iceOf(lines(other.writeOffer(clear, local))), [], 'nor does a re-offer begin it')
  })
}

test('credentials of the session hold for m-lines that have none', () => {
  const one = leg()
  answered(one, phoneSdp(...credentials, 'm=audio 4000 RTP/AVP 0'))
  assert.equal(one.endpoint(0)?.ice?.remote?.ufrag, 'abcd')
})

test('a peer that is lite too never checks: no ICE, media goes where its description says', () => {
  const one = leg()
  assert.deepEqual(iceOf(answered(one, phoneSdp('a=ice-lite', 'm=audio 4000 RTP/AVP 0', ...credentials))), [])
  assert.equal(one.endpoint(0)?.ice, undefined)
})

test('a leg without ICE answers an offer of it without a line', () => {
  const one = new LegDescriptions({ mode: 'none', suites: [] })
  assert.deepEqual(iceOf(answered(one, phone())), [])
})

test('while our offer is unanswered media knows our credentials only', () => {
  const one = leg()
  one.writeOffer(clear, local)
  assert.deepEqual(one.endpoint(0)?.ice, { local: { ufrag: 'QkJCQkJC', pwd: 'Q0NDQ0NDQ0NDQ0NDQ0NDQ0ND' } })
})

test('credentials stay through re-offers of both sides, and change when the phone restarts', () => {
  const one = leg()
  answered(one, phone())
  assert.deepEqual(iceOf(answered(one, phone('a=sendonly'))).slice(1, 3), first)
  assert.deepEqual(iceOf(lines(one.writeOffer(clear, local))).slice(1, 3), first)
  one.receiveAnswer(phone())
  const restarts = [
    ['a=ice-ufrag:wxyz', 'a=ice-pwd:vutsrqponmlkjihgfedcba'],
    ['a=ice-ufrag:wxyz', 'a=ice-pwd:abcdefghijklmnopqrstuv'],
  ]
  const seen = new Set([first[0]])
  for (const lines of restarts) {
    const [, ufrag] = iceOf(answered(one, phoneSdp('m=audio 4000 RTP/AVP 0', ...lines)))
    assert.ok(!seen.has(ufrag))
    seen.add(ufrag)
    assert.equal(`a=ice-pwd:${one.endpoint(0)!.ice!.remote!.pwd}`, lines[1])
  }
})

test('a restart that fails is undone', () => {
  const one = leg()
  answered(one, phone())
  const before = one.endpoint(0)
  one.receiveOffer(phoneSdp('m=audio 4000 RTP/AVP 0', 'a=ice-ufrag:wxyz', 'a=ice-pwd:vutsrqponmlkjihgfedcba'))
  assert.notDeepEqual(one.endpoint(0), before)
  one.rollback()
  assert.deepEqual(one.endpoint(0), before)
})

test('0.0.0.0 and port 9 with ICE are neither hold nor refusal, and media is told what was written', () => {
  const one = leg()
  const offer = phoneSdp('m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', ...credentials, 'a=rtcp:9 IN IP4 0.0.0.0')
  answered(one, offer)
  assert.deepEqual(one.endpoint(0)?.remote, { address: '0.0.0.0', rtpPort: 9, rtcpPort: 10 })
  assert.equal(one.endpoint(0)?.direction, 'sendrecv')
  answered(one, phoneSdp('m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', ...credentials, 'a=sendonly'))
  assert.equal(one.endpoint(0)?.direction, 'recvonly')
})

test('candidates of every sort, options and remote-candidates are passed over', () => {
  const odd = [
    'a=candidate:1 1 udp 2113937151 0f2dbf8c-2f9d-4a5e-9a8f-0d2f4f6a0a01.local 51234 typ host generation 0 network-cost 999',
    'a=candidate:2 1 tcp 1518280447 192.0.2.10 9 typ host tcptype active',
    'a=candidate:3 1 udp 1 192.0.2.10 4000 typ quantum',
    'a=candidate:rubbish',
    'a=candidate',
    'a=remote-candidates:1 203.0.113.1 40000',
    'a=ice-options:trickle renomination',
    'a=ice-pacing:50',
    'a=ice-mismatch',
  ]
  const text = answered(leg(), phone(...odd))
  assert.deepEqual(iceOf(text).slice(1, 3), first)
  assert.ok(!text.some((line) => line.includes('192.0.2.10') || line.includes('.local') || line.includes('trickle')))
})

const modes = ['none', 'sdes', 'dtls-srtp'] as const
for (const mode of modes) {
  test(`rtcp-mux on a leg of ${mode}: offered where ICE is, where DTLS is, or where the other phone offered it`, () => {
    const suites = ['AES_CM_128_HMAC_SHA1_80'] as const
    const offers = (template: SessionDescription, ice: boolean): boolean => {
      const options = { mode, suites, fingerprint, ...(ice && { ice: { addresses: [] } }) }
      return lines(new LegDescriptions(options).writeOffer(template, local)).includes('a=rtcp-mux')
    }
    assert.equal(offers(clear, false), mode === 'dtls-srtp')
    assert.equal(offers(clear, true), true)
    assert.equal(offers(phoneSdp('m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'), false), true)
  })
}

test('rtcp-mux is accepted whenever it is offered, and never written where it was not', () => {
  const one = leg()
  assert.ok(answered(one, phone('a=rtcp-mux')).includes('a=rtcp-mux'))
  assert.equal(one.endpoint(0)?.rtcpMux, true)
  const other = leg()
  assert.ok(!answered(other, phone()).includes('a=rtcp-mux'))
  assert.equal(other.endpoint(0)?.rtcpMux, false)
  // nor in a later offer: what was agreed stays
  assert.ok(!lines(other.writeOffer(clear, local)).includes('a=rtcp-mux'))
})

test('a phone that answers without rtcp-mux has RTCP on a port of its own', () => {
  const one = leg()
  one.writeOffer(clear, local)
  one.receiveAnswer(phone())
  assert.equal(one.endpoint(0)?.rtcpMux, false)
  assert.deepEqual(one.endpoint(0)?.remote, { address: '192.0.2.10', rtpPort: 4000, rtcpPort: 4001 })
})

test('BUNDLE is declined: every m-line has its own port, bundle-only ones are refused, and no group is written', () => {
  const offer = phoneSdp(
    'a=group:BUNDLE 0 1 2',
    'a=group:LS 0 1',
    'm=audio 4000 RTP/AVP 0',
    'a=mid:0',
    'm=video 4000 RTP/AVP 96',
    'a=mid:1',
    'm=video 0 RTP/AVP 97',
    'a=bundle-only',
    'a=mid:2',
  )
  const one = leg()
  const accepted = one.receiveOffer(offer)
  const other = leg()
  const toB = lines(other.writeOffer(accepted, local))
  const toA = lines(one.writeAnswer(offer, local))
  for (const text of [toB, toA]) {
    assert.deepEqual(
      text.filter((line) => line.startsWith('m=')),
      ['m=audio 40000 RTP/AVP 0', 'm=video 40002 RTP/AVP 96', 'm=video 0 RTP/AVP 97'],
    )
    assert.deepEqual(
      text.filter((line) => /^a=(group|bundle-only|mid)/.test(line)),
      ['a=group:LS 0 1', 'a=mid:0', 'a=mid:1', 'a=mid:2'],
    )
  }
})

for (const call of ['netns-ice-zrtp', 'netns-ice-dtls', 'baresip-from-web', 'baresip-to-web', 'linphone-to-web']) {
  test(`${call}: the ICE of real phones is read in offer and answer`, () => {
    for (const message of ['INVITE', '200']) {
      const { iceCredentials } = phoneDescription(call, message).media[0]!
      assert.ok(iceCredentials !== undefined && iceCredentials.pwd.length >= 22)
    }
  })
}

test('an answer names m-lines as the offer of its own leg did, and re-offers keep the names (RFC 5888 §9.1)', () => {
  const mids = (body: Buffer): readonly string[] => lines(body).filter((line) => line.startsWith('a=mid:'))
  const audio = 'm=audio 4000 RTP/AVP 0'
  const video = 'm=video 4002 RTP/AVP 96'
  const one = leg()
  one.receiveOffer(phoneSdp(audio, 'a=mid:0', video, 'a=mid:1', 'm=application 9 UDP/DTLS/SCTP x', 'a=mid:2'))
  // the other phone knows no names, or others
  assert.deepEqual(mids(one.writeAnswer(phoneSdp(audio, 'm=video 0 RTP/AVP 96'), local)), [
    'a=mid:0',
    'a=mid:1',
    'a=mid:2',
  ])
  assert.deepEqual(mids(one.writeAnswer(phoneSdp(audio, 'a=mid:x', video), local)), ['a=mid:0', 'a=mid:1', 'a=mid:2'])
  assert.deepEqual(mids(one.writeOffer(phoneSdp(audio, 'a=mid:as', video), local)), ['a=mid:0', 'a=mid:1', 'a=mid:2'])
  const other = leg()
  other.receiveOffer(clear)
  assert.deepEqual(mids(other.writeAnswer(phoneSdp(audio, 'a=mid:0'), local)), [], 'nobody asked for a name')
})
