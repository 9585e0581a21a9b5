import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname

const invite = [
  'INVITE sip:bob@sip.example.org SIP/2.0',
  'Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1',
  'From: <sip:alice@sip.example.org>;tag=1',
  'To: <sip:bob@sip.example.org>',
  'Call-ID: 1',
  'CSeq: 1 INVITE',
  'User-Agent: phone/1.0',
  '',
  '',
].join('\r\n')

test('explain-filter answers one expression, or one a line, for the message in a file', (t) => {
  const file = join(temporaryDirectory(t), 'invite.sip')
  writeFileSync(file, invite)
  const ask = (args: string[], input = ''): string =>
    spawnSync(process.execPath, [main, 'explain-filter', ...args, '--message', file], { input, encoding: 'utf8' })
      .stdout
  assert.equal(ask(["from.uri.domain == 'sip.example.org'"]), 'true\n')
  const lines = ask([], "user-agent == 'phone/1.0'\nto.uri.user == 'carol'\nfrom.uri.domain = 'x'\n").split('\n')
  assert.deepEqual(lines.slice(0, 2), ['true', 'false'])
  assert.match(lines[2]!, /^error: \d+: /)
})

test('check-config finds what is wrong in the filter of module::B2bua, at its column', (t) => {
  const file = join(temporaryDirectory(t), 'flexisip.conf')
  writeFileSync(file, "[b2bua-server]\nuser-agent=B/1\n[module::B2bua]\nenabled=true\nfilter=from.uri.domain = 'x'\n")
  const { stdout, status } = spawnSync(process.execPath, [main, 'check-config', '-c', file], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stdout, /flexisip\.conf:5:\d+: error: /)
})
