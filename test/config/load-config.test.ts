import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assemble, type Assembled } from '../../src/config/assemble.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { formatProblem, hasErrors } from '../../src/config/problem.ts'
import { becomeNobody } from '../support/become-nobody.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const file = 'flexisip.conf'
const companion = 'flexisip-b2bua.conf'

function read(text: string, companionText?: string, overrides: readonly string[] = []): Assembled {
  return assemble({ file, text, companion, ...(companionText !== undefined && { companionText }) }, overrides)
}

/** The problems of a file, one a line, as check-config prints them. */
const problemsOf = (...args: Parameters<typeof read>): string[] => read(...args).problems.map(formatProblem)

/** The one problem that a file has. */
function problemOf(...args: Parameters<typeof read>): string {
  const problems = problemsOf(...args)
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0]!
}

describe('values', () => {
  test('defaults hold where the file says nothing', () => {
    const { snapshot, problems } = read('')
    assert.deepEqual(problems, [])
    assert.equal(snapshot.get('b2bua-server', 'application'), 'trenscrypter')
    assert.equal(snapshot.get('b2bua-server', 'transport'), 'sip:127.0.0.1:6067;transport=tcp')
    assert.equal(snapshot.get('b2bua-server', 'outbound-proxy'), 'sip:127.0.0.1:5060;transport=tcp')
    assert.equal(snapshot.get('b2bua-server', 'no-rtp-timeout'), 30_000)
    assert.equal(snapshot.get('b2bua-server', 'max-call-duration'), 0)
    assert.equal(snapshot.get('b2bua-server', 'max-calls'), 500)
    assert.deepEqual(snapshot.get('b2bua-server', 'audio-port'), { min: 0, max: 0 })
    assert.equal(snapshot.get('b2bua-server', 'enable-ice'), true)
    assert.deepEqual(snapshot.get('b2bua-server::trenscrypter', 'outgoing-enc-regex'), [])
    assert.equal(snapshot.get('module::B2bua', 'enabled'), false)
    assert.equal(snapshot.get('global', 'log-level'), 'error')
    assert.equal(snapshot.get('b2bua', 'shutdown-grace'), 5_000)
    assert.equal(snapshot.get('b2bua', 'strict-rules'), false)
    assert.equal(snapshot.at('b2bua-server', 'max-calls'), undefined)
  })

  test('values of the file are typed and keep their place', () => {
    const { snapshot, problems } = read(
      '[B2BUA-server]\nMax-Calls=  7\naudio-port=10000-10100\nno-rtp-timeout=1min\n[module::b2bua]\nenabled=1\n',
    )
    assert.deepEqual(problems, [])
    assert.equal(snapshot.get('b2bua-server', 'max-calls'), 7)
    assert.deepEqual(snapshot.get('b2bua-server', 'audio-port'), { min: 10_000, max: 10_100 })
    assert.equal(snapshot.get('b2bua-server', 'no-rtp-timeout'), 60_000)
    assert.equal(snapshot.get('module::B2bua', 'enabled'), true)
    assert.deepEqual(snapshot.at('b2bua-server', 'max-calls'), { file, line: 2, column: 13 })
  })

  test('the elements of a list keep their places', () => {
    const { snapshot } = read('[b2bua-server::trenscrypter]\noutgoing-enc-regex= zrtp .*@a  sdes .*\n')
    assert.deepEqual(snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-enc-regex'), [
      { text: 'zrtp', file, line: 2, column: 21 },
      { text: '.*@a', file, line: 2, column: 26 },
      { text: 'sdes', file, line: 2, column: 32 },
      { text: '.*', file, line: 2, column: 37 },
    ])
  })

  test('a value may be explicitly empty', () => {
    const { snapshot } = read('[b2bua-server]\nuser-agent=x\n[global]\ncontextual-log-filter= \n')
    assert.deepEqual(snapshot.at('global', 'contextual-log-filter'), { file, line: 4, column: 24 })
  })

  test('a snapshot cannot be changed', () => {
    const { snapshot } = read('[b2bua-server::trenscrypter]\noutgoing-enc-regex=zrtp .*\n')
    const list = snapshot.get('b2bua-server::trenscrypter', 'outgoing-enc-regex')
    assert.ok(Object.isFrozen(snapshot) && Object.isFrozen(snapshot.files) && Object.isFrozen(list))
    assert.ok(Object.isFrozen(snapshot.get('b2bua-server', 'audio-port')))
    assert.ok(Object.isFrozen(snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-enc-regex')))
    assert.ok(Object.isFrozen(snapshot.at('b2bua-server::trenscrypter', 'outgoing-enc-regex')))
  })

  test('texts of sections that are not ours can be asked for too', () => {
    const { snapshot } = read('[module::Registrar]\nReg-Domains=a b\n[b2bua-server]\nmax-calls=7x\n')
    assert.equal(snapshot.text('module::registrar', 'reg-domains'), 'a b')
    assert.equal(snapshot.text('b2bua-server', 'max-calls'), '7x')
    assert.equal(snapshot.text('b2bua-server', 'application'), 'trenscrypter')
    assert.equal(snapshot.text('b2bua-server', 'nothing'), undefined)
  })

  test('the files that parameters name belong to those that reload', () => {
    const { snapshot } = read('', '[b2bua]\ntls-certificates-file=/a.pem\ntls-certificates-private-key=/b.pem\n')
    assert.deepEqual(snapshot.files, [file, companion, '/a.pem', '/b.pem'])
  })
})

describe('what does not belong', () => {
  test('an unknown key of our sections is an error, with the one that was probably meant', () => {
    assert.equal(
      problemOf('[b2bua-server]\n  max-call=7\n'),
      "flexisip.conf:2:3: error: there is no parameter 'max-call' in [b2bua-server], and a Flexisip refuses it too; did you mean 'max-calls'?",
    )
  })

  test('an unknown key without a value is as absent as in a Flexisip', () => {
    assert.deepEqual(problemsOf('[b2bua-server]\nnonsense=\n'), [])
  })

  test('a comment in ini style is explained', () => {
    assert.match(problemOf('[b2bua-server]\n;max-calls=7\n'), /^flexisip.conf:2:1: error: .*begin a comment with '#'/)
  })

  test('sections of other modules are none of our business, nor are keys that we do not list in those of the proxy', () => {
    assert.deepEqual(
      problemsOf('[module::Router]\nanything=1\nflag\n[mdns-register]\nenabled=maybe\n[global]\nplugins=a,b\n'),
      [],
    )
    assert.deepEqual(problemsOf('[module::Registrar]\nservice-route=a,b\n[cluster]\ncluster-domain=x\n'), [])
  })

  test("what the proxy's sections of flexisip.conf hold is only checked by its type", () => {
    const transports = 'transports=sip:*:* sips:a:5061;tls-certificates-file=/no/file;maddr=::1 weird'
    const secrets = 'tls-certificates-file=/no/file'
    assert.deepEqual(problemsOf(`[global]\n${transports}\n${secrets}\n`), [])
    assert.deepEqual(problemsOf('[module::Authentication]\ndb-implementation=soci\nfile-path=/no/file\n'), [])
    assert.match(problemOf('[cluster]\nenabled=maybe\n'), /^flexisip.conf:2:9: error: 'maybe' is not a Boolean/)
  })

  test('a key of [global] that is nearly ours gets a warning', () => {
    assert.match(problemOf('[global]\nlog-levl=debug\n'), /^flexisip.conf:2:1: warning: .*did you mean 'log-level'\?/)
  })

  test('a section that is nearly ours is an error: its rules would be lost', () => {
    assert.match(
      problemOf('[b2bua-server::trenscripter]\noutgoing-enc-regex=zrtp .*\n'),
      /^flexisip.conf:1:1: error: there is no section 'b2bua-server::trenscripter'; write \[b2bua-server::trenscrypter\]/,
    )
    assert.match(problemOf('[modul::B2bua]\nenabled=1\n'), /write \[module::B2bua\]/)
    assert.match(problemOf('[b2bua-server::other]\nx=1\n'), /error: there is no section/)
  })

  test('the sip-bridge of a Flexisip is accepted, and so is an unknown section without keys', () => {
    assert.deepEqual(problemsOf('[b2bua-server::sip-bridge]\nproviders=x.json\n[b2bua-serverr]\n'), [])
  })

  test("settings of this program are refused in flexisip.conf, and Flexisip's in the companion file", () => {
    assert.match(problemOf('[b2bua]\nstrict-rules=true\n'), /error: .*; move it to flexisip-b2bua.conf/)
    assert.match(
      problemOf('', '[b2bua-server]\nmax-calls=7\n'),
      /^flexisip-b2bua.conf:1:1: error: .*; move it to flexisip.conf/,
    )
    assert.match(problemOf('', '[whatever]\nx=1\n'), /^flexisip-b2bua.conf:1:1: error: there is no section 'whatever'/)
  })

  test('the spellings of the public documentation are read, with a warning', () => {
    const text = '[b2bua-server]\ntransports=sip:127.0.0.1:7000;transport=udp\n[module::B2bua]\nenable=true\n'
    const { snapshot, problems } = read(text)
    assert.equal(snapshot.get('b2bua-server', 'transport'), 'sip:127.0.0.1:7000;transport=udp')
    assert.equal(snapshot.get('module::B2bua', 'enabled'), true)
    assert.deepEqual(problems.map(formatProblem), [
      "flexisip.conf:2:1: warning: 'transports' is read here, but a Flexisip that shares this file refuses to start; write 'transport'",
      "flexisip.conf:4:1: warning: 'enable' is read here, but a Flexisip that shares this file refuses to start; write 'enabled'",
    ])
  })

  test('both spellings at once are an error', () => {
    assert.match(
      problemsOf('[module::B2bua]\nenabled=true\nenable=false\n')[0]!,
      /^flexisip.conf:3:1: error: 'enable' says 'enabled' a second time/,
    )
  })

  test('a deprecated parameter gets a warning', () => {
    assert.match(
      problemOf('[module::B2bua]\nfrom-domains=a.org\n'),
      /^flexisip.conf:2:1: warning: from-domains is deprecated/,
    )
  })

  test('a blank value that leaves a default in force gets a warning; one without a default does not', () => {
    assert.match(
      problemOf('[b2bua-server]\ntransport=\n'),
      /^flexisip.conf:2:1: warning: .*'sip:127.0.0.1:6067;transport=tcp'/,
    )
    assert.deepEqual(problemsOf('[module::B2bua]\nfilter=\n'), [])
  })
})

/** Flexisip's case that a key's values are. */
const caseOf = (key: string): string => (key === 'user-agent' ? 'case 7: ' : '')

describe('validation', () => {
  const refused: Readonly<Record<string, readonly string[]>> = {
    application: ['Trenscrypter', 'other'],
    transport: [
      '127.0.0.1:6067',
      'sip:a;transport=ws',
      'sips:a;transport=udp',
      '<sip:a>',
      'sip:a:99999',
      'sip:a sip:b',
      'sip:[::1',
      'tel:1',
    ],
    'outbound-proxy': ['127.0.0.1', ' ', 'http://a', 'sip:'],
    'user-agent': [' ', '/1.0', 'a/', 'a b', 'a/b/c', 'a{version}', 'a/{Version}', 'a/1.{version}', 'ä'],
    'audio-port': ['-5', '10-5', '70000', '0-10', 'x'],
    'video-port': ['a-b'],
    'audio-codec': ['opus', 'opus/', 'opus/48k', 'opus/48000/2'],
    'video-codec': ['VP8/90000', 'VP 8'],
    'no-rtp-timeout': ['0', '500ms', '30 s', '-1'],
    'max-call-duration': ['-1', '1.5h'],
    'max-calls': ['0', '-1', 'many'],
    'enable-ice': ['yes', 'TRUE'],
    'nat-addresses': ['1.2.3.4 5.6.7.8', '::1 ::2'],
  }
  for (const [key, values] of Object.entries(refused)) {
    test(`${caseOf(key)}${key} refuses what is wrong, at its place`, () => {
      for (const value of values) {
        const column = key.length + 2 + (value === ' ' ? 1 : 0)
        const problem = problemOf(`[b2bua-server]\n${key}=${value}\n`)
        assert.match(problem, new RegExp(`^flexisip.conf:2:${value === ' ' ? '\\d+' : column}: error: .+; .+`), value)
      }
    })
  }

  const accepted: Readonly<Record<string, readonly string[]>> = {
    application: ['sip-bridge'],
    transport: ['sip:a', 'sip:a:0;transport=UDP', 'sip:[::1]:5060;transport=tcp', 'SIP:127.0.0.1;transport=tcp'],
    'outbound-proxy': ['sip:proxy.example.org', '<sips:a:5061;transport=tcp;lr>', 'sip:user@a'],
    'user-agent': ['Name', "Name/1.0-rc!%*_+`'~.", 'Name/{version}'],
    'audio-port': ['0', '0-0', '5000', '5000-6000'],
    'audio-codec': ['opus/48000', ' '],
    'max-call-duration': ['0', '2h'],
    'nat-addresses': ['1.2.3.4 ::1', 'host.example.org'],
  }
  for (const [key, values] of Object.entries(accepted)) {
    test(`${caseOf(key)}${key} takes what is right`, () => {
      for (const value of values) assert.deepEqual(problemsOf(`[b2bua-server]\n${key}=${value}\n`), [], value)
    })
  }

  test('[proxy] of the companion file takes what is right, lists included', () => {
    const { snapshot, problems } = read(
      '',
      '[proxy]\nnext-hop=sip:kamailio.example.org;transport=tcp\ntransports=sip:192.0.2.1 sips:192.0.2.1:5061 sip:192.0.2.1:8080;transport=ws sip:192.0.2.1:8443;transport=wss\nb2bua-servers=sip:192.0.2.2:6067;transport=tcp sip:192.0.2.3:6067;transport=tcp\ntrust=user-agent\n',
    )
    assert.deepEqual(problems, [])
    assert.equal(snapshot.get('proxy', 'transports').length, 4)
    assert.equal(snapshot.get('proxy', 'b2bua-servers').length, 2)
    assert.equal(snapshot.get('proxy', 'trust'), 'user-agent')
    const { snapshot: standalone } = read('')
    assert.equal(standalone.get('proxy', 'next-hop'), '')
    assert.deepEqual(standalone.get('proxy', 'transports'), [])
    assert.equal(standalone.get('proxy', 'trust'), 'token')
    assert.deepEqual(standalone.get('global', 'transports'), ['sip:*'])
    assert.equal(standalone.get('module::Registrar', 'default-expires'), 600_000)
  })

  test('[proxy] of the companion file refuses what is wrong, at its place', () => {
    for (const line of [
      'next-hop=192.0.2.1',
      'transports=sip:192.0.2.1 tel:1',
      'transports=sip:192.0.2.1;transport=sctp',
      'b2bua-servers=sip:192.0.2.1 <sip:192.0.2.2>',
      'trust=header',
    ]) {
      const column = line.indexOf('=') + 2
      assert.match(
        problemOf('', `[proxy]\n${line}\n`),
        new RegExp(`^flexisip-b2bua.conf:2:${column}: error: .+; .+`),
        line,
      )
    }
  })

  test('an empty transport is possible, and told', () => {
    assert.match(
      problemOf('[b2bua-server]\ntransport= \n'),
      /^flexisip.conf:2:\d+: warning: the server listens on nothing/,
    )
  })

  test('a carriage return is shown where it spoils a value', () => {
    assert.match(problemsOf('[module::B2bua]\r\nenabled=true\r\n').join('\n'), /2:9: error: 'true\\r' is not a Boolean/)
  })

  test('NAT addresses without ICE are an error', () => {
    assert.match(
      problemOf('[b2bua-server]\nenable-ice=false\nnat-addresses=1.2.3.4\n'),
      /^flexisip.conf:3:15: error: NAT addresses are for ICE/,
    )
  })

  test('a TLS transport needs certificate and key', () => {
    const tls = '[b2bua-server]\ntransport=sips:127.0.0.1\n'
    assert.match(
      problemOf(tls),
      /^flexisip.conf:2:11: error: a TLS transport needs a certificate; .* flexisip-b2bua.conf/,
    )
    assert.match(
      problemOf(tls, '[b2bua]\ntls-certificates-file=/a.pem\n'),
      /^flexisip-b2bua.conf:2:23: error: tls-certificates-file is set without tls-certificates-private-key/,
    )
    assert.deepEqual(
      problemsOf(tls, '[b2bua]\ntls-certificates-file=/a.pem\ntls-certificates-private-key=/b.pem\n'),
      [],
    )
  })

  test('a host that is no address leaves media without one', () => {
    assert.match(problemOf('[b2bua-server]\ntransport=sip:0.0.0.0:6067\n'), /warning: .*media-address in \[b2bua\]/)
    assert.deepEqual(
      problemsOf('[b2bua-server]\ntransport=sip:0.0.0.0:6067\n', '[b2bua]\nmedia-address=192.0.2.1\n'),
      [],
    )
    assert.match(problemOf('', '[b2bua]\nmedia-address=0.0.0.0\n'), /error/)
  })

  test('the last word of a list of pairs must have a partner', () => {
    assert.match(
      problemOf('[b2bua-server::trenscrypter]\noutgoing-enc-regex=zrtp .*@a sdes\n'),
      /^flexisip.conf:2:30: warning: the last word of the list has no partner and is ignored/,
    )
  })

  test('words glued by a tab, commas and what stands behind a number are told at their place', () => {
    const text =
      '[b2bua-server::trenscrypter]\noutgoing-enc-regex=zrtp\t.*@a sdes .{1,3}\n[b2bua-server]\nmax-calls=7x\n'
    const places = read(text).problems.map(({ severity, line, column }) => `${severity} ${line}:${column}`)
    assert.deepEqual(places.sort(), ['warning 2:24', 'warning 2:35', 'warning 2:38', 'warning 4:12'].sort())
  })

  test('an error leaves the default in a snapshot for tools, and the other values as they are', () => {
    const { snapshot } = read('[b2bua-server]\nmax-calls=many\nno-rtp-timeout=5\n')
    assert.equal(snapshot.get('b2bua-server', 'max-calls'), 500)
    assert.equal(snapshot.get('b2bua-server', 'no-rtp-timeout'), 5_000)
  })

  test('control characters of a file cannot forge a line of a report', () => {
    const problem = problemOf('[b2bua-server]\nx\x1b[31m\x85=1\n')
    assert.match(problem, /\\u001b\[31m/)
    assert.ok(!problem.includes('\x1b') && !problem.includes('\x85'))
  })
})

describe('--set', () => {
  test('goes before the file, and the last one of a key wins', () => {
    const { snapshot } = read('[b2bua-server]\nmax-calls=7\n', undefined, [
      'b2bua-server/max-calls=8',
      'b2bua-server/max-calls=9',
      'b2bua-server::trenscrypter/outgoing-enc-regex=zrtp .*=x',
      'b2bua/shutdown-grace=1s',
    ])
    assert.equal(snapshot.get('b2bua-server', 'max-calls'), 9)
    assert.deepEqual(snapshot.get('b2bua-server::trenscrypter', 'outgoing-enc-regex'), ['zrtp', '.*=x'])
    assert.deepEqual(snapshot.at('b2bua-server', 'max-calls'), { file: '--set', line: 2, column: 24 })
    assert.equal(snapshot.get('b2bua', 'shutdown-grace'), 1_000)
  })

  test('an empty value is skipped: it blanks nothing', () => {
    const { snapshot, problems } = read('[b2bua-server]\nmax-calls=7\n', undefined, [
      'b2bua-server/max-calls=',
      'no/no=',
    ])
    assert.equal(snapshot.get('b2bua-server', 'max-calls'), 7)
    assert.deepEqual(problems, [])
  })

  test('unknown names are errors, and case counts', () => {
    assert.match(problemOf('', undefined, ['b2bua-serve/max-calls=1']), /^--set:1:1: error: .*write 'b2bua-server'/)
    assert.match(problemOf('', undefined, ['b2bua-server/max-call=1']), /error: .*write 'b2bua-server\/max-calls'/)
    assert.match(
      problemOf('', undefined, ['b2bua-server/transports=sip:a']),
      /error: .*write 'b2bua-server\/transport'/,
    )
    assert.match(problemOf('', undefined, ['Global/log-level=debug']), /error: there is no section 'Global'/)
    assert.match(problemOf('', undefined, ['max-calls=1']), /error: there is no section 'max-calls'/)
  })

  test('an argument without an equals sign is ignored with a warning', () => {
    assert.match(problemOf('', undefined, ['b2bua-server/max-calls']), /^--set:1:1: warning/)
  })

  test('values are checked', () => {
    assert.match(problemOf('', undefined, ['module::B2bua/enabled=yes']), /^--set:1:23: error: 'yes' is not a Boolean/)
  })

  test('values are UTF-8, as bytes', () => {
    const { snapshot } = read('', undefined, ['b2bua-server::trenscrypter/outgoing-enc-regex=zrtp é'])
    assert.deepEqual(snapshot.get('b2bua-server::trenscrypter', 'outgoing-enc-regex'), ['zrtp', '\xc3\xa9'])
  })
})

describe('files', () => {
  test('both files are read, the companion from beside the other', (t) => {
    const directory = temporaryDirectory(t, {
      'flexisip.conf': '[b2bua-server]\nmax-calls=7\n',
      'flexisip-b2bua.conf': '[b2bua]\nshutdown-grace=1min\n',
    })
    const { snapshot, problems } = loadConfig({ file: join(directory, 'flexisip.conf') })
    assert.deepEqual(problems, [])
    assert.equal(snapshot?.get('b2bua-server', 'max-calls'), 7)
    assert.equal(snapshot.get('b2bua', 'shutdown-grace'), 60_000)
    assert.deepEqual(snapshot.files, [join(directory, 'flexisip.conf'), join(directory, 'flexisip-b2bua.conf')])
  })

  test('no file at all is an error', (t) => {
    const missing = join(temporaryDirectory(t), 'flexisip.conf')
    const { snapshot, problems } = loadConfig({ file: missing })
    assert.equal(snapshot, undefined)
    assert.deepEqual(
      problems.map(({ code, file: name }) => [code, name]),
      [['CONFIG_FILE_MISSING', missing]],
    )
  })

  test('a companion that is named must exist; one that is not may be missing', (t) => {
    const directory = temporaryDirectory(t, { 'flexisip.conf': '' })
    assert.ok(loadConfig({ file: join(directory, 'flexisip.conf') }).snapshot)
    const { problems } = loadConfig({
      file: join(directory, 'flexisip.conf'),
      companion: join(directory, 'other.conf'),
    })
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['CONFIG_FILE_MISSING'],
    )
  })

  test('a directory in place of the file is an error', (t) => {
    const directory = temporaryDirectory(t)
    mkdirSync(join(directory, 'flexisip.conf'))
    const { problems } = loadConfig({ file: join(directory, 'flexisip.conf') })
    assert.match(formatProblem(problems[0]!), /flexisip.conf:1:1: error: the file cannot be read \(EISDIR\)/)
  })

  test('a file without permission is an error', (t) => {
    const directory = temporaryDirectory(t, { 'flexisip.conf': '' })
    chmodSync(join(directory, 'flexisip.conf'), 0)
    becomeNobody(t, [directory, join(directory, 'flexisip.conf')])
    assert.equal(loadConfig({ file: join(directory, 'flexisip.conf') }).problems[0]?.code, 'CONFIG_FILE_UNREADABLE')
  })

  test('a file that a parameter names must be readable', (t) => {
    const directory = temporaryDirectory(t, { 'flexisip.conf': '', 'key.pem': 'x' })
    const key = join(directory, 'key.pem')
    const { problems } = loadConfig({
      file: join(directory, 'flexisip.conf'),
      overrides: [`b2bua/tls-certificates-file=${directory}/no.pem`, `b2bua/tls-certificates-private-key=${key}`],
    })
    assert.match(
      problems.map(formatProblem).join('\n'),
      /^--set:1:29: error: tls-certificates-file names a file .*ENOENT.*no\.pem; [^\n]*$/,
    )
  })

  test('the sample files are without errors and warnings', () => {
    const { snapshot, problems } = loadConfig({ file: new URL('../../etc/flexisip.conf', import.meta.url).pathname })
    assert.deepEqual(problems.map(formatProblem), [])
    assert.ok(!hasErrors(problems))
    assert.equal(snapshot?.get('b2bua-server::trenscrypter', 'outgoing-enc-regex').length, 8)
    assert.equal(snapshot.get('b2bua-server::trenscrypter', 'outgoing-srtp-regex').length, 4)
  })
})
