import assert from 'node:assert/strict'
import { test } from 'node:test'
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
