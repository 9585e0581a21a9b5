import assert from 'node:assert/strict'
import { existsSync, renameSync, statSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { ask } from '../support/b2bua/sip-phone.ts'
import { ServerProcess } from '../support/command/server-process.ts'
import { config, recipient, site, suiteOf, talk } from '../support/command/server-site.ts'
import { until } from '../support/until.ts'

describe('the server', { concurrency: 3 }, () => {
  test('says where it listens, where it sends and what its rules are, and stops with status 0', async (t) => {
    const server = ServerProcess.start(t, {
      config: config({ rules: String.raw`sdes .*@a\.example none .*` }),
      args: ['--pidfile', '{dir}/pid'],
    })
    await server.wrote(
      / message flexisip-b2bua \S+ runs listening=127\.0\.0\.1:[1-9]\d* transport=\S+ outbound-proxy=\S+ /,
    )
    await server.wrote(/ message rule 0 at \S+flexisip\.conf:10:20: sdes for '\.\*@a\\\.example'\n/)
    await server.wrote(/ message rule 1 at \S+flexisip\.conf:10:39: none for '\.\*'\n/)
    await until(() => existsSync(join(server.directory, 'pid')))
    assert.equal(server.read('pid'), String(server.pid))
    assert.equal(statSync(join(server.directory, 'data')).mode & 0o777, 0o700)
    server.kill('SIGTERM')
    assert.equal(await server.ended, 0)
    assert.equal(server.read('log/flexisip-b2bua.log'), server.output)
    assert.match(server.output, / message stopped calls=0 .*\n$/)
  })

  test('case 6: leg B’s INVITE carries exactly the User-Agent that is configured', async (t) => {
    const value = 'test-user-agent-value/stub-version'
    const { a, b, uri } = await site(t, { args: ['--set', `b2bua-server/user-agent=${value}`] })
    const call = a.call(recipient, uri, { body: clearAudio(40000) })
    const { headers } = (await b.invites.next('INVITE')).request
    assert.ok(headers.has('X-Flexisip-B2BUA'))
    assert.deepEqual(headers.all('User-Agent'), [value])
    call.invite.cancel()
    await call.failed.next('487')
  })

  test('parents of the data directory that are missing stay open to others', async (t) => {
    const server = ServerProcess.start(t, { config: config({ dataDirectory: '{dir}/new/deep/data' }) })
    await server.takesCalls()
    const mode = (path: string): number => statSync(join(server.directory, path)).mode & 0o777
    assert.deepEqual([mode('new'), mode('new/deep'), mode('new/deep/data')], [0o755, 0o755, 0o700])
  })

  test('ends calls in progress when it is told to stop, turns new ones away, and exits with status 0', async (t) => {
    const here = await site(t, { companion: '[b2bua]\nshutdown-grace=1s\n' })
    const { atA, atB } = await talk(here)
    here.server.kill('SIGTERM')
    await here.server.wrote(/ stopping signal=SIGTERM calls=1\n/)
    const refused = await here.a.call(recipient, here.uri, { body: clearAudio(40002) }).failed.next('503')
    assert.equal(refused.status, 503)
    await Promise.all([atA.bye.next('BYE'), atB.bye.next('BYE')])
    assert.equal(await here.server.ended, 0)
    const received = 'rx=0 tx=0 lost=0 late=0 dup=0 jitter=0.0'
    assert.match(
      here.server.output,
      new RegExp(` call ended .*reason=shutdown .* audio-a="${received}" audio-b="${received}"\n`),
    )
  })

  test('opens its log anew upon SIGHUP', async (t) => {
    const server = ServerProcess.start(t, { config: config() })
    await server.takesCalls()
    const log = join(server.directory, 'log', 'flexisip-b2bua.log')
    renameSync(log, `${log}.1`)
    server.kill('SIGHUP')
    await server.wrote(/ log file reopened\n/)
    server.kill('SIGUSR2')
    await server.wrote(/ counts calls=0 /)
    server.kill('SIGINT')
    assert.equal(await server.ended, 0)
    assert.equal(server.read('log/flexisip-b2bua.log.1') + server.read('log/flexisip-b2bua.log'), server.output)
  })

  test('goes on when nobody reads its standard output any more', async (t) => {
    const server = ServerProcess.start(t, { config: config() })
    await server.takesCalls()
    server.closeOutput()
    for (let i = 0; i < 3; i++) server.kill('SIGHUP')
    const log = (): string => server.read('log/flexisip-b2bua.log')
    await until(() => log().includes('cannot be written to the console: write EPIPE'))
    server.kill('SIGTERM')
    assert.equal(await server.ended, 0)
    assert.match(log(), / message stopped /)
  })
})

describe('a reload', { concurrency: 3 }, () => {
  test('holds for the next call, and leaves the call that is up alone', async (t) => {
    const here = await site(t, { rules: String.raw`none .*@sip\.example\.org` })
    const first = await talk(here)
    assert.match(first.offered, /^m=audio \d+ RTP\/AVP /m)
    here.server.save(config({ proxy: here.b.uri, rules: String.raw`sdes .*@sip\.example\.org zrtp .*@z\.example` }))
    await here.server.wrote(/ rule 0 at \S+:10:20 changed: none → sdes for /)
    await here.server.wrote(/ rule 1 at \S+:10:46 added: zrtp for /)
    const second = await talk(here, clearAudio(40004), (offer) => sdesAudio(40014, 'B'.repeat(40), suiteOf(offer)))
    assert.match(second.offered, /^m=audio \d+ RTP\/SAVP /m)
    assert.match(second.answered, /^m=audio \d+ RTP\/AVP /m)
    const [again, reply] = await Promise.all([
      ask(first.a, 'INVITE', { body: clearAudio(40000, 'sendonly', 2) }),
      first.atB.requests.next('re-INVITE').then((transaction) => {
        first.b.reply(transaction, 200, {
          body: Buffer.from(clearAudio(40010, 'recvonly', 2)),
          contentType: 'application/sdp',
        })
        return transaction.request.body.toString('latin1')
      }),
    ])
    first.a.acknowledge()
    assert.equal(again.status, 200)
    assert.match(reply, /^m=audio \d+ RTP\/AVP /m)
  })

  test('with a bad rule changes nothing, and says where it is and what to write', async (t) => {
    const here = await site(t, { rules: 'sdes .*' })
    here.server.save(config({ proxy: here.b.uri, rules: 'dtsl-srtp .*' }))
    await here.server.wrote(/ error {3}configuration not reloaded/)
    await here.server.wrote(/ error {3}\S+flexisip\.conf:10:20: error: 'dtsl-srtp' .*; write 'dtls-srtp'/)
    const { offered } = await talk(here, clearAudio(40000), (offer) => sdesAudio(40010, 'B'.repeat(40), suiteOf(offer)))
    assert.match(offered, /^m=audio \d+ RTP\/SAVP /m)
  })

  test('changes log levels at once, and says what needs a restart', async (t) => {
    const server = ServerProcess.start(t, { config: config() })
    const uri = await server.takesCalls()
    server.save(config({ level: 'debug', dataDirectory: '{dir}/other' }))
    await server.wrote(/ global\/log-level changed before=message after=debug\n/)
    await server.wrote(/ b2bua-server\/data-directory changes only with a restart/)
    connect(Number(/:(\d+);/.exec(uri)![1]), '127.0.0.1').end()
    await server.wrote(/ debug {3}connection closed /)
    server.save(config({ level: 'warning', dataDirectory: '{dir}/third' }))
    await until(() => server.output.split(' changes only with a restart').length === 3)
    assert.equal(
      server.output.split(' configuration reloaded ').length,
      2,
      'the second reload is told by warnings alone',
    )
  })

  test('with a configuration that cannot be started again changes nothing', async (t) => {
    const server = ServerProcess.start(t, { config: config() })
    await server.takesCalls()
    server.save(config().replace('[b2bua-server]\n', '[b2bua-server]\napplication=sip-bridge\n'))
    await server.wrote(/ configuration not reloaded/)
    await server.wrote(/application sip-bridge is not in this version; write application=trenscrypter\n/)
    server.kill('SIGTERM')
    assert.equal(await server.ended, 0)
  })
})

describe('a start', { concurrency: 3 }, () => {
  test('fails when the port is taken, and says what to write', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const server = ServerProcess.start(t, { config: config({ transport: `sip:127.0.0.1:${port};transport=tcp` }) })
    assert.equal(await server.ended, 255)
    assert.match(
      server.output,
      new RegExp(` error {3}cannot listen on tcp 127\\.0\\.0\\.1:${port}: .*; .*write another port`),
    )
  })

  test('fails when the data directory cannot be made, and says so', async (t) => {
    const server = ServerProcess.start(t, { config: config({ dataDirectory: '{dir}/flexisip.conf/data' }) })
    assert.equal(await server.ended, 255)
    assert.match(server.output, /cannot use data-directory \S+: .*; name a folder that this user can write to\n/)
  })

  test('fails without log file, console and syslog, and says so', async (t) => {
    const server = ServerProcess.start(t, {
      config: config().replace('{dir}/log', '{dir}/flexisip.conf'),
      args: ['--disable-stdout'],
    })
    assert.equal(await server.ended, 1)
    assert.match(server.output, /^the log cannot be written to the file: .*set global\/log-directory/)
  })

  test('fails on a missing file and on a value that is wrong, with place and remedy', async (t) => {
    const wrong = ServerProcess.start(t, { config: config({ level: 'loud' }) })
    const missing = ServerProcess.start(t, { config: config(), args: ['--companion', '{dir}/nowhere.conf'] })
    assert.deepEqual([await wrong.ended, await missing.ended], [255, 255])
    assert.match(wrong.output, /flexisip\.conf:3:11: error: /)
    assert.match(missing.output, /nowhere\.conf:1:1: error: there is no such file; /)
  })

  test('with strict-rules fails on an invalid rule, and without it skips the rule', async (t) => {
    const rules = 'dtsl-srtp .* sdes .*'
    const strict = ServerProcess.start(t, { config: config({ rules }), companion: '[b2bua]\nstrict-rules=true\n' })
    const lenient = ServerProcess.start(t, { config: config({ rules }) })
    assert.equal(await strict.ended, 255)
    assert.match(strict.output, /flexisip\.conf:10:20: error: 'dtsl-srtp' .*; write 'dtls-srtp'\n/)
    await lenient.wrote(/ error {3}\S+flexisip\.conf:10:20: error: 'dtsl-srtp' /)
    await lenient.wrote(/ rule 1 at \S+: sdes for '\.\*'\n/)
  })
})
