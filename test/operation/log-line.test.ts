import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatLogLine } from '../../src/operation/log-line.ts'

test('fields stand behind the text, quoted only where a bare value would be read wrongly', () => {
  assert.equal(
    formatLogLine('call', { to: 'sip:bob@sip.example.org;a=b', seconds: 4, ok: true, none: undefined }),
    'call to=sip:bob@sip.example.org;a=b seconds=4 ok=true',
  )
  assert.equal(
    formatLogLine('x', { a: '', b: 'two words', c: '"', d: 'a\\b' }),
    String.raw`x a="" b="two words" c="\"" d="a\\b"`,
  )
})

test('nothing that a peer sends ends a line or hides a part of it', () => {
  const hostile = 'a\r\n2026-01-01 error forged\u001b[2K\u0000\u007f\u0085\u2028\u2029\u202e\u200b\ufeff'
  const escaped = String.raw`a\u000d\u000a2026-01-01 error forged\u001b[2K\u0000\u007f\u0085\u2028\u2029\u202e\u200b\ufeff`
  assert.equal(formatLogLine(hostile, { from: hostile }), `${escaped} from="${escaped}"`)
})

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

test('a value reads back as it was, and shows no control, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), latin1), (value) => {
      const line = formatLogLine('text', { key: value })
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u)
      const shown = line.slice('text key='.length)
      const read: unknown = shown.startsWith('"') ? JSON.parse(shown) : shown
      const bytes = Buffer.from(value, 'latin1')
      assert.ok(read === value || read === bytes.toString('utf8'), shown)
    }),
  )
})

test('bytes of UTF-8 are shown as UTF-8, others one by one', () => {
  const onTheWire = Buffer.from('"Zoë" <sip:z@ü.example>').toString('latin1')
  assert.equal(formatLogLine('', { from: onTheWire }), String.raw` from="\"Zoë\" <sip:z@ü.example>"`)
  assert.equal(formatLogLine('', { from: 'Zo\xeb' }), ' from=Zoë')
  assert.equal(formatLogLine('', { to: 'größer → kleiner' }), ' to="größer → kleiner"')
  assert.equal(formatLogLine('', { raw: '\xc3' }), ' raw=Ã')
})

test('a value of 64 KiB is cut', () => {
  const line = formatLogLine('call', { subject: 'x'.repeat(65_536) })
  assert.ok(line.length < 4300)
  assert.match(line, /x… \(61440 characters more\)"$/)
})
