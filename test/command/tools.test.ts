import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { listSections } from '../../src/config/dump-default.ts'
import { root, runCommand } from '../support/command/run-command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const rules = String.raw`[b2bua-server::trenscrypter]
outgoing-enc-regex=zrtp sip:.*@z\.example sdes sip:.*@s\.example none .*
outgoing-srtp-regex=AES_256_CM_HMAC_SHA1_80;AEAD_AES_256_GCM sip:.*@s\.example
`

function configOf(t: TestContext, text: string): string {
  return join(temporaryDirectory(t, { 'flexisip.conf': text }), 'flexisip.conf')
}

/** A configuration whose folders can be looked at by anybody. */
function sound(t: TestContext): string {
  const directory = temporaryDirectory(t)
  return configOf(
    t,
    `[global]\nlog-directory=${directory}\n[b2bua-server]\ndata-directory=${directory}/data\nuser-agent=Flexisip-B2BUA/1.0\n${rules}`,
  )
}

describe('tools', { concurrency: 4 }, () => {
  test('--version names the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.deepEqual(await runCommand(['--version']), { status: 0, stdout: `flexisip-b2bua ${version}\n`, stderr: '' })
  })

  test('--help goes to standard output, a usage error to standard error, with status 1', async () => {
    const help = await runCommand(['--help'])
    assert.equal(help.status, 0)
    assert.match(help.stdout, /^Usage: flexisip-b2bua /)
    const wrong = await runCommand(['--daemon'])
    assert.deepEqual(wrong, { status: 1, stdout: '', stderr: "Unknown option '--daemon'\nTry --help.\n" })
  })

  test('--list-sections names each section that --dump-default prints', async () => {
    const { status, stdout } = await runCommand(['--list-sections'])
    assert.equal(status, 0)
    assert.deepEqual(stdout.trimEnd().split('\n'), listSections())
  })

  test('--dump-default all prints a file that check-config takes, a section only itself', async (t) => {
    const [all, one] = await Promise.all([
      runCommand(['--dump-default', 'all']),
      runCommand(['--dump-default', 'module::B2bua']),
    ])
    assert.equal(all.status, 0)
    assert.deepEqual(one.stdout.match(/^\[.*\]$/gm), ['[module::B2bua]'])
    assert.ok(all.stdout.includes(one.stdout))
    const checked = await runCommand(['check-config', '-c', configOf(t, all.stdout)])
    assert.doesNotMatch(checked.stdout, / error: (?!.*directory)/)
  })

  test('--dump-default of an unknown section fails with status 1', async () => {
    const { status, stdout, stderr } = await runCommand(['--dump-default', 'nowhere'])
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /^couldn't find node 'nowhere'; write all or one of global, /)
  })

  test('a server that this version does not have is a bad configuration', async () => {
    const { status, stderr } = await runCommand(['--server', 'presence'])
    assert.equal(status, 255)
    assert.match(stderr, /write b2bua, proxy, all/)
  })

  test('check-config says that a sound file is sound, with status 0', async (t) => {
    const config = sound(t)
    const [plain, json] = await Promise.all([
      runCommand(['check-config', '-c', config]),
      runCommand(['check-config', '--json', '-c', config]),
    ])
    assert.deepEqual(plain, { status: 0, stdout: `${config}: nothing to complain about\n`, stderr: '' })
    assert.deepEqual(json, { status: 0, stdout: '[]\n', stderr: '' })
  })

  test('check-config says what keeps calls from working beside a Flexisip, with status 0', async (t) => {
    const config = configOf(t, '[b2bua-server]\nuser-agent=B/1\n[module::B2bua]\nenabled=false\n')
    const { status, stdout } = await runCommand(['check-config', '-c', config])
    assert.equal(status, 0)
    assert.equal(
      stdout,
      `${config}:4:9: warning: module::B2bua is not enabled: the proxy sends no call to this server; write enabled=true in [module::B2bua]\n`,
    )
  })

  test('check-config prints each problem with its place and what to write, with status 1', async (t) => {
    const config = configOf(
      t,
      '[b2bua-server]\ntransport=sip:0.0.0.0:6067;transport=tcp\nmax-calls=many\napplication=sip-bridge\n' +
        '[b2bua-server::trenscrypter]\noutgoing-enc-regex=dtsl-srtp .* sdes (\n',
    )
    const [plain, json] = await Promise.all([
      runCommand(['check-config', '-c', config]),
      runCommand(['check-config', '--json', '-c', config]),
    ])
    assert.equal(plain.status, 1)
    const problems = plain.stdout.split('\n')
    const at = (place: string): string => problems.find((line) => line.startsWith(`${config}:${place}: error: `)) ?? ''
    assert.match(at('2:11'), /write media-address=/)
    assert.match(at('3:11'), /many/)
    assert.match(at('4:13'), /sip-bridge is not in this version; write application=trenscrypter/)
    assert.match(at('6:20'), /write 'dtls-srtp'/)
    assert.match(at('6:38'), /;/)
    assert.equal(json.status, 1)
    const parsed = JSON.parse(json.stdout) as { line: number; column: number; severity: string }[]
    assert.deepEqual(
      parsed.filter(({ severity }) => severity === 'error').map(({ line, column }) => `${line}:${column}`),
      ['2:11', '3:11', '4:13', '6:20', '6:38'],
    )
  })

  test('a configuration file that is missing is told, by tools with status 1', async () => {
    for (const result of await Promise.all([
      runCommand(['check-config', '-c', '/nowhere/flexisip.conf']),
      runCommand(['explain', 'sip:a@b', '-c', '/nowhere/flexisip.conf']),
      runCommand(['config-get', 'global/log-level', '-c', '/nowhere/flexisip.conf']),
    ])) {
      assert.equal(result.status, 1)
      assert.match(
        result.stdout + result.stderr,
        /^\/nowhere\/flexisip.conf:1:1: error: there is no such file; make it, /,
      )
    }
  })

  test('explain answers one URI in a sentence or as JSON', async (t) => {
    const config = configOf(t, rules)
    const [plain, json, from] = await Promise.all([
      runCommand(['explain', 'sip:bob@s.example', '-c', config]),
      runCommand(['explain', 'sip:bob@s.example', '--json', '-c', config]),
      runCommand(['explain', 'sip:bob@s.example', '--from-mode', 'zrtp', '-s', 'b2bua-server::trenscrypter/outgoing-enc-regex=sdes sip:.*@other', '--json', '-c', config]), // prettier-ignore
    ])
    assert.match(plain.stdout, /^sip:bob@s\.example: .*sdes.*flexisip\.conf:2:43/)
    assert.deepEqual(JSON.parse(json.stdout), {
      uri: 'sip:bob@s.example',
      mode: 'sdes',
      rule: 1,
      fallback: [],
      suites: ['AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_256_GCM'],
      srtpRule: 0,
      at: `${config}:2:43`,
    })
    const { mode, rule, suites } = JSON.parse(from.stdout) as Record<string, unknown>
    assert.deepEqual({ mode, rule, suites }, { mode: 'zrtp', rule: null, suites: null })
    assert.deepEqual([plain.status, json.status, from.status], [0, 0, 0])
  })

  test('explain answers each line of standard input by one line', async (t) => {
    const lines = ['sip:a@z.example', 'sip:b@s.example\tdtls-srtp', 'sip:c\u2028d@s.example', '', 'sip:e@x.example\r']
    const { status, stdout } = await runCommand(['explain', '--json', '-c', configOf(t, rules)], lines.join('\n'))
    assert.equal(status, 0)
    const answers = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { uri: string; mode?: string }) // prettier-ignore
    assert.deepEqual(
      answers.map(({ mode }) => mode),
      ['zrtp', 'sdes', undefined, undefined, 'none'],
    )
    assert.equal(answers.length, lines.length)
  })

  test('explain refuses a mode that is none, and more than one URI', async (t) => {
    const config = configOf(t, rules)
    const [mode, two] = await Promise.all([
      runCommand(['explain', 'sip:a@b', '--from-mode', 'tls', '-c', config]),
      runCommand(['explain', 'sip:a@b', 'sip:c@d', '-c', config]),
    ])
    assert.match(mode.stderr, /--from-mode is zrtp, dtls-srtp, sdes or none, not 'tls'/)
    assert.match(two.stderr, /explain takes one URI/)
    assert.deepEqual([mode.status, two.status], [1, 1])
  })

  test('explain reports on standard error what the server would skip', async (t) => {
    const config = configOf(t, '[b2bua-server::trenscrypter]\noutgoing-enc-regex=dtsl-srtp .* none .*\n')
    const { status, stdout, stderr } = await runCommand(['explain', 'sip:a@b', '-c', config])
    assert.equal(status, 0)
    assert.match(stdout, /none/)
    assert.match(stderr, /:2:20: error: .*'dtsl-srtp'/)
  })

  test('config-get prints a value as it was read, under both its spellings', async (t) => {
    const config = configOf(t, '[b2bua-server]\ntransports=sip:127.0.0.1:7;transport=tcp\n')
    const get = (path: string) => runCommand(['config-get', path, '-c', config])
    const [transport, alias, fallback, missing] = await Promise.all([
      get('b2bua-server/transport'),
      get('b2bua-server/transports'),
      get('b2bua-server/max-calls'),
      get('b2bua-server/nothing'),
    ])
    assert.equal(transport.stdout, 'sip:127.0.0.1:7;transport=tcp\n')
    assert.equal(alias.stdout, transport.stdout)
    assert.equal(fallback.stdout, '500\n')
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /^Not found: b2bua-server\/nothing/)
  })

  test('a reader that leaves ends the program without a word', (t) => {
    const config = configOf(t, rules)
    const uris = join(temporaryDirectory(t, { uris: 'sip:bob@s.example\n'.repeat(20_000) }), 'uris')
    for (const command of ['--dump-default all', `explain -c ${config} < ${uris}`]) {
      const shell = `"${process.execPath}" src/main.ts ${command} | head -n 1`
      const { stdout, stderr } = spawnSync('sh', ['-c', shell], { cwd: root, encoding: 'utf8' })
      assert.equal(stdout.split('\n').length, 2)
      assert.equal(stderr, '')
    }
  })
})
