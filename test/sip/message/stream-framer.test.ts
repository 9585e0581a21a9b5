import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageError } from '../../../src/sip/message/parse.ts'
import { StreamFramer } from '../../../src/sip/message/stream-framer.ts'
import { inviteLines, message } from './sample.ts'

/** Everything that a framer has to say: call-id and body of messages, keep-alives, codes of errors (! when fatal). */
function drain(framer: StreamFramer): string[] {
  const found: string[] = []
  for (;;) {
    try {
      const next = framer.next()
      if (next === undefined) return found
      found.push(next === 'keep-alive' ? next : `${next.headers.get('Call-ID')!}|${next.body.toString('latin1')}`)
    } catch (error) {
      assert.ok(error instanceof MessageError, String(error))
      found.push(error.code + (error.fatal ? '!' : '') + (error.request ? ' answered' : ''))
    }
  }
}
function framed(...chunks: Buffer[]): string[] {
  const framer = new StreamFramer()
  return chunks.flatMap((chunk) => {
    framer.push(chunk)
    return drain(framer)
  })
}
const call = (id: string, body = ''): Buffer =>
  message({ lines: inviteLines.map((line) => line.replace('call-1', id)), body: Buffer.from(body, 'latin1') })
const mismatch = message({
  lines: inviteLines.map((line) => line.replace('1 INVITE', '1 BYE')),
  body: Buffer.from('x'),
})

test('messages in one chunk come one by one, bodies cut by Content-Length in bytes', () => {
  assert.deepEqual(framed(Buffer.concat([call('a', 'v=0\r\n\r\n'), call('b'), call('c', '\xff\0')])), [
    'a|v=0\r\n\r\n',
    'b|',
    'c|\xff\0',
  ])
})

test('a stream split at every byte yields the same messages and keep-alives', () => {
  const ping = Buffer.from('\r\n\r\n')
  const lf = Buffer.from(call('d', 'x').toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
  const stream = Buffer.concat([call('a', 'v=0\r\n'), ping, call('b'), mismatch, Buffer.from('\n\r\n'), lf, ping, ping])
  const expected = framed(stream)
  assert.deepEqual(expected, [
    'a|v=0\r\n',
    'keep-alive',
    'b|',
    'SIP_CSEQ_METHOD answered',
    'd|x',
    'keep-alive',
    'keep-alive',
  ])
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(framed(stream.subarray(0, at), stream.subarray(at)), expected, `split at ${at}`)
  }
  assert.deepEqual(framed(...Array.from(stream, (byte) => Buffer.from([byte]))), expected, 'byte by byte')
})

test('a CRLF CRLF between messages is a keep-alive, a single line end is nothing', () => {
  assert.deepEqual(framed(Buffer.from('\r\n\r\n')), ['keep-alive'])
  assert.deepEqual(framed(Buffer.from('\r\n')), [])
  assert.deepEqual(framed(Buffer.from('\r\n'), call('a')), ['a|'])
  assert.deepEqual(framed(Buffer.from('\n\n\r\n'), call('a')), ['a|'])
  assert.deepEqual(framed(Buffer.from('\r\r\r'), call('a')), ['a|'])
})

test('a malformed message whose length is known is skipped, the stream goes on', () => {
  assert.deepEqual(framed(Buffer.concat([call('a'), mismatch, call('b')])), ['a|', 'SIP_CSEQ_METHOD answered', 'b|'])
})

for (const [what, lines, code] of [
  ['no Content-Length', inviteLines, 'SIP_CONTENT_LENGTH! answered'],
  ['a negative one', [...inviteLines, 'Content-Length: -5'], 'SIP_CONTENT_LENGTH! answered'],
  ['an overflowing one', [...inviteLines, 'l: 18446744073709551616'], 'SIP_CONTENT_LENGTH! answered'],
  ['two that differ', [...inviteLines, 'l: 1', 'l: 2'], 'SIP_CONTENT_LENGTH! answered'],
  ['one beyond the limit', [...inviteLines, 'l: 65537'], 'SIP_BODY_TOO_LARGE! answered'],
  [
    'too many fields to find it',
    [...inviteLines, ...Array.from({ length: 252 }, () => 'X: y')],
    'SIP_TOO_MANY_HEADERS! answered',
  ],
] as const) {
  test(`framing is lost with ${what}: answered, then nothing more is taken`, () => {
    const framer = new StreamFramer()
    framer.push(Buffer.concat([message({ lines, length: false }), call('b')]))
    assert.deepEqual(drain(framer), [code])
    framer.push(call('c'))
    assert.deepEqual(drain(framer), [])
    assert.equal(framer.pendingBytes, 0)
  })
}

test('what is no SIP at all loses the stream without an answer', () => {
  assert.deepEqual(framed(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')), ['SIP_START_LINE!'])
})

test('a head that never ends is refused at 64 KiB, before anything of it is parsed', () => {
  const framer = new StreamFramer()
  const chunk = Buffer.alloc(1000, 'x')
  let pushed = 0
  let verdicts: string[] = []
  while (verdicts.length === 0) {
    framer.push(chunk)
    pushed += chunk.length
    verdicts = drain(framer)
  }
  assert.deepEqual(verdicts, ['SIP_HEAD_TOO_LARGE!'])
  assert.equal(pushed, 66000)
  assert.equal(framer.pendingBytes, 0)
})

test('a head of exactly 64 KiB is taken, one byte more is not, in one chunk or in many', () => {
  const size = (n: number): Buffer => message({ lines: [...inviteLines, `X: ${'y'.repeat(n)}`] })
  const room = 65536 - size(0).length
  for (const cut of [1, 40000, 65535]) {
    const fits = size(room)
    assert.deepEqual(framed(fits.subarray(0, cut), fits.subarray(cut)), ['call-1|'])
    const over = size(room + 1)
    assert.deepEqual(framed(over.subarray(0, cut), over.subarray(cut)), ['SIP_HEAD_TOO_LARGE!'])
  }
})

test('between messages nothing is held, and a body does not keep the chunk that it came in', () => {
  const framer = new StreamFramer()
  const chunk = Buffer.concat([call('a', 'v=0'), Buffer.alloc(50_000, '\n')])
  framer.push(chunk)
  const next = framer.next()
  assert.ok(typeof next === 'object')
  assert.notEqual(next.body.buffer, chunk.buffer)
  assert.equal(framer.next(), undefined)
  assert.equal(framer.pendingBytes, 0)
})

test('a message is unfinished from its first byte to its last; line ends between messages begin none', () => {
  const framer = new StreamFramer()
  const bytes = call('a', 'v=0')
  const after = (chunk: Buffer): boolean => {
    framer.push(chunk)
    drain(framer)
    return framer.unfinished
  }
  assert.equal(framer.unfinished, false)
  assert.equal(after(Buffer.from('\r\n')), false)
  assert.equal(after(bytes.subarray(0, 1)), true)
  assert.equal(after(bytes.subarray(1, bytes.length - 1)), true, 'only a byte of the body is missing')
  assert.equal(after(bytes.subarray(bytes.length - 1)), false)
})
