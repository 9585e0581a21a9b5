/** Hostile input that SIP parsers have ended processes with: each case with its outcome. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { parseNameAddr } from '../../../src/sip/message/name-addr.ts'
import { MessageError, parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { StreamFramer } from '../../../src/sip/message/stream-framer.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { inviteLines, message } from './sample.ts'

function outcome(bytes: Buffer): string {
  try {
    return parseMessage(bytes).kind
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error))
    return error.request ? String(error.status) : 'dropped'
  }
}
const withLine = (line: string): Buffer => message({ lines: [...inviteLines, line] })
const replaced = (find: RegExp, by: string): Buffer =>
  message({ lines: inviteLines.map((line) => line.replace(find, by)) })

// case 2: framing and headers
test('security case 2: a message split at every byte on a stream is read', () => {
  const bytes = message({ body: Buffer.from('v=0\r\n') })
  for (let at = 1; at < bytes.length; at++) {
    const framer = new StreamFramer()
    framer.push(bytes.subarray(0, at))
    assert.equal(framer.next(), undefined)
    framer.push(bytes.subarray(at))
    assert.deepEqual(serialize(framer.next() as SipRequest), bytes)
  }
})
test('security case 2: headers over 64 KiB are dropped', () => {
  assert.equal(outcome(withLine(`X: ${'y'.repeat(65536)}`)), 'dropped')
})
test('security case 2: a missing To tag is accepted, a doubled one is answered 400', () => {
  assert.equal(outcome(message({})), 'request')
  assert.equal(outcome(replaced(/^t:.*/, 'To: <sip:b@c>;tag=1;tag=2')), '400')
})
test('security case 2: NUL bytes are answered 400', () => {
  assert.equal(outcome(withLine('X: \0')), '400')
  assert.equal(outcome(replaced(/call-1/, 'call\0')), '400')
})
test('security case 2: a lying Content-Length is answered 400 when too long, cuts the body when too short', () => {
  const lying = (length: number): Buffer =>
    message({ lines: [...inviteLines, `l: ${length}`], body: Buffer.from('v=0\n'), length: false })
  assert.equal(outcome(lying(5)), '400')
  assert.equal(parseMessage(lying(1)).body.toString(), 'v')
})
test('security case 2: compact forms are the same header fields', () => {
  assert.equal(outcome(withLine('f: <sip:second@from>')), '400')
  assert.equal(outcome(replaced(/^From/, 'f')), 'request')
})
test('security case 2: bare LF is a line end', () => {
  assert.equal(outcome(Buffer.from(message({}).toString().replaceAll('\r\n', '\n'))), 'request')
})
test('security case 2: long runs of what a careless parser backtracks on are read or refused, in one pass', () => {
  const run = (text: string): string => text.repeat(Math.floor(60_000 / text.length))
  for (const text of [
    '<',
    '"',
    ',',
    ';',
    '; ',
    ' ',
    '\\',
    '"\\',
    '=',
    ';a',
    ':',
    '@',
    '<>',
    ',<',
    'a,',
    ';a="',
    '%',
    '[',
  ] as const) {
    outcome(withLine(`Contact: ${run(text)}`))
    parseMessage(withLine(`Route: ${run(text)}`)).headers.values('Route')
    outcome(replaced(/^From.*/, `From: ${run(text)}`))
    outcome(replaced(/^From.*/, `From: <sip:a@b>${run(text)}`))
    outcome(replaced(/^Via.*/, `Via: SIP/2.0/UDP ${run(text)}`))
    outcome(replaced(/^Via.*/, `Via: SIP/2.0/UDP a${run(text)}`))
    outcome(replaced(/^CSeq.*/, `CSeq: ${run(text)}`))
    outcome(message({ start: `INVITE sip:${run(text)} SIP/2.0` }))
    outcome(message({ start: `INVITE sip:a${run(text)} SIP/2.0` }))
    outcome(message({ start: run(text) }))
  }
})

// case 3: what ended a process that used an off-the-shelf parser
for (const uri of [
  'tel:+33123456789',
  'urn:service:sos',
  'http://example.org/',
  'mailto:a@b',
  'sip:%ff@example.org',
  'sip:%@b',
]) {
  test(`security case 3: INVITE ${uri} is read, the URI byte for byte`, () => {
    const request = parseMessage(message({ start: `INVITE ${uri} SIP/2.0` })) as SipRequest
    assert.equal(request.uri, uri)
    assert.equal(parseUri(request.uri).raw, uri)
    assert.ok(serialize(request).toString('latin1').startsWith(`INVITE ${uri} SIP/2.0\r\n`))
  })
}
test('security case 3: Contact: * is read', () => {
  const { headers } = parseMessage(withLine('Contact: *'))
  assert.equal(parseNameAddr(headers.values('Contact')[0]!).uri, '*')
})
test('security case 3: a response with a bad CSeq is dropped', () => {
  for (const cseq of ['CSeq: bad', 'CSeq: -1 INVITE', 'CSeq:', 'CSeq: 4294967296 INVITE', 'X: y']) {
    const lines = inviteLines.map((line) => line.replace(/^CSeq.*/, cseq))
    assert.equal(outcome(message({ start: 'SIP/2.0 200 OK', lines })), 'dropped')
  }
})
