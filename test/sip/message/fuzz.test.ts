import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderError } from '../../../src/sip/message/header-error.ts'
import { createResponse, type SipMessage } from '../../../src/sip/message/message.ts'
import { parseNameAddr, tagOf, withTag } from '../../../src/sip/message/name-addr.ts'
import { parseCSeq } from '../../../src/sip/message/cseq.ts'
import { MessageError, parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { StreamFramer } from '../../../src/sip/message/stream-framer.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { parseVia } from '../../../src/sip/message/via.ts'
import { inviteLines, message } from './sample.ts'

const torture = new URL('../../torture/rfc4475/', import.meta.url)
const seeds = [
  message({ body: Buffer.from('v=0\r\n') }),
  message({ start: 'SIP/2.0 180 Ringing', lines: [...inviteLines, 'Contact: *', 'Route: <sip:a>, <sip:b>'] }),
  ...readdirSync(torture).map((name) => readFileSync(new URL(name, torture))),
]

/** Bytes that mean something to a parser, and some that should not. */
const fragments = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '<',
    '>',
    '@',
    '%ff',
    '%',
    '=',
    '\xff',
    '\r\n ',
    '\r\n\r\n',
  ],
  ...[
    'Content-Length: -1\r\n',
    'l: 5\r\n',
    'CSeq: 1 X\r\n',
    'To: *\r\n',
    ';tag=a;tag=b',
    'SIP/2.0',
    '[::1',
    '99999999999999999999',
  ],
].map((text) => Buffer.from(text, 'latin1'))

/** One edit: [where, between 0 and 1; how many bytes go; what comes instead]. */
const edit = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.nat(12),
  fc.constantFrom(...fragments, Buffer.alloc(0)),
)
const mutation = fc
  .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([seed, edits]) =>
    edits.reduce((bytes, [where, gone, come]) => {
      const at = Math.floor(where * bytes.length)
      return Buffer.concat([bytes.subarray(0, at), come, bytes.subarray(at + gone)])
    }, seed),
  )

/** Uses a message as the layers above do: what parsing has promised not to throw. */
function use(parsed: SipMessage): void {
  parseVia(parsed.headers.values('Via')[0]!)
  for (const name of ['From', 'To']) {
    const value = parsed.headers.get(name)!
    assert.equal(tagOf(withTag(value, 'x')), 'x')
    assert.equal(parseNameAddr(withTag(value, undefined)).uri, parseNameAddr(value).uri)
  }
  parseCSeq(parsed.headers.get('CSeq')!)
  if (parsed.kind === 'request') parseUri(parsed.uri)
  for (const name of ['Contact', 'Route', 'Record-Route']) parsed.headers.values(name)
}

function parsedOrRefused(bytes: Buffer): SipMessage | undefined {
  try {
    return parseMessage(bytes)
  } catch (error) {
    assert.ok(error instanceof MessageError, String(error))
    if (error.request) serialize(createResponse(error.request, error.status, { toTag: 'x' }))
    return undefined
  }
}

test('mutated messages are read or refused with a MessageError, never anything else', () => {
  fc.assert(
    fc.property(mutation, (bytes) => {
      const parsed = parsedOrRefused(bytes)
      if (parsed) use(parsed)
    }),
    { numRuns: 30_000 },
  )
})

test('random bytes are refused with a MessageError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      parsedOrRefused(Buffer.from(bytes))
    }),
    { numRuns: 5000 },
  )
})

test('what was read is written, and reading that gives the same bytes again', () => {
  fc.assert(
    fc.property(mutation, (bytes) => {
      const parsed = parsedOrRefused(bytes)
      if (parsed === undefined) return
      const written = serialize(parsed)
      assert.deepEqual(serialize(parseMessage(written)), written)
    }),
    { numRuns: 10_000 },
  )
})

test('a mutated stream gives the same however it is cut, and never throws but MessageErrors', () => {
  const drain = (chunks: Buffer[]): string[] => {
    const framer = new StreamFramer()
    const found: string[] = []
    for (const chunk of chunks) {
      framer.push(chunk)
      for (;;) {
        try {
          const next = framer.next()
          if (next === undefined) break
          found.push(next === 'keep-alive' ? next : serialize(next).toString('latin1'))
        } catch (error) {
          assert.ok(error instanceof MessageError, String(error))
          found.push(error.code)
        }
      }
    }
    return found
  }
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(1500), { maxLength: 6 }),
      (list, cuts) => {
        const stream = Buffer.concat(list)
        const sorted = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const chunks = sorted.slice(1).map((end, i) => stream.subarray(sorted[i], end))
        assert.deepEqual(drain(chunks), drain([stream]))
      },
    ),
    { numRuns: 6000 },
  )
})

test('header values are taken apart or refused with a HeaderError', () => {
  const value = fc.string({ unit: fc.constantFrom(...Array.from('aSIP/2.0:;,="<>\\ \t*[]@%?t')), maxLength: 40 })
  fc.assert(
    fc.property(value, (text) => {
      for (const read of [parseVia, parseNameAddr, tagOf, parseCSeq]) {
        try {
          read(text)
        } catch (error) {
          assert.ok(error instanceof HeaderError, String(error))
        }
      }
    }),
    { numRuns: 20_000 },
  )
})
