import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseConfiguration } from '../../src/sdp/capability-negotiation.ts'
import { restrictCodecs } from '../../src/sdp/restrict-codecs.ts'
import { phoneDescription, phoneSdp } from '../support/sdp.ts'

const browser = phoneDescription('baresip-from-web')
const linphone = phoneDescription('none-default-codecs')

const audio: readonly (readonly [string, readonly string[]])[] = [
  ['PCMU/8000', ['0', '110', '126']],
  ['pcma/8000', ['8', '110', '126']],
  ['opus/48000', ['111', '110', '126']],
  ['G722/8000', ['9', '110', '126']],
]
for (const [codec, kept] of audio) {
  test(`audio-codec=${codec} leaves a browser ${kept.join(' ')}`, () => {
    assert.deepEqual(restrictCodecs(browser, { audio: codec }).media[0]!.formats, kept)
  })
}

test('static payload types need no a=rtpmap', () => {
  assert.deepEqual(restrictCodecs(linphone, { audio: 'PCMA/8000' }).media[0]!.formats, ['8', '97', '101'])
})

test('the rate counts', () => {
  const offer = phoneSdp('m=audio 4000 RTP/AVP 96 97', 'a=rtpmap:96 speex/8000', 'a=rtpmap:97 speex/16000')
  assert.deepEqual(restrictCodecs(offer, { audio: 'speex/16000' }).media[0]!.formats, ['97'])
})

test('attributes of payload types that are gone go with them, all others stay', () => {
  const { attributes } = restrictCodecs(browser, { audio: 'PCMU/8000' }).media[0]!
  const gone = ['rtpmap:111', 'rtcp-fb:111', 'fmtp:111', 'rtpmap:63', 'fmtp:63', 'rtpmap:9 ', 'rtpmap:8 ', 'rtpmap:13']
  for (const one of gone) assert.ok(!attributes.some((attribute) => attribute.startsWith(one)), one)
  const kept = ['rtpmap:0 PCMU/8000', 'rtpmap:126 telephone-event/8000', 'mid:0', 'rtcp-rsize', 'sendrecv']
  for (const one of kept) assert.ok(attributes.includes(one), one)
  assert.ok(restrictCodecs(linphone, { audio: 'PCMU/8000' }).media[0]!.attributes.includes('rtcp-fb:* trr-int 5000'))
})

test('every payload type of the video codec stays', () => {
  const offer = phoneSdp(
    'm=audio 4000 RTP/AVP 0',
    'm=video 4002 RTP/AVP 96 97 98 99',
    'a=rtpmap:96 VP8/90000',
    'a=rtpmap:97 H264/90000',
    'a=fmtp:97 packetization-mode=1',
    'a=rtpmap:98 h264/90000',
    'a=rtpmap:99 rtx/90000',
    'a=fmtp:99 apt=96',
  )
  const { media } = restrictCodecs(offer, { video: 'H264' })
  assert.deepEqual(
    media.map(({ formats }) => formats),
    [['0'], ['97', '98']],
  )
  assert.deepEqual(media[1]!.attributes, [
    'rtpmap:97 H264/90000',
    'fmtp:97 packetization-mode=1',
    'rtpmap:98 h264/90000',
  ])
})

test('no common codec: 488', () => {
  assert.throws(() => restrictCodecs(linphone, { audio: 'G729/8000' }), { code: 'SDP_NO_COMMON_CODEC', status: 488 })
})

test('no common codec for one of two streams: that stream is refused', () => {
  const offer = phoneSdp('m=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 97', 'a=rtpmap:97 H264/90000')
  assert.deepEqual(
    restrictCodecs(offer, { video: 'VP8' }).media.map(({ relayable }) => relayable),
    [true, false],
  )
})

test('without a restriction, and for streams that are refused anyway, nothing changes', () => {
  assert.equal(restrictCodecs(browser, {}), browser)
  const dead = phoneSdp('m=audio 0 RTP/AVP 0')
  assert.deepEqual(restrictCodecs(dead, { audio: 'opus/48000' }).media, dead.media)
})

/** Payload types that any line of an m-line names. */
function namedFormats(attributes: readonly string[]): ReadonlySet<string> {
  const patterns = [/^(?:rtpmap|fmtp|rtcp-fb|imageattr):(\d+)/, /apt=(\d+)/, /pt=([\d,]+)/]
  return new Set(attributes.flatMap((one) => patterns.flatMap((pattern) => pattern.exec(one)?.[1]?.split(',') ?? [])))
}

