import { phoneDescriptions } from '../sdp.ts'
import { type Chance } from './chance.ts'
import { isForeign } from './foreign.ts'

/** Bytes that mean something to a parser of SIP, and some that should not. */
const fragments = [
  ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '"', '\\', '<', '>', '@', '%ff', '%', '=', '\xff', '\r\n '],
  ...['\r\n\r\n', 'l: 5\r\n', 'CSeq: 1 X\r\n', 'To: *\r\n', ';tag=a;tag=b', 'SIP/2.0', '[::1', '9'.repeat(20), '-1'],
  ...['INVITE', 'BYE', '<sip:', '>;tag=', 'x'.repeat(300), ';lr', '?a=b', ':0', ':70000', '*', '\x7f', '\x01'],
]

/** Values for any header field. */
const values = [
  ...['', '*', '<>', '<<<>>>', ';;;', ',,,', '"', '<sip:a@127.0.0.1:0>', '<sip:127.0.0.1:9;transport=tcp>', 'sip:a'],
  ...['<tel:+331>', '<http://a/>', '<sip:[::1]:9>', '0', '-1', '4294967296', '1 INVITE', '2147483647 BYE', '1 x'],
  ...['SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKx', 'SIP/2.0/TCP [::]:9;rport', '<sip:a>, <sip:b>', '\xff\xfe', '70'],
  ...['application/sdp', 'text/plain', 'multipart/mixed;boundary=x', 'x'.repeat(5000), '100rel', 'SIP;cause=200'],
  ...['<sip:a@255.255.255.255>', '<sip:a@127.0.0.1;maddr=127.0.0.1;transport=udp>', '<sip:a@127.0.0.1;method=BYE>'],
]

/** Header fields that may be added. */
const names = [
  ...['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Max-Forwards', 'Route', 'Record-Route', 'Content-Length'],
  ...['Content-Type', 'Require', 'Content-Encoding', 'Expires', 'Reason', 'Retry-After', 'RSeq', 'RAck', 'Replaces'],
  ...['v', 'f', 't', 'i', 'm', 'l', 'c', 'k', 'X', 'User-Agent', 'X-Flexisip-B2BUA', 'Allow', 'Supported', 'Timestamp'],
]

const startLines = [
  ...['INVITE sip:a@b SIP/2.0', 'ACK sip:a@b SIP/2.0', 'BYE tel:1 SIP/2.0', 'CANCEL * SIP/2.0', 'UPDATE sip: SIP/2.0'],
  ...[
    'SIP/2.0 100 ',
    'SIP/2.0 180 x',
    'SIP/2.0 200 OK',
    'SIP/2.0 302 x',
    'SIP/2.0 481 x',
    'SIP/2.0 699 x',
    'SIP/2.0 0',
  ],
  ...['SIP/3.0 200 OK', '', ' ', 'INVITE  sip:a@b SIP/2.0', 'OPTIONS sip:a@b?x=y SIP/2.0', 'INFO http://x SIP/2.0'],
]

/** Puts in, takes out and replaces bytes in up to four places. */
function inBytes(chance: Chance, text: string): string {
  for (let edits = 1 + chance.below(4); edits > 0; edits--) {
    const at = chance.below(text.length + 1)
    const put = chance.is(0.8) ? chance.of(fragments) : ''
    text = text.slice(0, at) + put + text.slice(at + (chance.is(0.6) ? chance.below(12) : 0))
  }
  return text
}

