import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCommand } from '../support/command/run-command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What check-config says of a file for a proxy of this program. */
async function check(t: TestContext, text: string): Promise<string[]> {
  const file = join(temporaryDirectory(t), 'flexisip.conf')
  writeFileSync(file, text)
  const { stdout } = await runCommand([
    ...['check-config', '--server', 'proxy', '-c', file],
    ...['--set', 'b2bua-server/user-agent=Flexisip-B2BUA/1.0'],
  ])
  return stdout.replaceAll(`${file}:`, '').trimEnd().split('\n')
}

test('what would keep the proxy from starting is found once, at its place, with what to write', async (t) => {
  const authentication = '[module::Authentication]\nenabled=true\n'
  for (const [text, expected] of [
    ["[module::B2bua]\nenabled=true\nfilter=user-agent contains 'x\n", /^3:\d+: error: /],
    ['[module::B2bua]\nb2bua-server=sip:\n', /^2:14: error: /],
    ['[global]\ntransports=sip:127.0.0.1:5060;transport=sctp\n', /^2:12: error: .*sctp/],
    ['[module::Registrar]\nmin-expires=100\nmax-expires=99\n', /^3:13: error: .*; write at least min-expires$/],
    [`${authentication}available-algorithms=MD5 SHA-512\n`, /^3:22: error: .*; write MD5, SHA-256, or both$/],
    [`${authentication}db-implementation=soci\n`, /^3:19: error: .*; write db-implementation=file /],
    [authentication, /^1:1: error: there is no password file; write file-path=<FILE>$/],
    [`${authentication}file-path=/nowhere/passwords\n`, /\/nowhere\/passwords/],
  ] as const) {
    const lines = await check(t, text)
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0]!, expected)
  }
})

test('a filter that misses CANCEL is no matter to a proxy that sends it after its INVITE', async (t) => {
  const [line] = await check(t, "[module::B2bua]\nenabled=true\nfilter=request.method == 'INVITE'\n")
  assert.match(line!, /nothing to complain about$/)
})

test('beside another program a password file that only that one can read is no matter to the B2BUA', async (t) => {
  const file = join(temporaryDirectory(t), 'flexisip.conf')
  writeFileSync(file, '[module::Authentication]\nenabled=true\nfile-path=/nowhere/passwords\n')
  const { stdout } = await runCommand(['check-config', '--server', 'b2bua', '-c', file])
  assert.doesNotMatch(stdout, /error|passwords/)
})
