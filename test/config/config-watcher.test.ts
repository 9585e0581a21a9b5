import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type ConfigSnapshot } from '../../src/config/config-snapshot.ts'
import { type ConfigReload, ConfigWatcher } from '../../src/config/config-watcher.ts'
import { loadConfig, type LoadOptions } from '../../src/config/load-config.ts'
import { type Problem } from '../../src/config/problem.ts'
import { becomeNobody } from '../support/become-nobody.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A configuration of one rule, as long as a real one. */
const rules = (mode: string): string =>
  `[b2bua-server]\nmax-calls=100\n\n[b2bua-server::trenscrypter]\n# who gets what\noutgoing-enc-regex=${mode} .*@sip\\.example\\.org\noutgoing-srtp-regex=AES_CM_128_HMAC_SHA1_80 .*\n`

type Outcome = { readonly reloaded: ConfigReload } | { readonly rejected: readonly Problem[] }

/** A watcher on real files with everything that it told. */
class Watched {
  readonly file: string
  readonly watcher: ConfigWatcher
  readonly outcomes: Outcome[] = []
  #told: () => void = () => undefined

  constructor(options: LoadOptions, validate: (snapshot: ConfigSnapshot) => Problem[]) {
    this.file = options.file
    const { snapshot, problems } = loadConfig(options)
    assert.ok(snapshot, JSON.stringify(problems))
    this.watcher = new ConfigWatcher({
      initial: snapshot,
      load: (previous) => loadConfig({ ...options, previous }),
      validate,
    })
    this.watcher.events.on('reloaded', (reloaded) => this.#add({ reloaded }))
    this.watcher.events.on('rejected', (rejected) => this.#add({ rejected }))
    this.watcher.events.on('degraded', (error) => assert.fail(error))
  }

  #add(outcome: Outcome): void {
    this.outcomes.push(outcome)
    this.#told()
  }

  /** The mode of the first rule in force. */
  get mode(): string | undefined {
    return this.watcher.current.get('b2bua-server::trenscrypter', 'outgoing-enc-regex')[0]
  }

  /** Waits until something was told that `wanted` accepts. */
  async until<T>(wanted: (outcome: Outcome) => T | undefined): Promise<T> {
    for (let next = 0; ;) {
      for (; next < this.outcomes.length; next++) {
        const found = wanted(this.outcomes[next]!)
        if (found !== undefined) return found
      }
      await new Promise<void>((resolve) => (this.#told = resolve))
    }
  }

  /** Waits until the first rule in force has `mode`. */
  reloadedTo(mode: string): Promise<ConfigReload> {
    return this.until((outcome) =>
      'reloaded' in outcome && modeOf(outcome.reloaded.snapshot) === mode ? outcome.reloaded : undefined,
    )
  }

  /** Waits until a problem of `code` was told. */
  rejectedFor(code: string): Promise<Problem> {
    return this.until((outcome) =>
      'rejected' in outcome ? outcome.rejected.find((problem) => problem.code === code) : undefined,
    )
  }
}

const modeOf = (snapshot: ConfigSnapshot): string | undefined =>
  snapshot.get('b2bua-server::trenscrypter', 'outgoing-enc-regex')[0]

async function watched(
  t: TestContext,
  options: LoadOptions,
  validate: (snapshot: ConfigSnapshot) => Problem[] = () => [],
): Promise<Watched> {
  const one = new Watched(options, validate)
  t.after(() => one.watcher.close())
  await one.watcher.start()
  return one
}

/** Saves as editors do: a new file, renamed over the old one. */
function saveAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp~`, text)
  renameSync(`${file}.tmp~`, file)
}

/** A watched flexisip.conf in a directory of its own. */
function watchedFile(t: TestContext, validate?: (snapshot: ConfigSnapshot) => Problem[]): Promise<Watched> {
  const directory = temporaryDirectory(t, { 'flexisip.conf': rules('zrtp') })
  return watched(t, { file: join(directory, 'flexisip.conf') }, validate)
}

describe('a save is followed', { timeout: 20_000 }, () => {
  test('in place', async (t) => {
    const one = await watchedFile(t)
    writeFileSync(one.file, rules('sdes'))
    const { previous, changes, changedFiles, needsRestart, problems } = await one.reloadedTo('sdes')
    assert.equal(one.mode, 'sdes')
    assert.equal(modeOf(previous), 'zrtp')
    assert.deepEqual(changes, [
      {
        section: 'b2bua-server::trenscrypter',
        key: 'outgoing-enc-regex',
        before: 'zrtp .*@sip\\.example\\.org',
        after: 'sdes .*@sip\\.example\\.org',
        at: { file: one.file, line: 6, column: 20 },
      },
    ])
    assert.deepEqual([changedFiles, needsRestart, problems], [[one.file], [], []])
  })

  test('by a new file renamed over it, again and again', async (t) => {
    const one = await watchedFile(t)
    for (const mode of ['sdes', 'none', 'dtls-srtp', 'zrtp']) {
      saveAtomically(one.file, rules(mode))
      await one.reloadedTo(mode)
      assert.equal(one.mode, mode)
    }
    assert.equal(one.outcomes.length, 4)
  })

  test('by unlinking and writing anew', async (t) => {
    const one = await watchedFile(t)
    unlinkSync(one.file)
    writeFileSync(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('truncated first and written in pieces, without a moment without rules', async (t) => {
    const one = await watchedFile(t)
    const text = rules('sdes')
    const fd = openSync(one.file, 'w')
    for (let from = 0; from < text.length; from += 40) {
      writeSync(fd, text.slice(from, from + 40))
      await wait(5)
    }
    closeSync(fd)
    await one.reloadedTo('sdes')
    for (const outcome of one.outcomes) {
      if ('reloaded' in outcome) assert.notEqual(modeOf(outcome.reloaded.snapshot), undefined)
    }
  })

  test('twice within 10 ms: the last one is in force', async (t) => {
    const one = await watchedFile(t)
    saveAtomically(one.file, rules('sdes'))
    await wait(8)
    saveAtomically(one.file, rules('none'))
    await one.reloadedTo('none')
    assert.equal(one.mode, 'none')
  })

  test('before watching began: what was loaded counts, not what is there', async (t) => {
    const directory = temporaryDirectory(t, { 'flexisip.conf': rules('zrtp') })
    const one = new Watched({ file: join(directory, 'flexisip.conf') }, () => [])
    t.after(() => one.watcher.close())
    writeFileSync(one.file, rules('sdes'))
    await one.watcher.start()
    assert.equal(one.mode, 'sdes')
  })

  test('each time through a storm of saves, to the last of them', async (t) => {
    const one = await watchedFile(t)
    for (let turn = 0; turn < 100; turn++) {
      saveAtomically(one.file, rules(turn % 2 === 0 ? 'sdes' : 'none'))
      if (turn % 10 === 0) await wait(3)
    }
    saveAtomically(one.file, rules('dtls-srtp'))
    await one.reloadedTo('dtls-srtp')
    assert.ok(one.outcomes.every((outcome) => 'reloaded' in outcome))
  })

  test('a save that changes nothing tells nothing', async (t) => {
    const one = await watchedFile(t)
    saveAtomically(one.file, rules('zrtp'))
    await wait(200)
    saveAtomically(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
    assert.equal(one.outcomes.length, 1)
  })

  test('a changed comment is a reload without changes', async (t) => {
    const one = await watchedFile(t)
    writeFileSync(one.file, `# hello\n${rules('zrtp')}`)
    const reload = await one.reloadedTo('zrtp')
    assert.deepEqual(reload.changes, [])
    assert.equal(reload.snapshot.at('b2bua-server::trenscrypter', 'outgoing-enc-regex')?.line, 7)
  })