/** Changes whole header fields, and leaves the framing to the rest of the message. */
function inFields(chance: Chance, text: string): string {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  let lines = head.split('\r\n')
  for (let edits = 1 + chance.below(3); edits > 0; edits--) {
    const at = 1 + chance.below(Math.max(1, lines.length - 1))
    const [name = 'X', value = ''] = (lines[at] ?? '').split(/:(.*)/s)
    const edit: (() => string[])[] = [
      () => [],
      () => [`${name}:${value}`, `${name}:${value}`],
      () => Array<string>(chance.of([3, 50, 300])).fill(`${name}:${value}`),
      () => [`${name}: ${chance.of(values)}`],
      () => [`${name}:${value}${chance.of(fragments)}`],
      () => [`${name}:${value}, ${chance.of(values)}`],
      () => [`${chance.of(names)}:${value}`],
      () => [`${name}:${value}`, `${chance.of(names)}: ${chance.of(values)}`],
      () => [lines[1 + chance.below(lines.length)] ?? '', `${name}:${value}`],
    ]
    if (chance.is(0.1)) lines[0] = chance.of(startLines)
    else lines = [...lines.slice(0, at), ...chance.of(edit)(), ...lines.slice(at + 1)]
  }
  return [lines.join('\r\n'), ...rest].join('\r\n\r\n')
}

/** A message that is not quite what it was. */
export function mutateMessage(chance: Chance, text: string): string {
  const mutated = chance.is(0.5) ? inFields(chance, text) : inBytes(chance, text)
  return chance.is(0.1) ? mutateMessage(chance, mutated) : mutated
}

const phoneBodies = phoneDescriptions().map(({ body }) => body.toString('latin1'))
const phoneLines = [...new Set(phoneBodies.flatMap((body) => body.trim().split('\r\n')))]

/** Lines that are right, half right and wrong: addresses and ports to which nothing can be sent among them. */
const sdpLines = [
  ...['c=IN IP4 0.0.0.0', 'c=IN IP4 255.255.255.255', 'c=IN IP4 224.2.1.1/127', 'c=IN IP4 host.invalid', 'c=IN IP6 ::'],
  ...[
    'c=IN IP6 ::1',
    'c=IN IP4 ::1',
    'c=IN IP6 127.0.0.1',
    'c=IN IP4 127.0.0.1',
    'c=IN IP4 999.1.1.1',
    'c=IN IP4 127.1',
  ],
  ...['a=rtcp:0', 'a=rtcp:1', 'a=rtcp:65535', 'a=rtcp:70000', 'a=rtcp:9 IN IP4 255.255.255.255', 'a=rtcp-mux'],
  ...['m=audio 0 RTP/AVP 0', 'm=audio 65535 RTP/AVP 0', 'm=audio 1 RTP/AVP 0', 'm=video 40000/2 RTP/AVP 31'],
  ...['m=audio 40000 RTP/SAVP 0', 'm=audio 40000 TCP/RTP/AVP 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'],
  ...['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA|2^20|1:4'],
  ...['a=sendrecv', 'a=sendonly', 'a=recvonly', 'a=inactive', 'a=rtpmap:0 PCMU/0', 'a=fmtp:', 'a=__proto__:x', 'a='],
]

/** A session description that is not quite what it was. */
export function mutateSdp(chance: Chance, text: string): string {
  let lines = (chance.is(0.3) ? chance.of(phoneBodies) : text).trim().split('\r\n')
  for (let edits = chance.below(4); edits > 0; edits--) {
    const at = chance.below(lines.length + 1)
    const line = chance.is(0.6) ? chance.of(sdpLines) : chance.of(phoneLines)
    const edit: (() => string[])[] = [
      () => [line],
      () => [line, lines[at] ?? ''],
      () => [],
      () => [inBytes(chance, lines[at] ?? '')],
      () => [lines[at] ?? '', lines[chance.below(lines.length)] ?? ''],
      () => Array<string>(chance.of([2, 20, 100])).fill(lines[at] ?? ''),
    ]
    lines = [...lines.slice(0, at), ...chance.of(edit)(), ...lines.slice(at + 1)]
  }
  return `${lines.map(atHome).join('\r\n')}\r\n`
}

/** The line with this machine's address where it has somebody else's: media is sent there. */
function atHome(line: string): string {
  return /^(c=|a=rtcp:)/.test(line) && line.split(/[ /\r\n]/).some(isForeign) ? 'c=IN IP4 127.0.0.1' : line
}