const video = phoneDescription('web-video')
const simulcast = phoneDescription('web-simulcast')
const videos: readonly (readonly [string, readonly string[]])[] = [
  ['VP8', ['96', '97']],
  ['vp9', ['98', '99', '100', '101']],
  ['AV1', ['45', '46']],
  ['H264', ['102', '103', '104', '107', '108', '109', '114', '115', '116', '117', '39', '40']],
]
for (const [codec, formats] of videos) {
  test(`video-codec=${codec} leaves a browser its payload types with their retransmission, and no line of another`, () => {
    for (const offer of [video, simulcast]) {
      const { media } = restrictCodecs(offer, { audio: 'opus/48000', video: codec })
      assert.deepEqual(media[0]!.formats, ['111', '110', '126'])
      assert.deepEqual(media[1]!.formats, formats)
      for (const { attributes, formats } of media.slice(0, 2)) {
        for (const format of namedFormats(attributes)) assert.ok(formats.includes(format), format)
      }
      const own = offer.media[1]!.attributes.filter((one) => namedFormats([one]).size === 0)
      assert.deepEqual(
        media[1]!.attributes.filter((one) => namedFormats([one]).size === 0),
        own,
        'lines of no payload type stay',
      )
    }
  })
}

test('redundancy and forward error correction stay where they are the codec that is asked for', () => {
  assert.deepEqual(restrictCodecs(video, { video: 'red' }).media[1]!.formats, ['118', '119'])
  assert.deepEqual(restrictCodecs(video, { video: 'ulpfec' }).media[1]!.formats, ['120'])
})

const mLine = 'm=video 4002 RTP/AVPF 96 97 98'
const rtpmaps = ['a=rtpmap:96 VP8/90000', 'a=rtpmap:97 H264/90000', 'a=rtpmap:98 VP8/90000']
const cleaned: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['restricted streams', ['a=rid:1 send pt=96,97;max-width=640'], ['rid:1 send pt=96;max-width=640']],
  ['in any place', ['a=rid:1 send max-width=640;pt=97,98'], ['rid:1 send max-width=640;pt=98']],
  ['streams of any payload type', ['a=rid:1 send', 'a=rid:2 recv max-fps=5'], ['rid:1 send', 'rid:2 recv max-fps=5']],
  [
    'streams that are gone',
    ['a=rid:1 send pt=96', 'a=rid:2 send pt=97', 'a=rid:3 recv pt=97', 'a=simulcast:send 1;2 recv 3'],
    ['rid:1 send pt=96', 'simulcast:send 1'],
  ],
  [
    'alternatives, and paused ones',
    ['a=rid:1 send pt=97', 'a=rid:2 send pt=96', 'a=rid:3 send pt=97', 'a=simulcast:send 1,~2;~3'],
    ['rid:2 send pt=96', 'simulcast:send ~2'],
  ],
  ['nothing left of it', ['a=rid:1 send pt=97', 'a=simulcast:send 1'], []],
  [
    'simulcast before its streams',
    ['a=simulcast:send 1;2', 'a=rid:1 send pt=97', 'a=rid:2 send'],
    ['simulcast:send 2', 'rid:2 send'],
  ],
  ['simulcast of a draft', ['a=simulcast: send pt=96;97'], []],
  [
    'parameters of a source',
    ['a=ssrc:1 fmtp:97 x=1', 'a=ssrc:1 fmtp:96 x=1', 'a=ssrc:1 cname:a'],
    ['ssrc:1 fmtp:96 x=1', 'ssrc:1 cname:a'],
  ],
  ['pictures', ['a=imageattr:97 send *', 'a=imageattr:* recv *', 'a=framesize:97 320-240'], ['imageattr:* recv *']],
]
for (const [what, attributes, left] of cleaned) {
  test(`${what}: ${attributes.join(' ')} becomes ${left.join(' ')}`, () => {
    const { media } = restrictCodecs(phoneSdp(mLine, ...rtpmaps, ...attributes), { video: 'VP8' })
    assert.deepEqual(media[0]!.attributes, ['rtpmap:96 VP8/90000', 'rtpmap:98 VP8/90000', ...left])
  })
}

test('a codec that a potential configuration brings along is known', () => {
  const offer = chooseConfiguration(
    phoneSdp(
      'm=audio 4000 RTP/AVP 96 97',
      'a=rtpmap:97 GSM/8000',
      'a=acap:1 rtpmap:96 opus/48000/2',
      'a=acap:2 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd',
      'a=pcfg:1 a=1,2',
    ),
  )
  assert.deepEqual(restrictCodecs(offer, { audio: 'opus/48000' }).media[0]!.formats, ['96'])
})
