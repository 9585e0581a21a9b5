import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helpText, parseOptions, UsageError } from '../../src/command/options.ts'

test('without options the b2bua runs with the configuration of the packages', () => {
  assert.deepEqual(parseOptions([]), {
    tool: undefined,
    arguments: [],
    server: undefined,
    config: '/etc/flexisip/flexisip.conf',
    companion: undefined,
    overrides: [],
    debug: false,
    pidfile: undefined,
    syslog: false,
    console: true,
    dumpDefault: undefined,
    listSections: false,
    version: false,
    help: false,
    json: false,
    fromMode: undefined,
    message: undefined,
  })
})

test("the command line of Flexisip's unit is understood", () => {
  const args = ['--server', 'b2bua', '--disable-stdout', '--syslog', '--pidfile', '/var/run/flexisip-b2bua.pid']
  const { server, console, syslog, pidfile } = parseOptions(args)
  assert.deepEqual(
    { server, console, syslog, pidfile },
    {
      server: 'b2bua',
      console: false,
      syslog: true,
      pidfile: '/var/run/flexisip-b2bua.pid',
    },
  )
})

test('short and long spellings are the same', () => {
  const short = parseOptions(['-c', 'a.conf', '-s', 'x/y=1', '-s', 'x/z=a=b', '-d', '-p', 'pid', '-h'])
  const long = ['--config=a.conf', '--set=x/y=1', '--set', 'x/z=a=b', '--debug', '--pidfile=pid', '--help']
  assert.deepEqual(parseOptions(long), short)
  assert.deepEqual(short.overrides, ['x/y=1', 'x/z=a=b'])
})

test('tools take their arguments before and behind options', () => {
  const { tool, arguments: rest, json, fromMode, config } = parseOptions([
    'explain', '--json', 'sip:bob@sip.example.org', '--from-mode', 'sdes', '-c', 'a.conf', '--companion', 'b.conf',
  ]) // prettier-ignore
  assert.deepEqual(
    [tool, rest, json, fromMode, config],
    ['explain', ['sip:bob@sip.example.org'], true, 'sdes', 'a.conf'],
  )
})

test('--dump-all-default is --dump-default all', () => {
  assert.equal(parseOptions(['--dump-all-default']).dumpDefault, 'all')
  assert.equal(parseOptions(['--dump-default', 'global']).dumpDefault, 'global')
})

for (const [args, message] of [
  [['--daemon'], /^Unknown option '--daemon'$/],
  [['-x'], /^Unknown option '-x'$/],
  [['--config'], /'-c, --config <value>' argument missing/],
  [['-c', '-d'], /^Option '-c' argument is ambiguous.$/],
  [['--debug=yes'], /'-d, --debug' does not take an argument/],
  [['frobnicate'], /^unknown command 'frobnicate'; it is one of check-config, explain, explain-filter, config-get, /],
] as const) {
  test(`${args.join(' ')} is an error that says what is wrong`, () => {
    assert.throws(
      () => parseOptions(args),
      (error) => error instanceof UsageError && message.test(error.message),
    )
  })
}

test('the help names every option that is understood', () => {
  const named = new Set(helpText.match(/--[a-z-]+/g))
  for (const option of named) {
    if (option === '--version' || option === '--help') continue
    assert.doesNotThrow(() => tryOption(option), option)
  }
  for (const option of [
    '--server',
    '--config',
    '--companion',
    '--set',
    '--debug',
    '--pidfile',
    '--syslog',
    '--disable-stdout',
    '--dump-default',
    '--list-sections',
    '--json',
    '--from-mode',
  ])
    // prettier-ignore
    assert.ok(named.has(option), option)
})

/** Parses an option, with a value when it wants one. */
function tryOption(option: string): void {
  try {
    parseOptions([option])
  } catch (error) {
    if (!(error instanceof UsageError) || !error.message.includes('argument missing')) throw error
    parseOptions([option, 'value'])
  }
}
