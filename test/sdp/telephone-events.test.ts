import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type TelephoneEvents } from '../../src/base/endpoint-description.ts'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { parseSdp } from '../../src/sdp/session-description.ts'
import { localPorts, phoneSdp } from '../support/sdp.ts'

interface Call {
  readonly a: LegDescriptions
  readonly b: LegDescriptions
  /** What the other phone was offered, and what the offerer was answered: formats and rtpmaps of telephone-event. */
  readonly offered: readonly string[]
  readonly answered: readonly string[]
}

const pcmu = ['m=audio 4000 RTP/AVP 0']
const withEvents = (number: number, rate = 8000): string[] => [
  `m=audio 4000 RTP/AVP 0 ${number}`,
  `a=rtpmap:${number} telephone-event/${rate}`,
  `a=fmtp:${number} 0-15`,
]

/** The m-line of audio, and its lines about telephone events. */
function seen(body: Buffer): string[] {
  const [, formats = ''] = /^m=audio \d+ \S+ (.*)\r$/m.exec(body.toString()) ?? []
  return [formats, ...(body.toString().match(/^a=(rtpmap:.*telephone-event|fmtp:.* 0-1[56]).*(?=\r$)/gm) ?? [])]
}

function legs(): { a: LegDescriptions; b: LegDescriptions } {
  const [a, b] = ['a', 'b'].map(() => new LegDescriptions({ mode: 'none', suites: [] })) as [
    LegDescriptions,
    LegDescriptions,
  ]
  a.addsEvents = b.addsEvents = true
  return { a, b }
}

/** One offer of the near leg's phone and the answer of the far one's. */
function exchange(
  near: LegDescriptions,
  far: LegDescriptions,
  offer: readonly string[],
  answer: readonly string[],
): Pick<Call, 'offered' | 'answered'> {
  const offered = far.writeOffer(near.receiveOffer(phoneSdp(...offer)), localPorts(50000))
  const accepted = far.receiveAnswer(phoneSdp(...answer))
  const answered = near.writeAnswer(accepted, localPorts(40000))
  parseSdp(offered)
  return { offered: seen(offered), answered: seen(answered) }
}

function call(offer: readonly string[], answer: readonly string[]): Call {
  const { a, b } = legs()
  return { a, b, ...exchange(a, b, offer, answer) }
}

const events = (number: number, clockRate = 8000, sent = number): TelephoneEvents => ({
  receive: [{ payloadType: number, clockRate }],
  send: { payloadType: sent, clockRate },
})

