import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SdpError } from '../../src/sdp/sdp-error.ts'
import { parseSdp } from '../../src/sdp/session-description.ts'
import { phoneDescription, phoneDescriptions, phoneSdp, sdpBody } from '../support/sdp.ts'

const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.10', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0']

test('every description of the real phones is read', () => {
  const descriptions = phoneDescriptions()
  assert.ok(descriptions.length >= 80)
  for (const { call, message, body } of descriptions) {
    const description = parseSdp(body)
    const kinds = { 'Chromium: web-video': 2, 'Chromium: web-simulcast': 3 }[call] ?? 1
    assert.equal(description.media.length, kinds, `${call} ${message}`)
    assert.equal(description.media[0]!.kind, 'audio')
    assert.ok(description.media[0]!.profile)
  }
})

test('an offer with SDES is read in full', () => {
  const [audio] = phoneDescription('srtp-avpf').media
  assert.ok(audio)
  assert.equal(audio.protocol, 'RTP/SAVPF')
  assert.deepEqual(audio.profile, { security: 'srtp', feedback: true })
  assert.deepEqual(audio.formats, ['0', '96'])
  assert.equal(audio.port, 17000)
  assert.equal(audio.address, '127.0.0.1')
  assert.equal(audio.direction, 'sendrecv')
  assert.deepEqual(
    audio.crypto.map((line) => line.usable && [line.tag, line.suite, line.key.key.length, line.key.salt.length]),
    [
      [1, 'AES_CM_128_HMAC_SHA1_80', 16, 14],
      [2, 'AES_CM_128_HMAC_SHA1_32', 16, 14],
      [3, 'AES_256_CM_HMAC_SHA1_80', 32, 14],
      [4, 'AES_256_CM_HMAC_SHA1_32', 32, 14],
    ],
  )
})

test("a browser's offer says DTLS, ICE, rtcp-mux, and RTCP by ICE only", () => {
  const [audio] = phoneDescription('baresip-from-web').media
  assert.ok(audio)
  assert.deepEqual(audio.profile, { security: 'dtls-srtp', feedback: true })
  assert.deepEqual(audio.rtcp, { port: 9, address: '0.0.0.0' })
  assert.deepEqual([audio.fingerprint, audio.ice, audio.rtcpMux, audio.setup], [true, true, true, 'actpass'])
})

test('fingerprint and setup at session level count for each m-line', () => {
  const [audio] = phoneDescription('dtls_srtp').media
  assert.deepEqual([audio!.fingerprint, audio!.setup], [true, 'actpass'])
})

const malformed: readonly (readonly [string, readonly string[], number])[] = [
  ['nothing', [], 1],
  ['no v= line first', ['o=- 1 1 IN IP4 192.0.2.1', 'v=0'], 0],
  ['another version', ['v=1'], 1],
  ['a line that is not type=value', [...head, 'hello'], 6],
  ['a type that is no small letter', [...head, 'A=x'], 6],
  ['a blank before "="', [...head, 'a =sendrecv'], 6],
  ['an empty line in the midst', [...head, '', 'm=audio 4000 RTP/AVP 0'], 6],
  ['a NUL byte', [...head, 'a=x\0y'], 6],
  ['m= without a port', [...head, 'm=audio'], 6],
  ['m= with a port that is no number', [...head, 'm=audio x RTP/AVP 0'], 6],
  ['m= with a negative port', [...head, 'm=audio -1 RTP/AVP 0'], 6],
  ['m= with a port beyond 65535', [...head, 'm=audio 65536 RTP/AVP 0'], 6],
  ['m= with several ports', [...head, 'm=audio 4000/2 RTP/AVP 0'], 6],
  ['m= without a profile', [...head, 'm=audio 4000'], 6],
  ['m= with a hole in its profile', [...head, 'm=audio 4000 RTP//AVP 0'], 6],
  ['m= without formats', [...head, 'm=audio 4000 RTP/AVP'], 6],
  ['m= with an endless media type', [...head, `m=${'x'.repeat(33)} 4000 RTP/AVP 0`], 6],
  ['m= that says what terminals obey', [...head, 'm=\x1b[31m 4000 RTP/AVP 0'], 6],
  ['c= of no internet', [...head.slice(0, 3), 'c=ATM NSAP 47.0091'], 4],
  ['c= without an address', [...head.slice(0, 3), 'c=IN IP4'], 4],
  ['c= with two addresses', [...head.slice(0, 3), 'c=IN IP4 192.0.2.1 192.0.2.2'], 4],
  ['c= below an m-line', [...head, 'm=audio 4000 RTP/AVP 0', 'c=IN IP5 192.0.2.1'], 7],
  ['no c= at all', ['v=0', 's=-', 'm=audio 4000 RTP/AVP 0'], 3],
  ['a=rtcp with a port beyond 65535', [...head, 'm=audio 4000 RTP/AVP 0', 'a=rtcp:70000'], 7],
  ['a=rtcp with no port', [...head, 'm=audio 4000 RTP/AVP 0', 'a=rtcp:'], 7],
  ['a=rtcp with half an address', [...head, 'm=audio 4000 RTP/AVP 0', 'a=rtcp:4001 IN IP4'], 7],
  ['a= without a name', [...head, 'a='], 6],
  ['b= without a type', [...head, 'b=64'], 6],
]
for (const [what, lines, number] of malformed) {
  test(`${what}: 400, and the message names line ${number || 1}`, () => {
    assert.throws(
      () => parseSdp(sdpBody(...lines)),
      (error) => {
        assert.ok(error instanceof SdpError)
        assert.deepEqual([error.code, error.status], ['SDP_MALFORMED', 400])
        assert.match(error.message, new RegExp(`^line ${number || 1} of the session description: `))
        return true
      },
    )
  })
}

