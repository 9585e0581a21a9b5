import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRaw, writeRaw } from '../../src/sdp/sdp-grammar.ts'
import { phoneDescriptions } from '../support/sdp.ts'

const media = (attribute: string): Record<string, unknown> =>
  parseRaw(`v=0\r\nm=audio 4000 RTP/AVP 0\r\na=${attribute}\r\n`).media[0] as unknown as Record<string, unknown>

const rows: readonly (readonly [string, string, unknown])[] = [
  ['zrtp-hash:1.10 5d3e7a0c', 'zrtpHashes', [{ version: '1.10', hash: '5d3e7a0c' }]],
  ['tcap:1 RTP/SAVP UDP/TLS/RTP/SAVP', 'tcap', [{ id: 1, protocols: 'RTP/SAVP UDP/TLS/RTP/SAVP' }]],
  ['acap:7 setup:actpass', 'acap', [{ id: 7, attribute: 'setup:actpass' }]],
  ['pcfg:2 a=5,6,7 t=2', 'pcfg', [{ id: 2, configuration: 'a=5,6,7 t=2' }]],
  ['pcfg:3', 'pcfg', [{ id: 3 }]],
  ['acfg:1 a=1|2|3|4 t=1', 'acfg', [{ id: 1, configuration: 'a=1|2|3|4 t=1' }]],
  ['csup:cap-v0', 'csup', [{ tags: 'cap-v0' }]],
  ['creq:cap-v0,x', 'creq', [{ tags: 'cap-v0,x' }]],
  ['tls-id:abc3de65cddef001be82', 'tlsId', 'abc3de65cddef001be82'],
]
for (const [attribute, property, decoded] of rows) {
  test(`a=${attribute} is decoded, and written back as it was`, () => {
    assert.deepEqual(media(attribute)[property], decoded)
    const text = `v=0\r\nm=audio 4000 RTP/AVP 0\r\na=${attribute}\r\n`
    assert.ok(writeRaw(parseRaw(text)).endsWith(text.slice('v=0\r\n'.length)))
  })
}

test('an attribute that nobody knows still ends among the undecoded ones', () => {
  assert.deepEqual(media('x-unknown: y')['invalid'], [{ value: 'x-unknown: y' }])
})

test('no line of the real phones is lost when it is decoded and written again', () => {
  for (const { call, body } of phoneDescriptions()) {
    const lines = body.toString('latin1').split('\r\n')
    const written = new Set(writeRaw(parseRaw(lines.join('\r\n'))).split('\r\n'))
    assert.deepEqual(
      // a browser without a stream says that it has none, which the package writes as "undefined"
      lines.filter((line) => !written.has(line) && line !== 'a=msid-semantic: WMS'),
      [],
      call,
    )
  }
})