describe('telephone events', () => {
  test('cross with their numbers where both phones have them, be they different ones', () => {
    const { a, b, offered, answered } = call(withEvents(101), withEvents(96))
    assert.deepEqual(offered, ['0 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'])
    assert.deepEqual(answered, ['0 96', 'a=rtpmap:96 telephone-event/8000', 'a=fmtp:96 0-15'])
    assert.deepEqual(a.endpoint(0)!.events, events(96, 8000, 101))
    assert.deepEqual(b.endpoint(0)!.events, events(101, 8000, 96))
  })

  test('are answered to a phone that has them though the other does not', () => {
    const { a, b, offered, answered } = call(withEvents(97), pcmu)
    assert.deepEqual(offered, ['0 97', 'a=rtpmap:97 telephone-event/8000', 'a=fmtp:97 0-15'])
    assert.deepEqual(answered, ['0 97', 'a=rtpmap:97 telephone-event/8000', 'a=fmtp:97 0-16'])
    assert.deepEqual(a.endpoint(0)!.events, events(97))
    assert.equal(b.endpoint(0)!.events, undefined)
  })

  test('are offered to a phone though the other does not have them', () => {
    const { a, b, offered, answered } = call(pcmu, withEvents(101))
    assert.deepEqual(offered, ['0 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16'])
    assert.deepEqual(answered, ['0'])
    assert.equal(a.endpoint(0)!.events, undefined)
    assert.deepEqual(b.endpoint(0)!.events, events(101))
  })

  test('are nowhere when no phone has them', () => {
    const { a, b, answered } = call(pcmu, pcmu)
    assert.deepEqual(answered, ['0'])
    assert.deepEqual([a.endpoint(0)!.events, b.endpoint(0)!.events], [undefined, undefined])
  })

  test('are left as the phones say where the other phone takes keys in no other way', () => {
    const { a, b } = legs()
    a.addsEvents = b.addsEvents = false
    assert.deepEqual(exchange(a, b, withEvents(101), pcmu).answered, ['0'])
    assert.deepEqual(exchange(a, b, pcmu, pcmu).offered, ['0'])
  })

  test('have the clock of each codec, and a number that nothing else has', () => {
    const opus = ['m=audio 4000 RTP/AVP 101 9 13 96', 'a=rtpmap:101 opus/48000/2', 'a=rtpmap:96 speex/16000']
    const { a, b } = legs()
    const offer = b.writeOffer(a.receiveOffer(phoneSdp(...opus, 'm=video 6000 RTP/AVP 98')), localPorts(50000))
    assert.deepEqual(seen(offer).slice(0, 1), ['101 9 13 96 97 98 99'])
    assert.match(offer.toString(), /a=rtpmap:97 telephone-event\/48000\r\n.*\r\na=rtpmap:98 telephone-event\/8000/)
    assert.match(offer.toString(), /^m=video \d+ RTP\/AVP 98\r$/m)
    b.receiveAnswer(
      phoneSdp(
        ...['m=audio 4000 RTP/AVP 9 97 98', 'a=rtpmap:97 telephone-event/48000', 'a=rtpmap:98 telephone-event/8000'],
        'm=video 0 RTP/AVP 98',
      ),
    )
    assert.deepEqual(b.endpoint(0)!.events!.send, { payloadType: 98, clockRate: 8000 })
    assert.equal(b.endpoint(0)!.events!.receive.length, 3)
  })

  test('of an offer are answered in the clock of the codec that the other phone has chosen', () => {
    const browser = [
      ...['m=audio 4000 RTP/AVP 111 0 110 126', 'a=rtpmap:111 opus/48000/2'],
      ...['a=rtpmap:110 telephone-event/48000', 'a=rtpmap:126 telephone-event/8000'],
    ]
    assert.deepEqual(call(browser, pcmu).answered[0], '0 126')
    const opus = ['m=audio 4000 RTP/AVP 111', 'a=rtpmap:111 opus/48000/2']
    assert.deepEqual(call(browser, opus).answered[0], '111 110')
  })

  test('stay what they are when a phone holds, and keep their number when the other offers', () => {
    const { a, b, ...first } = call(withEvents(96), pcmu)
    assert.equal(first.answered[0], '0 96')
    const held = exchange(a, b, [...withEvents(96), 'a=sendonly'], [...pcmu, 'a=recvonly'])
    assert.equal(held.answered[0], '0 96')
    assert.deepEqual(a.endpoint(0)!.events, events(96))
    const back = exchange(b, a, pcmu, withEvents(96))
    assert.deepEqual([back.offered[0], back.answered[0]], ['0 96', '0'])
    assert.deepEqual(a.endpoint(0)!.events, events(96))
  })

  test('are those from before while an offer has no answer, and after it has failed', () => {
    const { a, b } = call(withEvents(101), pcmu)
    b.writeOffer(a.receiveOffer(phoneSdp(...pcmu)), localPorts(50000))
    assert.deepEqual([a.endpoint(0)!.events, b.endpoint(0)!.events], [events(101), undefined])
    for (const leg of [a, b]) leg.rollback()
    assert.deepEqual([a.endpoint(0)!.events, b.endpoint(0)!.events], [events(101), undefined])
  })

  test('end with their m-line', () => {
    const { a, b } = call(withEvents(101), withEvents(101))
    exchange(a, b, ['m=audio 0 RTP/AVP 0'], ['m=audio 0 RTP/AVP 0'])
    assert.deepEqual([a.endpoint(0), b.endpoint(0)], [undefined, undefined])
  })
})
