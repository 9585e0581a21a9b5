import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResponse, type SipRequest } from '../../../src/sip/message/message.ts'
import { type MessageLimits } from '../../../src/sip/message/limits.ts'
import { MessageError, parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { inviteLines, message } from './sample.ts'

/** The error of a message that must be refused. */
function refused(bytes: Buffer, limits?: MessageLimits): MessageError {
  try {
    parseMessage(bytes, limits)
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error))
    return error
  }
  return assert.fail('it was accepted')
}

/** Code, status and whether it is answered. */
const verdict = (bytes: Buffer, limits?: MessageLimits): string => {
  const { code, status, request } = refused(bytes, limits)
  return request ? `${status} ${code}` : `dropped ${code}`
}

test('a request has its parts, and its body is bytes', () => {
  const bytes = message({ body: Buffer.from([0, 255, 13, 10, 13, 10, 0]) })
  const request = parseMessage(bytes) as SipRequest
  assert.deepEqual(
    [request.kind, request.method, request.uri, request.headers.get('Call-ID')],
    ['request', 'INVITE', 'sip:bob@example.org', 'call-1'],
  )
  assert.deepEqual([...request.body], [0, 255, 13, 10, 13, 10, 0])
})

test('a response has its parts', () => {
  const response = parseMessage(message({ start: 'SIP/2.0 404 Not  Found ' }))
  assert.ok(response.kind === 'response')
  assert.deepEqual([response.status, response.reason], [404, 'Not  Found '])
})

test('a status line may lack the reason and its space', () => {
  for (const start of ['SIP/2.0 200', 'SIP/2.0 200 ', 'sip/2.0 200 ']) {
    const response = parseMessage(message({ start }))
    assert.ok(response.kind === 'response' && response.status === 200 && response.reason === '')
  }
})

test('unknown header fields are relayed byte for byte, name spelling and order too', () => {
  const odd = ['x-ODD_name: \t ;;,,"<\\ ', 'X-Odd_Name:', 'y: Zürich \xff\xfe%00', 'X-Last:a:b: c']
  const bytes = message({ lines: [...inviteLines, ...odd] })
  const text = serialize(parseMessage(bytes)).toString('latin1')
  for (const line of ['x-ODD_name: ;;,,"<\\', 'X-Odd_Name: ', 'y: Zürich \xff\xfe%00', 'X-Last: a:b: c']) {
    assert.ok(text.includes(`\r\n${line}\r\n`), line)
  }
  const names = text.split('\r\n').map((line) => line.split(':')[0])
  assert.deepEqual(names.slice(1, 10), [
    'Via',
    'From',
    't',
    'Call-ID',
    'CSeq',
    'x-ODD_name',
    'X-Odd_Name',
    'y',
    'X-Last',
  ])
})

test('folded fields are unfolded with one space for each fold', () => {
  const lines = [...inviteLines, 'Subject: one', '  two', '\t', '\t three  ', 'X:', ' y']
  const { headers } = parseMessage(message({ lines }))
  assert.deepEqual([headers.get('s'), headers.get('X')], ['one two three', 'y'])
})

test('bare LF is read as a line end, also mixed with CRLF', () => {
  const text = message({ body: Buffer.from('v=0\n') }).toString('latin1')
  const head = text.slice(0, -4)
  for (const variant of [head.replaceAll('\r\n', '\n'), head.replace('\r\n', '\n'), `${head.slice(0, -2)}\n`]) {
    const request = parseMessage(Buffer.from(`${variant}v=0\n`, 'latin1'))
    assert.equal(request.headers.size, 6)
    assert.equal(request.body.toString(), 'v=0\n')
  }
})

test('line ends before a message are skipped', () => {
  assert.equal(parseMessage(Buffer.concat([Buffer.from('\r\n\r\n\n'), message({})])).kind, 'request')
  assert.equal(verdict(Buffer.from('\r\n\r\n')), 'dropped SIP_EMPTY')
  assert.equal(verdict(Buffer.alloc(0)), 'dropped SIP_EMPTY')
})

test('a bare CR inside a line is answered 400: some read it as a line end, some do not', () => {
  for (const line of ['Subject: a\rEvil: 1', 'Subject: \r\r', 'Sub\rject: x', 'Subject: a\r']) {
    assert.equal(verdict(message({ lines: [...inviteLines, line] })), '400 SIP_CONTROL_CHARACTER')
  }
})

test('NUL bytes in the head are answered 400, but for a quoted-pair', () => {
  assert.equal(verdict(message({ lines: [...inviteLines, 'Subject: a\0b'] })), '400 SIP_CONTROL_CHARACTER')
  assert.equal(verdict(message({ start: 'INVITE sip:a\0b@example.org SIP/2.0' })), '400 SIP_START_LINE')
  assert.equal(verdict(message({ lines: [...inviteLines, 'Sub\0ject: a'] })), '400 SIP_HEADER_LINE')
  assert.equal(verdict(Buffer.alloc(900)), 'dropped SIP_START_LINE')
  assert.equal(parseMessage(message({ lines: [...inviteLines, 'Subject: "\\\0"'] })).headers.get('s'), '"\\\0"')
})

