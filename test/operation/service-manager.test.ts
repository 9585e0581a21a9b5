import assert from 'node:assert/strict'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connectServiceManager, type ServiceManager } from '../../src/operation/service-manager.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/** Puts a `systemd-notify` before the real one that writes down what it is told, a line a call. */
function fakeSystemd(t: TestContext, environment: Readonly<Record<string, string>> = {}): () => string[] {
  const directory = temporaryDirectory(t, {
    'systemd-notify': '#!/bin/sh\nIFS="|"\necho "$*" >> "$(dirname "$0")/told"\n',
    told: '',
  })
  chmodSync(join(directory, 'systemd-notify'), 0o755)
  const set = { PATH: `${directory}:${process.env['PATH']}`, NOTIFY_SOCKET: '/run/systemd/notify', ...environment }
  const before = { ...process.env }
  Object.assign(process.env, set)
  t.after(() => (process.env = before))
  return () => readFileSync(join(directory, 'told'), 'utf8').split('\n').slice(0, -1)
}

function connect(t: TestContext, options: { alive?: () => boolean; errors?: Error[] } = {}): ServiceManager {
  const manager = connectServiceManager({
    alive: options.alive ?? (() => true),
    interval: 10,
    onError: (error) => options.errors?.push(error),
  })
  t.after(() => manager.close())
  return manager
}

test('systemd is told that the service is ready, with its state and process, and that it stops', async (t) => {
  const told = fakeSystemd(t)
  const manager = connect(t)
  manager.ready('taking calls')
  await until(() => told().length === 1)
  manager.stopping()
  await until(() => told().length === 2)
  assert.deepEqual(told(), [`--ready|--status=taking calls|--pid=${process.pid}`, 'STOPPING=1|STATUS=ending calls'])
})

test('the watchdog is pinged only while the service is alive', async (t) => {
  const told = fakeSystemd(t, { WATCHDOG_USEC: '10000000' })
  let asked = 0
  connect(t, { alive: () => ++asked <= 2 })
  await until(() => asked > 10)
  await until(() => told().length >= 2)
  assert.deepEqual(told(), ['WATCHDOG=1', 'WATCHDOG=1'])
})

test('a watchdog that is meant for another process is not pinged', async (t) => {
  fakeSystemd(t, { WATCHDOG_USEC: '10000000', WATCHDOG_PID: String(process.pid + 1) })
  let asked = 0
  connect(t, { alive: () => ++asked > 0 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(asked, 0)
})

test('a systemd-notify that cannot be run is told once', async (t) => {
  fakeSystemd(t, { PATH: '/nowhere', WATCHDOG_USEC: '10000000' })
  const errors: Error[] = []
  let asked = 0
  connect(t, { errors, alive: () => ++asked > 0 })
  await until(() => asked > 3)
  assert.equal(errors.length, 1)
  assert.match(errors[0]!.message, /systemd-notify ENOENT/)
})

test('without systemd nothing is run', (t) => {
  const told = fakeSystemd(t)
  delete process.env['NOTIFY_SOCKET']
  const manager = connect(t)
  manager.ready('taking calls')
  manager.stopping()
  assert.deepEqual(told(), [])
})