  test('what takes a restart is said so', async (t) => {
    const one = await watchedFile(t)
    writeFileSync(
      one.file,
      rules('sdes').replace('max-calls=100', 'max-calls=200\ntransport=sip:127.0.0.1:7000\ndata-directory=/x'),
    )
    const { needsRestart, changes } = await one.reloadedTo('sdes')
    assert.deepEqual(needsRestart, ['b2bua-server/transport', 'b2bua-server/data-directory'])
    assert.equal(changes.length, 4)
  })
})

describe('symbolic links are followed', { timeout: 20_000 }, () => {
  test('the file itself is one, and is swapped', async (t) => {
    const directory = temporaryDirectory(t, { 'etc/.keep': '', 'v1/a.conf': rules('zrtp'), 'v2/a.conf': rules('sdes') })
    const file = join(directory, 'etc/flexisip.conf')
    symlinkSync('../v1/a.conf', file)
    const one = await watched(t, { file })
    symlinkSync('../v2/a.conf', `${file}.new`)
    renameSync(`${file}.new`, file)
    await one.reloadedTo('sdes')
    writeFileSync(join(directory, 'v2/a.conf'), rules('none'))
    await one.reloadedTo('none')
  })

  test('the file that it leads to is changed in its own directory', async (t) => {
    const directory = temporaryDirectory(t, { 'etc/.keep': '', 'v1/a.conf': rules('zrtp') })
    const file = join(directory, 'etc/flexisip.conf')
    symlinkSync(join(directory, 'v1/a.conf'), file)
    const one = await watched(t, { file })
    saveAtomically(join(directory, 'v1/a.conf'), rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('..data is swapped, as Kubernetes does with a ConfigMap, again and again', async (t) => {
    const directory = temporaryDirectory(t, { '..v0/flexisip.conf': rules('zrtp') })
    symlinkSync('..v0', join(directory, '..data'))
    const file = join(directory, 'flexisip.conf')
    symlinkSync('..data/flexisip.conf', file)
    const one = await watched(t, { file })
    for (const [index, mode] of ['sdes', 'none', 'zrtp'].entries()) {
      mkdirSync(join(directory, `..v${index + 1}`))
      writeFileSync(join(directory, `..v${index + 1}`, 'flexisip.conf'), rules(mode))
      symlinkSync(`..v${index + 1}`, join(directory, '..data_tmp'))
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
      rmSync(join(directory, `..v${index}`), { recursive: true })
      await one.reloadedTo(mode)
      assert.equal(one.mode, mode)
    }
  })

  test('a directory above is swapped', async (t) => {
    const directory = temporaryDirectory(t, { 'v1/flexisip.conf': rules('zrtp'), 'v2/flexisip.conf': rules('sdes') })
    symlinkSync('v1', join(directory, 'current'))
    const one = await watched(t, { file: join(directory, 'current/flexisip.conf') })
    symlinkSync('v2', join(directory, 'next'))
    renameSync(join(directory, 'next'), join(directory, 'current'))
    await one.reloadedTo('sdes')
  })
})

describe('the last good snapshot stays', { timeout: 20_000 }, () => {
  test('when the file is truncated to nothing, until it is whole again', async (t) => {
    const one = await watchedFile(t)
    truncateSync(one.file, 0)
    const problem = await one.rejectedFor('CONFIG_EMPTY')
    assert.deepEqual([problem.file, problem.line, problem.column], [one.file, 1, 1])
    assert.equal(one.mode, 'zrtp')
    writeFileSync(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('when the file holds only white space', async (t) => {
    const one = await watchedFile(t)
    writeFileSync(one.file, ' \n\n\t\n')
    await one.rejectedFor('CONFIG_EMPTY')
    assert.equal(one.mode, 'zrtp')
  })

  test('when the file is cut off within a rule, at the place of the cut', async (t) => {
    const one = await watchedFile(t)
    truncateSync(one.file, rules('zrtp').indexOf('example'))
    const problem = await one.rejectedFor('CONFIG_TRUNCATED')
    assert.deepEqual([problem.line, problem.column], [6, 33])
    assert.deepEqual(one.watcher.current.get('b2bua-server::trenscrypter', 'outgoing-enc-regex'), [
      'zrtp',
      '.*@sip\\.example\\.org',
    ])
  })

  test('when the file is cut off before the rules', async (t) => {
    const one = await watchedFile(t)
    truncateSync(one.file, rules('zrtp').indexOf('[b2bua-server::'))
    const problem = await one.rejectedFor('CONFIG_TRUNCATED')
    assert.deepEqual([problem.line, problem.column], [4, 1])
    assert.equal(one.mode, 'zrtp')
  })

  test('when a value is wrong, with its place', async (t) => {
    const one = await watchedFile(t)
    saveAtomically(one.file, rules('sdes').replace('max-calls=100', 'max-calls=lots'))
    const problem = await one.rejectedFor('CONFIG_VALUE')
    assert.deepEqual([problem.file, problem.line, problem.column], [one.file, 2, 11])
    assert.equal(one.mode, 'zrtp')
    assert.equal(one.watcher.current.get('b2bua-server', 'max-calls'), 100)
  })

  test('when a rule is bad, which the application says', async (t) => {
    const validate = (snapshot: ConfigSnapshot): Problem[] => {
      const [mode] = snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-enc-regex')
      return mode?.text === 'zrpt'
        ? [{ ...mode, severity: 'error', code: 'RULE', what: 'no mode', instead: 'zrtp' }]
        : []
    }
    const one = await watchedFile(t, validate)
    saveAtomically(one.file, rules('zrpt'))
    const problem = await one.rejectedFor('RULE')
    assert.deepEqual([problem.line, problem.column], [6, 20])
    assert.equal(one.mode, 'zrtp')
    saveAtomically(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('when a key comes twice', async (t) => {
    const one = await watchedFile(t)
    writeFileSync(one.file, `${rules('sdes')}outgoing-enc-regex=none .*\n`)
    const problem = await one.rejectedFor('CONFIG_DUPLICATE_KEY')
    assert.equal(problem.line, 8)
    assert.equal(one.mode, 'zrtp')
  })

  test('when the file is deleted, until it is restored', async (t) => {
    const one = await watchedFile(t)
    unlinkSync(one.file)
    await one.rejectedFor('CONFIG_FILE_MISSING')
    assert.equal(one.mode, 'zrtp')
    writeFileSync(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('when the file is deleted and restored as it was: nothing changes, and that is told', async (t) => {
    const one = await watchedFile(t)
    const before = readFileSync(one.file)
    unlinkSync(one.file)
    await one.rejectedFor('CONFIG_FILE_MISSING')
    writeFileSync(one.file, before)
    assert.deepEqual((await one.reloadedTo('zrtp')).changes, [])
  })

  test('when its whole directory is removed, until it is restored', async (t) => {
    const directory = temporaryDirectory(t, { 'etc/flexisip.conf': rules('zrtp') })
    const one = await watched(t, { file: join(directory, 'etc/flexisip.conf') })
    rmSync(dirname(one.file), { recursive: true })
    await one.rejectedFor('CONFIG_FILE_MISSING')
    mkdirSync(dirname(one.file))
    writeFileSync(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
    saveAtomically(one.file, rules('none'))
    await one.reloadedTo('none')
  })

  test('when a directory takes the place of the file', async (t) => {
    const one = await watchedFile(t)
    unlinkSync(one.file)
    mkdirSync(one.file)
    await one.rejectedFor('CONFIG_FILE_UNREADABLE')
    assert.equal(one.mode, 'zrtp')
    rmSync(one.file, { recursive: true })
    writeFileSync(one.file, rules('sdes'))
    await one.reloadedTo('sdes')
  })

  test('when the permission to read it is lost, until it is given back', async (t) => {
    const directory = temporaryDirectory(t, { 'flexisip.conf': rules('zrtp') })
    const file = join(directory, 'flexisip.conf')
    becomeNobody(t, [directory, file])
    const one = await watched(t, { file })
    writeFileSync(`${file}.new`, rules('sdes'))
    chmodSync(`${file}.new`, 0)
    renameSync(`${file}.new`, file)
    await one.rejectedFor('CONFIG_FILE_UNREADABLE')
    assert.equal(one.mode, 'zrtp')
    chmodSync(file, 0o600)
    await one.reloadedTo('sdes')
  })
})

describe('the other files', { timeout: 20_000 }, () => {
  test('the companion is followed, when it comes into being too', async (t) => {
    const one = await watchedFile(t)
    const companion = join(dirname(one.file), 'flexisip-b2bua.conf')
    writeFileSync(companion, '[b2bua]\nshutdown-grace=9s\n')
    const { changedFiles } = await one.reloadedTo('zrtp')
    assert.deepEqual(changedFiles, [companion])
    assert.equal(one.watcher.current.get('b2bua', 'shutdown-grace'), 9_000)
  })

  test('a companion that is lost leaves its values in force', async (t) => {
    const directory = temporaryDirectory(t, {
      'flexisip.conf': rules('zrtp'),
      'flexisip-b2bua.conf': '[b2bua]\nshutdown-grace=9s\n',
    })
    const one = await watched(t, { file: join(directory, 'flexisip.conf') })
    unlinkSync(join(directory, 'flexisip-b2bua.conf'))
    const problem = await one.rejectedFor('CONFIG_FILE_MISSING')
    assert.equal(problem.file, join(directory, 'flexisip-b2bua.conf'))
    assert.equal(one.watcher.current.get('b2bua', 'shutdown-grace'), 9_000)
  })

  test('a file that a parameter names is followed, in a directory that was not watched before', async (t) => {
    const directory = temporaryDirectory(t, { 'tls/cert.pem': '1', 'tls/key.pem': '1' })
    const [certificate, key] = [join(directory, 'tls/cert.pem'), join(directory, 'tls/key.pem')]
    const one = await watchedFile(t)
    writeFileSync(
      join(dirname(one.file), 'flexisip-b2bua.conf'),
      `[b2bua]\ntls-certificates-file=${certificate}\ntls-certificates-private-key=${key}\n`,
    )
    const first = await one.reloadedTo('zrtp')
    assert.deepEqual(first.needsRestart, ['b2bua/tls-certificates-file', 'b2bua/tls-certificates-private-key'])
    await one.watcher.watching()
    saveAtomically(certificate, '2')
    const { changedFiles, changes } = await one.until((outcome) =>
      'reloaded' in outcome && outcome.reloaded !== first ? outcome.reloaded : undefined,
    )
    assert.deepEqual([changedFiles, changes], [[certificate], []])
  })
})

test(
  'a file that was missing when a reload named it makes the reload good once it is there',
  { timeout: 20_000 },
  async (t) => {
    const one = await watchedFile(t)
    const tls = temporaryDirectory(t, { 'key.pem': '1' })
    writeFileSync(
      join(dirname(one.file), 'flexisip-b2bua.conf'),
      `[b2bua]\ntls-certificates-file=${tls}/cert.pem\ntls-certificates-private-key=${tls}/key.pem\n`,
    )
    assert.match((await one.rejectedFor('CONFIG_NAMED_FILE')).what, /cert\.pem/)
    writeFileSync(join(tls, 'cert.pem'), '1')
    const { snapshot } = await one.reloadedTo('zrtp')
    assert.equal(snapshot.get('b2bua', 'tls-certificates-file'), join(tls, 'cert.pem'))
  },
)

test('nothing is told after closing', { timeout: 20_000 }, async (t) => {
  const one = await watchedFile(t)
  writeFileSync(one.file, rules('sdes'))
  await one.watcher.close()
  writeFileSync(one.file, rules('none'))
  await wait(150)
  assert.deepEqual(one.outcomes, [])
})
