import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { localPorts, phoneSdp } from '../support/sdp.ts'

test('media is told the clocks of the payload types of both legs that are not those of most', () => {
  const [a, b] = [1, 2].map(() => new LegDescriptions({ mode: 'none', suites: [] })) as [
    LegDescriptions,
    LegDescriptions,
  ]
  const lines = [
    ...['m=audio 4000 RTP/AVP 0 9 96 97', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/8000'],
    ...['m=video 4002 RTP/AVP 34 99', 'a=rtpmap:99 H264/90000'],
    ...['m=audio 4004 RTP/AVP 0 96', 'a=rtpmap:96 nonsense/0'],
  ]
  b.writeOffer(a.receiveOffer(phoneSdp(...lines)), localPorts(50000))
  a.writeAnswer(b.receiveAnswer(phoneSdp(...lines)), localPorts(40000))
  const video = [34, 99].map((payloadType) => ({ payloadType, clockRate: 90_000 }))
  for (const leg of [a, b]) {
    assert.deepEqual(leg.endpoint(0)?.clocks, [{ payloadType: 96, clockRate: 48_000 }])
    assert.deepEqual(leg.endpoint(1)?.clocks, video)
    assert.equal(leg.endpoint(2)?.clocks, undefined)
  }
})
