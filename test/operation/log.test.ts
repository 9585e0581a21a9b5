import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Log, LogError, type LogOptions } from '../../src/operation/log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const everything = { console: 'debug', file: 'debug', syslog: 'debug' } as const

function openLog(options: Partial<LogOptions>): Log {
  return new Log({ levels: everything, console: false, syslog: false, ...options })
}

/** Puts a logger(1) before the real one that keeps what it is given; `status` is its exit status. */
function fakeLogger(t: TestContext, script: string): string {
  const directory = temporaryDirectory(t, { syslog: '', logger: `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n` })
  chmodSync(join(directory, 'logger'), 0o755)
  const before = process.env['PATH']
  process.env['PATH'] = `${directory}:${before}`
  t.after(() => (process.env['PATH'] = before))
  return directory
}

test('a line has the time, the level, the text and its fields, in a file of its own group', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'deep', 'log', 'b2bua.log')
  const log = openLog({ file })
  log.message('call', { to: 'sip:bob@sip.example.org' })
  log.error('over')
  await log.close()
  assert.match(
    readFileSync(file, 'utf8'),
    /^\d{4}-\d\d-\d\dT[\d:.]{12}Z message call to=sip:bob@sip.example.org\n\S+ error {3}over\n$/,
  )
  assert.equal(statSync(file).mode & 0o777, 0o640)
  assert.equal(statSync(join(directory, 'deep', 'log')).mode & 0o777, 0o750)
})

test('each place has its level, which changes while it runs', async (t) => {
  const directory = fakeLogger(t, 'cat > syslog')
  const file = join(directory, 'b2bua.log')
  const log = openLog({ file, syslog: true, levels: { console: 'debug', file: 'warning', syslog: 'error' } })
  const all = (round: number): void => {
    for (const level of ['debug', 'message', 'warning', 'error'] as const) log[level](`${level}${round}`)
  }
  all(1)
  log.setLevels({ console: 'error', file: 'error', syslog: 'debug' })
  all(2)
  await log.close()
  const words = (text: string): string[] => text.match(/[a-z]+\d$/gm) ?? []
  assert.deepEqual(words(readFileSync(file, 'utf8')), ['warning1', 'error1', 'error2'])
  await until(() => words(readFileSync(join(directory, 'syslog'), 'utf8')).length === 5)
  assert.equal(
    readFileSync(join(directory, 'syslog'), 'utf8'),
    '<3>error1\n<7>debug2\n<5>message2\n<4>warning2\n<3>error2\n',
  )
})

test('after a rename, as by logrotate, the file is made anew, and no line is lost or told twice', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'b2bua.log')
  const log = openLog({ file })
  const written: string[] = []
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 2000; i++) {
      written.push(`line ${round}.${i}`)
      log.message(written.at(-1)!)
      if (i === 1000) {
        renameSync(file, `${file}.${round}`)
        log.reopen()
      }
    }
  }
  await log.close()
  const files = readdirSync(directory).sort((a, b) => (a === 'b2bua.log' ? 1 : b === 'b2bua.log' ? -1 : a < b ? -1 : 1))
  assert.equal(files.length, 6)
  const lines = files.flatMap((name) => readFileSync(join(directory, name), 'utf8').match(/line \S+$/gm) ?? [])
  assert.deepEqual(lines, written)
})

/** How many of this process' descriptors are the file; others come and go with the tests around. */
function timesOpen(file: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch (error) {
      // The descriptor with which the folder was read is gone by now.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
      throw error
    }
  }).length
}

test('reopening leaves no file open', async (t) => {
  const file = join(temporaryDirectory(t), 'b2bua.log')
  const log = openLog({ file })
  for (let i = 0; i < 20; i++) log.reopen()
  await until(() => timesOpen(file) === 1)
  await log.close()
})

test('when the file cannot be made anew, lines go on into the old one', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'log', 'b2bua.log')
  const log = openLog({ file })
  renameSync(join(directory, 'log'), join(directory, 'moved'))
  writeFileSync(join(directory, 'log'), 'no folder')
  log.reopen()
  log.message('kept')
  await log.close()
  assert.match(readFileSync(join(directory, 'moved', 'b2bua.log'), 'utf8'), /warning .*cannot be written.*\n.*kept\n$/)
})

test('a file that cannot be made is fatal only where there is nothing else to log to', async (t) => {
  const directory = fakeLogger(t, 'cat > syslog')
  const file = join(directory, 'folder')
  mkdirSync(file)
  assert.throws(
    () => openLog({ file }),
    (error) => error instanceof LogError && /log-directory/.test(error.message),
  )
  const log = openLog({ file, syslog: true })
  log.error('heard')
  await log.close()
  await until(() => readFileSync(join(directory, 'syslog'), 'utf8').endsWith('<3>heard\n'))
  assert.match(readFileSync(join(directory, 'syslog'), 'utf8'), /^<4>the log cannot be written to the file: EISDIR/)
})

test('a syslog that fails is told of in the other places, once', async (t) => {
  const directory = fakeLogger(t, 'exit 1')
  const file = join(directory, 'b2bua.log')
  const log = openLog({ file, syslog: true })
  const text = (): string => readFileSync(file, 'utf8')
  await until(() => text().includes('logger(1) ended with status 1'))
  log.message('goes on')
  log.message('goes on')
  await log.close()
  assert.equal(text().match(/the log cannot be written to the syslog/g)?.length, 1)
  assert.equal(text().match(/goes on/g)?.length, 2)
})

test('without logger(1) the other places say so', async (t) => {
  const directory = fakeLogger(t, '')
  process.env['PATH'] = '/nowhere'
  const file = join(directory, 'b2bua.log')
  const log = openLog({ file, syslog: true })
  await until(() => readFileSync(file, 'utf8').includes('syslog: spawn logger ENOENT'))
  await log.close()
})

test('where standard output is the journal, lines there have priorities instead of times', async (t) => {
  const source = new URL('../../src/operation/log.ts', import.meta.url).href
  const directory = temporaryDirectory(t, {
    'main.ts': `
      import { Log } from '${source}'
      const levels = { console: 'debug', file: 'debug', syslog: 'message' } as const
      for (const console of [true, false]) {
        const log = new Log({ levels, console, syslog: true })
        log.error('grave')
        log.debug(console ? 'heard' : 'not heard')
        await log.close()
      }`,
  })
  // as systemd.exec(5) says it is set: device and inode of the stream
  const shell = 'exec 3>&1; JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/3) exec "$0" main.ts'
  const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath], { cwd: directory })
  assert.equal(stdout, '<3>grave\n<7>heard\n<3>grave\n')
})

test('a log with no place at all, and one that is closed, take lines and keep silent', async () => {
  const log = openLog({})
  log.error('nobody hears')
  await log.close()
  log.error('after the end')
})
