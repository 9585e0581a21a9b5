/**
 * What one SIP message costs to read and write, as a ratio to a baseline of the same run: decoding the same bytes to a
 * string and splitting it into lines, which does less than any parser can. Run: `node test/bench/sip-message.bench.ts`.
 */
import { parseMessage, serialize } from '../../src/sip/message/parse.ts'
import { createResponse, type SipRequest } from '../../src/sip/message/message.ts'
import { StreamFramer } from '../../src/sip/message/stream-framer.ts'
import { parseUri } from '../../src/sip/message/uri.ts'

const sdp = [
  ...['v=0', 'o=alice 2890844526 2890844526 IN IP4 192.0.2.17', 's=Talk', 'c=IN IP4 192.0.2.17', 't=0 0'],
  ...['m=audio 7078 RTP/AVP 96 0 8 101', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1'],
  ...['a=rtpmap:101 telephone-event/8000', 'a=rtcp-fb:* ccm tmmbr', ''],
].join('\r\n')
const invite = Buffer.from(
  [
    'INVITE sip:bob@sip.example.org SIP/2.0',
    'Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK.tXb7Kw1Vq0pZ;rport',
    'From: "Alice" <sip:alice@sip.example.org>;tag=~sXb7Kw1V',
    'To: <sip:bob@sip.example.org>',
    'CSeq: 20 INVITE',
    'Call-ID: Rq8Fp2nLx1',
    'Max-Forwards: 70',
    'Supported: replaces, outbound, gruu, path',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE',
    'Content-Type: application/sdp',
    `Content-Length: ${sdp.length}`,
    'Contact: <sip:alice@192.0.2.17:5060;transport=tcp>;+sip.instance="<urn:uuid:0d5a6f0e>"',
    'User-Agent: Linphone/5.2.0 (belle-sip/5.2.0)',
    '',
    sdp,
  ].join('\r\n'),
)
const request = parseMessage(invite) as SipRequest
const response = serialize(createResponse(request, 200, { toTag: 'aXb7Kw1Vq0', body: request.body }))

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0

const cases: Record<string, () => unknown> = {
  'baseline: latin1 string, split into lines': () => invite.toString('latin1').split('\r\n'),
  [`parse INVITE (${invite.length} bytes)`]: () => parseMessage(invite),
  [`parse 200 (${response.length} bytes)`]: () => parseMessage(response),
  'frame and parse INVITE from a stream': () => {
    const framer = new StreamFramer()
    framer.push(invite)
    return framer.next()
  },
  'serialize INVITE': () => serialize(request),
  'create 180 and serialize': () => serialize(createResponse(request, 180, { toTag: 'aXb7Kw1Vq0' })),
  'parse a URI': () => parseUri('sip:alice@192.0.2.17:5060;transport=tcp'),
}

function measure(run: () => unknown): number {
  const rounds = 20_000
  const start = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) if (run() !== undefined) sink++
  return Number(process.hrtime.bigint() - start) / rounds / 1000
}

// rounds are interleaved and the median taken: the machine's noise then falls on all cases alike
const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
for (let round = 0; round < 9; round++) {
  for (const [name, run] of Object.entries(cases)) times.get(name)!.push(measure(run))
}
const medians = [...times].map(([name, list]) => [name, list.sort((a, b) => a - b)[4]!] as const)
const baseline = medians[0]![1]
for (const [name, median] of medians) {
  console.log(`${name.padEnd(44)} ${median.toFixed(2).padStart(6)} µs ${(median / baseline).toFixed(1).padStart(5)} ×`)
}
process.exitCode = sink > 0 ? 0 : 1
