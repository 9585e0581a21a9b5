import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { parseSdp, type Direction, type SessionDescription } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneSdp } from '../support/sdp.ts'

/*
 * Hold and resume end to end (reference: b2bua-server §4): one phone offers a direction, the other is offered the same,
 * answers, and the first gets that answer, as far as RFC 3264 §6.1 allows it.
 */
const matrix: readonly (readonly [Direction, Direction, Direction])[] = [
  // offered, answered by the other phone, and what the first phone is told
  ['sendrecv', 'sendrecv', 'sendrecv'],
  ['sendrecv', 'sendonly', 'sendonly'],
  ['sendrecv', 'recvonly', 'recvonly'],
  ['sendrecv', 'inactive', 'inactive'],
  ['sendonly', 'recvonly', 'recvonly'],
  ['sendonly', 'inactive', 'inactive'],
  ['recvonly', 'sendonly', 'sendonly'],
  ['recvonly', 'inactive', 'inactive'],
  ['inactive', 'inactive', 'inactive'],
  // phones that do not take back what they must not
  ['sendonly', 'sendrecv', 'recvonly'],
  ['sendonly', 'sendonly', 'inactive'],
  ['recvonly', 'sendrecv', 'sendonly'],
  ['recvonly', 'recvonly', 'inactive'],
  ['inactive', 'sendrecv', 'inactive'],
  ['inactive', 'sendonly', 'inactive'],
  ['inactive', 'recvonly', 'inactive'],
]

const key = (first: number): string =>
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, first).toString('base64')}`
const print = (first: number): string => `a=fingerprint:sha-256 ${Array(32).fill(`0${first}`).join(':')}`
const modes = ['none', 'sdes', 'dtls-srtp'] as const
type Mode = (typeof modes)[number]

function phone(mode: Mode, first: number, direction: Direction): SessionDescription {
  if (mode === 'none') return phoneSdp('m=audio 4000 RTP/AVP 0', `a=${direction}`)
  if (mode === 'sdes') return phoneSdp('m=audio 4000 RTP/SAVP 0', `a=${direction}`, key(first))
  return phoneSdp('m=audio 4000 UDP/TLS/RTP/SAVP 0', `a=${direction}`, print(first))
}

function make(mode: Mode, letter: string): LegDescriptions {
  const fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) } as const
  const suites = ['AES_CM_128_HMAC_SHA1_80'] as const
  return new LegDescriptions({ mode, suites, fingerprint, randomBytes: lettersFrom(letter) })
}

for (const near of modes) {
  for (const far of modes) {
    for (const [offered, answered, told] of matrix) {
      test(`${near} to ${far}: ${offered} answered by ${answered} is told as ${told}, and resumed`, () => {
        const a = make(near, 'A')
        const b = make(far, 'a')
        const exchange = (offer: Direction, answer: Direction): readonly [Direction, Direction] => {
          const toB = b.writeOffer(a.receiveOffer(phone(near, 1, offer)), localPorts(50000))
          const toA = a.writeAnswer(b.receiveAnswer(phone(far, 2, answer)), localPorts(40000))
          return [parseSdp(toB).media[0]!.direction, parseSdp(toA).media[0]!.direction]
        }
        exchange('sendrecv', 'sendrecv')
        const keys = [a, b].map((leg) => leg.endpoint(0)?.protection)
        assert.deepEqual(exchange(offered, answered), [offered, told])
        assert.deepEqual([b.endpoint(0)?.direction, a.endpoint(0)?.direction], [offered, told])
        assert.deepEqual(exchange('sendrecv', 'sendrecv'), ['sendrecv', 'sendrecv'])
        assert.deepEqual(
          [a, b].map((leg) => leg.endpoint(0)?.protection),
          keys,
        )
      })
    }
  }
}

test('a phone that holds by c=0.0.0.0 is resumed with the same keys, and media is told both', () => {
  const a = make('sdes', 'A')
  const b = make('sdes', 'a')
  const exchange = (address: string): Direction => {
    const offer = phoneSdp('m=audio 4000 RTP/SAVP 0', `c=IN IP4 ${address}`, key(1))
    const toB = b.writeOffer(a.receiveOffer(offer), localPorts(50000))
    const [offered] = parseSdp(toB).media
    assert.equal(offered!.address, '203.0.113.1')
    const answer = phone('sdes', 2, offered!.direction === 'sendonly' ? 'recvonly' : 'sendrecv')
    a.writeAnswer(b.receiveAnswer(answer), localPorts(40000))
    assert.equal(a.endpoint(0)?.remote?.address, address)
    return offered!.direction
  }
  exchange('192.0.2.10')
  const before = a.endpoint(0)
  assert.equal(exchange('0.0.0.0'), 'sendonly')
  assert.equal(exchange('192.0.2.10'), 'sendrecv')
  assert.deepEqual(a.endpoint(0), before)
})

test('both hold, then one after the other resumes', () => {
  const a = make('none', 'A')
  const b = make('sdes', 'a')
  const fromA = (offer: Direction, answer: Direction): void => {
    b.writeOffer(a.receiveOffer(phone('none', 1, offer)), localPorts(50000))
    a.writeAnswer(b.receiveAnswer(phone('sdes', 2, answer)), localPorts(40000))
  }
  const fromB = (offer: Direction, answer: Direction): void => {
    a.writeOffer(b.receiveOffer(phone('sdes', 2, offer)), localPorts(40000))
    b.writeAnswer(a.receiveAnswer(phone('none', 1, answer)), localPorts(50000))
  }
  const told = (): readonly (Direction | undefined)[] => [a.endpoint(0)?.direction, b.endpoint(0)?.direction]
  fromA('sendrecv', 'sendrecv')
  fromA('sendonly', 'recvonly')
  assert.deepEqual(told(), ['recvonly', 'sendonly'])
  fromB('inactive', 'inactive')
  assert.deepEqual(told(), ['inactive', 'inactive'])
  fromA('recvonly', 'sendonly')
  assert.deepEqual(told(), ['sendonly', 'recvonly'])
  fromB('sendrecv', 'sendrecv')
  assert.deepEqual(told(), ['sendrecv', 'sendrecv'])
})