for (const name of ['From', 't', 'Call-ID', 'CSeq']) {
  test(`a missing ${name} is answered 400, as well as it goes`, () => {
    const bytes = message({ lines: inviteLines.filter((line) => !line.startsWith(`${name}:`)) })
    assert.equal(verdict(bytes), '400 SIP_HEADER_MISSING')
    const answer = serialize(createResponse(refused(bytes).request!, 400, { toTag: 'x' })).toString()
    assert.ok(answer.startsWith('SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n'))
  })

  test(`a doubled ${name} is answered 400, in whichever spelling`, () => {
    const line = inviteLines.find((one) => one.startsWith(`${name}:`))!
    assert.equal(verdict(message({ lines: [...inviteLines, line] })), '400 SIP_HEADER_DOUBLED')
    assert.equal(verdict(message({ lines: [...inviteLines, line.replace(/^t:/, 'TO :')] })), '400 SIP_HEADER_DOUBLED')
  })
}

test('without a Via there is nobody to answer: dropped', () => {
  assert.equal(verdict(message({ lines: inviteLines.slice(1) })), 'dropped SIP_HEADER_MISSING')
})

test('a missing Max-Forwards is tolerated', () => {
  assert.equal(parseMessage(message({})).headers.has('Max-Forwards'), false)
})

for (const [what, find, replacement] of [
  ['Via without host', /^Via.*/, 'Via: SIP/2.0/UDP ;branch=z9hG4bK1'],
  ['empty Via', /^Via.*/, 'Via:'],
  ['From with an open quote', /^From.*/, 'From: "a <sip:a@b>;tag=1'],
  ['To with two tags', /^t:.*/, 't: <sip:a@b>;tag=1;tag=2'],
  ['empty To', /^t:.*/, 't:'],
  ['empty Call-ID', /^Call-ID.*/, 'Call-ID: '],
  ['CSeq without method', /^CSeq.*/, 'CSeq: 1'],
] as const) {
  test(`${what} is answered 400`, () => {
    const bytes = message({ lines: inviteLines.map((line) => line.replace(find, replacement)) })
    assert.equal(verdict(bytes), '400 SIP_HEADER')
    assert.equal((refused(bytes).cause as Error).name, 'HeaderError')
  })
}

test('only the top Via must be readable: the others are the responses’ affair', () => {
  const lines = ['Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, garbage', 'Via: more garbage', ...inviteLines.slice(1)]
  assert.equal(parseMessage(message({ lines })).kind, 'request')
})

test('a CSeq of another method is answered 400, in a response it says which request it is for', () => {
  const lines = inviteLines.map((line) => line.replace('1 INVITE', '1 BYE'))
  assert.equal(verdict(message({ lines })), '400 SIP_CSEQ_METHOD')
  assert.equal(parseMessage(message({ lines, start: 'SIP/2.0 200 OK' })).kind, 'response')
})

test('an ACK is never answered', () => {
  assert.equal(verdict(message({ start: 'ACK sip:a@b SIP/2.0' })), 'dropped SIP_CSEQ_METHOD')
})

test('malformed responses are dropped', () => {
  const bad = (find: string, replacement: string): Buffer =>
    message({ start: 'SIP/2.0 200 OK', lines: inviteLines.map((line) => line.replace(find, replacement)) })
  assert.equal(verdict(bad('1 INVITE', 'x INVITE')), 'dropped SIP_HEADER')
  assert.equal(verdict(bad('1 INVITE', '99999999999 INVITE')), 'dropped SIP_HEADER')
  assert.equal(verdict(bad('CSeq', 'X-CSeq')), 'dropped SIP_HEADER_MISSING')
  for (const start of [
    'SIP/2.0 99 x',
    'SIP/2.0 700 x',
    'SIP/2.0 20 x',
    'SIP/2.0 2000 x',
    'SIP/2.0',
    'SIP/2.0  200 x',
    'SIP/3.0 200 x',
  ]) {
    assert.equal(verdict(message({ start })), 'dropped SIP_START_LINE', start)
  }
})

for (const [start, expected] of [
  ['INVITE sip:b@example.org SIP/3.0', '505 SIP_VERSION'],
  ['INVITE sip:b@example.org SIP/2.00', '505 SIP_VERSION'],
  ['INVITE  sip:b@example.org SIP/2.0', '400 SIP_START_LINE'],
  ['INVITE sip:b@example.org  SIP/2.0', '400 SIP_START_LINE'],
  ['INVITE sip:b@example.org SIP/2.0 ', '400 SIP_START_LINE'],
  ['INVITE\tsip:b@example.org SIP/2.0', 'dropped SIP_START_LINE'],
  ['INVITE SIP/2.0', '400 SIP_START_LINE'],
  ['INVITE sip: SIP/2.0', '400 SIP_START_LINE'],
  ['INVITE bob SIP/2.0', '400 SIP_START_LINE'],
  ['INVITE sip:b@example.org?a=b SIP/2.0', '400 SIP_START_LINE'],
  ['INV(TE sip:b@example.org SIP/2.0', 'dropped SIP_START_LINE'],
  [' INVITE sip:b@example.org SIP/2.0', 'dropped SIP_START_LINE'],
  ['GET / HTTP/1.1', 'dropped SIP_START_LINE'],
  ['INVITE sip:b@example.org', 'dropped SIP_START_LINE'],
  ['\x16\x03\x01\x02', 'dropped SIP_START_LINE'],
] as const) {
  test(`start line ${JSON.stringify(start)}: ${expected}`, () => {
    assert.equal(verdict(message({ start })), expected)
  })
}

