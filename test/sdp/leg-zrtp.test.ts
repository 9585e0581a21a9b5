import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { parseSdp } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneSdp } from '../support/sdp.ts'

const options = {
  mode: 'zrtp',
  suites: [],
  zrtp: {
    hash: (seed: Buffer) => `1.10 ${seed.toString('hex')}`,
    party: 'sip:bob@example.org',
    clear: 'never',
    opportunistic: false,
  },
} as const
const hash = (letter: string): string => `a=zrtp-hash:1.10 ${Buffer.alloc(32, letter).toString('hex')}`
const audio = (...lines: string[]): string[] => ['m=audio 7078 RTP/AVPF 0', ...lines]

function protection(leg: LegDescriptions, index = 0): Protection & { mode: 'zrtp' } {
  const { protection } = leg.endpoint(index)!
  assert.equal(protection.mode, 'zrtp')
  return protection
}

/** An offer that is accepted and answered. */
function exchange(leg: LegDescriptions, ...lines: string[]): string {
  const accepted = leg.receiveOffer(phoneSdp(...lines))
  return leg.writeAnswer(accepted, localPorts(40000)).toString('latin1')
}

describe('a leg of ZRTP', () => {
  test('is answered in the profile of its offer, with the hash of its own Hello, and expects the phone’s', () => {
    const leg = new LegDescriptions({ ...options, randomBytes: lettersFrom('A') })
    const answer = exchange(leg, ...audio(hash('z')))
    assert.match(answer, /^m=audio 40000 RTP\/AVPF 0\r$/m)
    const { seed, peerHash, party, association } = protection(leg)
    assert.ok(answer.includes(`a=zrtp-hash:1.10 ${seed.toString('hex')}\r\n`))
    assert.deepEqual(peerHash, Buffer.alloc(32, 'z'))
    assert.equal(party, 'sip:bob@example.org')
    assert.ok(!answer.includes(association.split('/')[0]!), 'the session’s name is never written')
  })

  test('offers RTP/AVP with a hash for each stream; the streams share a session', () => {
    const leg = new LegDescriptions(options)
    const template = phoneSdp('m=audio 7078 RTP/SAVPF 0', 'm=video 7080 RTP/SAVPF 96')
    const offer = leg.writeOffer(template, localPorts(50000)).toString('latin1')
    assert.match(offer, /^m=audio 50000 RTP\/AVPF 0\r$/m)
    assert.equal(offer.match(/^a=zrtp-hash:1\.10 [0-9a-f]{64}\r$/gm)?.length, 2)
    leg.receiveAnswer(phoneSdp('m=audio 5000 RTP/AVPF 0', hash('x'), 'm=video 5002 RTP/AVPF 96'))
    const [first, second] = [protection(leg, 0), protection(leg, 1)]
    assert.equal(first.association, second.association)
    assert.ok(!first.seed.equals(second.seed))
    assert.deepEqual(first.peerHash, Buffer.alloc(32, 'x'))
    assert.equal(second.peerHash, undefined, 'a phone need not say it')
  })

  test('keeps its keys through hold and a stream that is added, which joins the session', () => {
    const leg = new LegDescriptions(options)
    exchange(leg, ...audio(hash('z')))
    const before = protection(leg)
    exchange(leg, ...audio(hash('z'), 'a=sendonly'))
    exchange(leg, 'm=audio 7078 RTP/AVPF 0', 'c=IN IP4 0.0.0.0', hash('z'))
    exchange(leg, ...audio(hash('z')), 'm=video 7080 RTP/AVPF 96', hash('y'))
    assert.deepEqual(protection(leg), before)
    assert.equal(protection(leg, 1).association, before.association)
  })

  const video = (letter: string): string[] => ['m=video 7080 RTP/AVPF 96', hash(letter)]
  const noVideo = 'm=video 0 RTP/AVPF 96'

  test('a stream that ends and is there again goes on, as the phone’s Hello does', () => {
    const leg = new LegDescriptions(options)
    exchange(leg, ...audio(hash('z')), ...video('y'))
    const before = protection(leg, 1)
    exchange(leg, ...audio(hash('z')), noVideo)
    assert.equal(leg.endpoint(1), undefined)
    exchange(leg, ...audio(hash('z')), ...video('y'))
    assert.deepEqual(protection(leg, 1), before)
    exchange(leg, ...audio(hash('z')), noVideo)
    const offer = leg.writeOffer(phoneSdp(...audio(), 'm=video 7080 RTP/AVPF 96'), localPorts(50000)).toString('latin1')
    assert.ok(offer.includes(`a=zrtp-hash:1.10 ${before.seed.toString('hex')}\r\n`), 'what it says of itself stays')
    leg.receiveAnswer(phoneSdp(...audio(hash('z')), ...video('y')))
    assert.deepEqual(protection(leg, 1), before)
  })

  test('a stream that is there again with another Hello of the phone begins anew, in the same session', () => {
    const leg = new LegDescriptions(options)
    exchange(leg, ...audio(hash('z')), ...video('y'))
    const before = protection(leg, 1)
    exchange(leg, ...audio(hash('z')), noVideo)
    exchange(leg, ...audio(hash('z')), ...video('x'))
    const second = protection(leg, 1)
    assert.equal(second.association, before.association)
    assert.ok(!second.seed.equals(before.seed))
    exchange(leg, ...audio(hash('z')), noVideo)
    leg.writeOffer(phoneSdp(...audio(), 'm=video 7080 RTP/AVPF 96'), localPorts(50000))
    leg.receiveAnswer(phoneSdp(...audio(hash('z')), ...video('w')))
    const { association, seed, peerHash } = protection(leg, 1)
    assert.equal(association, before.association)
    assert.deepEqual(seed, second.seed, 'it is the one that was offered')
    assert.deepEqual(peerHash, Buffer.alloc(32, 'w'))
  })

  for (const [what, lines] of [
    ['another Hello', ['m=audio 7078 RTP/AVPF 0', hash('w')]],
    ['another address', ['m=audio 7078 RTP/AVPF 0', 'c=IN IP4 192.0.2.99', hash('z')]],
  ] as const)
    test(`${what} of the phone begins a new session, with another Hello of this server`, () => {
      const leg = new LegDescriptions(options)
      exchange(leg, ...audio(hash('z')))
      const before = protection(leg)
      exchange(leg, ...lines)
      assert.notEqual(protection(leg).association, before.association)
      assert.ok(!protection(leg).seed.equals(before.seed))
    })

  test('a re-offer that is taken back returns to the session before', () => {
    const leg = new LegDescriptions(options)
    exchange(leg, ...audio(hash('z')))
    const before = protection(leg)
    leg.receiveOffer(phoneSdp(...audio(hash('w'))))
    leg.rollback()
    assert.deepEqual(protection(leg), before)
  })

  test('refuses a secured profile, and an answer with keys', () => {
    const leg = new LegDescriptions(options)
    assert.throws(() => leg.receiveOffer(phoneSdp('m=audio 7078 RTP/SAVP 0', hash('z'))), {
      code: 'SDP_PROFILE_UNUSABLE',
    })
    leg.writeOffer(phoneSdp('m=audio 7078 RTP/AVP 0'), localPorts(50000))
    const key = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30).toString('base64')}`
    assert.throws(() => leg.receiveAnswer(phoneSdp('m=audio 5000 RTP/AVP 0', key)), { code: 'SDES_NOT_OFFERED' })
  })

  test('needs to know how a Hello is made', () => {
    assert.throws(() => new LegDescriptions({ mode: 'zrtp', suites: [] }), { code: 'SDP_MODE_UNAVAILABLE' })
  })

  test('its hash does not cross to the other leg', () => {
    const [a, b] = [new LegDescriptions(options), new LegDescriptions({ mode: 'none', suites: [] })]
    const offer = b.writeOffer(a.receiveOffer(phoneSdp(...audio(hash('z')))), localPorts(50000))
    assert.equal(parseSdp(offer).media[0]!.zrtpHash, false)
  })

  test('a leg in clear that takes ZRTP says nothing of it, and is in clear until there are keys', () => {
    const leg = new LegDescriptions({ ...options, mode: 'none', zrtp: { ...options.zrtp, opportunistic: true } })
    const answer = exchange(leg, ...audio())
    assert.ok(!answer.includes('zrtp'))
    assert.equal(protection(leg).clear, 'until-keyed')
    const before = protection(leg)
    exchange(leg, ...audio('a=sendonly'))
    assert.deepEqual(protection(leg), before)
  })

  test('a leg in clear takes no ZRTP unless it is asked to', () => {
    const leg = new LegDescriptions({ ...options, mode: 'none' })
    exchange(leg, ...audio())
    assert.deepEqual(leg.endpoint(0)!.protection, { mode: 'none' })
  })
})