test('too many lines, m-lines, or too long a line are refused before they are looked at', () => {
  const tooLarge = { code: 'SDP_TOO_LARGE', status: 413 }
  assert.throws(() => parseSdp(sdpBody(...head, ...Array<string>(2100).fill('a=x'))), tooLarge)
  assert.throws(() => parseSdp(sdpBody(...head, ...Array<string>(65).fill('m=audio 0 RTP/AVP 0'))), tooLarge)
  assert.throws(() => parseSdp(sdpBody(...head, `a=${'x'.repeat(9000)}`)), tooLarge)
  assert.equal(parseSdp(sdpBody(...head, ...Array<string>(64).fill('m=audio 0 RTP/AVP 0'))).media.length, 64)
})

test('lines may end in LF, and empty lines may follow the last', () => {
  const [audio] = parseSdp(Buffer.from(`${head.join('\n')}\nm=audio 4000 RTP/AVP 0\n\n\n`)).media
  assert.equal(audio!.port, 4000)
})

test('o=, s= and t= may be missing: nothing of them is used', () => {
  assert.equal(parseSdp(sdpBody('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0')).media.length, 1)
})

test('the c= of an m-line goes before that of the session', () => {
  const { media } = phoneSdp('m=audio 4000 RTP/AVP 0', 'c=IN IP6 2001:db8::5', 'm=video 4002 RTP/AVP 96')
  assert.deepEqual(
    media.map(({ address }) => address),
    ['2001:db8::5', '192.0.2.10'],
  )
})

test('a name in c= is taken as it is written, a TTL is not part of it', () => {
  const { media } = phoneSdp(
    'm=audio 4000 RTP/AVP 0',
    'c=IN IP4 phone-1.example.org',
    'm=audio 4002 RTP/AVP 0',
    'c=IN IP4 233.252.0.1/127',
  )
  assert.deepEqual(
    media.map(({ address }) => address),
    ['phone-1.example.org', '233.252.0.1'],
  )
})

test('m-lines of port 0 and of other profiles are kept, and need no c=', () => {
  const { media } = parseSdp(
    sdpBody('v=0', 'm=audio 0 RTP/AVP 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'm=image 0 udptl t38'),
  )
  assert.deepEqual(
    media.map(({ relayable, profile }) => [relayable, profile?.security]),
    [
      [false, 'rtp'],
      [false, undefined],
      [false, undefined],
    ],
  )
})

test('a=rtcp is read with and without an address', () => {
  const { media } = phoneSdp(
    'm=audio 4000 RTP/AVP 0',
    'a=rtcp:4009',
    'm=audio 4002 RTP/AVP 0',
    'a=rtcp:4011 IN IP4 192.0.2.11',
  )
  assert.deepEqual(
    media.map(({ rtcp }) => rtcp),
    [{ port: 4009 }, { port: 4011, address: '192.0.2.11' }],
  )
})

test('a direction of the session holds for m-lines that have none', () => {
  const { media } = phoneSdp('a=sendonly', 'm=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/AVP 0', 'a=recvonly')
  assert.deepEqual(
    media.map(({ direction }) => direction),
    ['sendonly', 'recvonly'],
  )
})

const unspecified: readonly (readonly [string, string, string])[] = [
  ['c=IN IP4 0.0.0.0', 'sendrecv', 'sendonly'],
  ['c=IN IP4 0.0.0.0', 'recvonly', 'inactive'],
  ['c=IN IP4 0.0.0.0', 'sendonly', 'sendonly'],
  ['c=IN IP4 0.0.0.0', 'inactive', 'inactive'],
  ['c=IN IP6 ::', 'sendrecv', 'sendonly'],
]
for (const [connection, written, meant] of unspecified) {
  test(`${connection} with a=${written} means ${meant}`, () => {
    const { media } = phoneSdp('m=audio 4000 RTP/AVP 0', connection, `a=${written}`)
    assert.equal(media[0]!.direction, meant)
  })
}

test('an unspecified address beside ICE is no hold: the address comes with the candidates', () => {
  const { media } = phoneSdp('m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd')
  assert.equal(media[0]!.direction, 'sendrecv')
})