for (const line of ['no colon here', ': no name', 'two words: x', 'Näme: x', '(x): y']) {
  test(`a line that is no header field is answered 400: ${JSON.stringify(line)}`, () => {
    assert.equal(verdict(message({ lines: [...inviteLines, line] })), '400 SIP_HEADER_LINE')
    assert.equal(verdict(message({ lines: [line, ' folded', ...inviteLines] })), '400 SIP_HEADER_LINE')
  })
}

test('a first line that continues nothing is answered 400', () => {
  assert.equal(verdict(message({ lines: [' folded', ...inviteLines] })), '400 SIP_HEADER_LINE')
})

test('a head without its blank line is answered 400', () => {
  const whole = message({})
  for (const cut of [2, 3, 10]) assert.equal(verdict(whole.subarray(0, whole.length - cut)), '400 SIP_HEAD_UNFINISHED')
})

for (const [value, expected] of [
  ['-1', '400 SIP_CONTENT_LENGTH'],
  ['+1', '400 SIP_CONTENT_LENGTH'],
  ['1x', '400 SIP_CONTENT_LENGTH'],
  ['', '400 SIP_CONTENT_LENGTH'],
  ['4, 4', '400 SIP_CONTENT_LENGTH'],
  ['4294967300', '400 SIP_CONTENT_LENGTH'],
  ['99999999999999999999999999', '400 SIP_CONTENT_LENGTH'],
  ['5', '400 SIP_BODY_SHORT'],
  ['65537', '413 SIP_BODY_TOO_LARGE'],
] as const) {
  test(`Content-Length: ${value} of a body of 4 bytes: ${expected}`, () => {
    const bytes = message({
      lines: [...inviteLines, `Content-Length: ${value}`],
      body: Buffer.from('v=0\n'),
      length: false,
    })
    assert.equal(verdict(bytes), expected)
  })
}

test('a datagram’s body is cut at its Content-Length, and is the rest without one', () => {
  const body = Buffer.from('v=0\n')
  const of = (lines: string[]): string => parseMessage(message({ lines, body, length: false })).body.toString()
  assert.equal(of([...inviteLines, 'l: 003']), 'v=0')
  assert.equal(of([...inviteLines, 'l: 4', 'Content-Length: 4']), 'v=0\n')
  assert.equal(of([...inviteLines]), 'v=0\n')
})

test('several Content-Length that differ are answered 400', () => {
  const lines = [...inviteLines, 'Content-Length: 4', 'l: 3']
  assert.equal(verdict(message({ lines, body: Buffer.from('v=0\n'), length: false })), '400 SIP_CONTENT_LENGTH')
})

test('limits: 64 KiB of head, 256 fields, 64 KiB of body, or what the caller says', () => {
  const fields = (n: number): string[] => Array.from({ length: n }, (_, i) => `X: ${i}`)
  const size = (n: number): Buffer => message({ lines: [...inviteLines, `X: ${'y'.repeat(n)}`] })
  const headRoom = 65536 - size(0).length
  assert.equal(parseMessage(size(headRoom)).kind, 'request')
  assert.equal(verdict(size(headRoom + 1)), 'dropped SIP_HEAD_TOO_LARGE')
  assert.equal(parseMessage(message({ lines: [...inviteLines, ...fields(250)] })).headers.size, 256)
  assert.equal(verdict(message({ lines: [...inviteLines, ...fields(251)] })), '513 SIP_TOO_MANY_HEADERS')
  assert.equal(parseMessage(message({ body: Buffer.alloc(65536) })).body.length, 65536)
  assert.equal(verdict(message({ body: Buffer.alloc(65537) })), '413 SIP_BODY_TOO_LARGE')
  const small = { headBytes: 400, bodyBytes: 3, headers: 7 }
  assert.equal(verdict(message({ body: Buffer.alloc(4) }), small), '413 SIP_BODY_TOO_LARGE')
  assert.equal(verdict(message({ lines: [...inviteLines, 'X: 1', 'X: 2'] }), small), '513 SIP_TOO_MANY_HEADERS')
})

test('what is refused is never quoted: it may be a secret', () => {
  const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
  const lines = [...inviteLines, `Authorization ${secret}`, `To: "${secret} <x>`]
  assert.ok(!refused(message({ lines })).message.includes(secret))
  assert.ok(!refused(message({ start: `INVITE ${secret} SIP/2.0` })).message.includes(secret))
})
