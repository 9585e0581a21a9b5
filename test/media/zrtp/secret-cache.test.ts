import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { FallbackSecretCache } from '../../../src/media/zrtp/fallback-secret-cache.ts'
import { FileSecretCache } from '../../../src/media/zrtp/file-secret-cache.ts'
import { forEver, MemorySecretCache, type SecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const zid = randomBytes(12)
const [bob, carol] = ['sip:bob@example.org', 'sip:carol@example.org']

describe('retained secrets', () => {
  for (const [name, open] of [
    ['in memory', () => new MemorySecretCache()],
    ['in a file', (directory: string) => new FileSecretCache(join(directory, 'secrets.sqlite'))],
  ] as const)
    test(`${name} are those of a phone and a party`, (t) => {
      const cache: SecretCache = open(temporaryDirectory(t))
      assert.equal(cache.get(zid, bob), undefined)
      const [rs1, rs2] = [randomBytes(32), randomBytes(32)]
      cache.put(zid, bob, { rs1, verified: false }, forEver)
      assert.deepEqual(cache.get(zid, bob), { rs1, verified: false })
      cache.put(zid, bob, { rs1: rs2, rs2: rs1, verified: true }, forEver)
      assert.deepEqual(cache.get(zid, bob), { rs1: rs2, rs2: rs1, verified: true })
      assert.equal(cache.get(zid, carol), undefined)
      assert.equal(cache.get(randomBytes(12), bob), undefined)
    })

  for (const [name, open] of [
    ['in memory', (_: string, now: () => number) => new MemorySecretCache(now)],
    ['in a file', (directory: string, now: () => number) => new FileSecretCache(join(directory, 's.sqlite'), now)],
  ] as const)
    test(`${name} expire, except that of a PBX; what was verified with them is so no more`, (t) => {
      let now = Date.UTC(2026, 0, 1)
      const cache: SecretCache = open(temporaryDirectory(t), () => now)
      const [rs1, pbx] = [randomBytes(32), randomBytes(32)]
      cache.put(zid, bob, { rs1, verified: true }, 60)
      cache.put(zid, carol, { rs1, pbx, verified: true }, 60)
      now += 59_999
      assert.deepEqual(cache.get(zid, bob), { rs1, verified: true })
      now += 1
      assert.equal(cache.get(zid, bob), undefined)
      assert.deepEqual(cache.get(zid, carol), { pbx, verified: false })
    })

  test('in memory are those of so many peers; who was heard of longest ago is forgotten', () => {
    const cache = new MemorySecretCache()
    const known = { rs1: randomBytes(32), verified: false }
    for (let i = 0; i < 100_001; i++) {
      cache.put(zid, `sip:${i}`, known, forEver)
      if (i === 1) cache.put(zid, 'sip:0', known, forEver)
    }
    assert.deepEqual(
      ['sip:0', 'sip:1', 'sip:2'].map((party) => cache.get(zid, party) !== undefined),
      [true, false, true],
    )
  })

  test('in a file of an earlier version are read, and expire from now on', (t) => {
    const path = join(temporaryDirectory(t), 'secrets.sqlite')
    const old = new DatabaseSync(path)
    old.exec(`CREATE TABLE secrets (
      zid BLOB NOT NULL, party TEXT NOT NULL, rs1 BLOB, rs2 BLOB, verified INTEGER NOT NULL,
      PRIMARY KEY (zid, party)) WITHOUT ROWID, STRICT`)
    const rs1 = randomBytes(32)
    old.prepare('INSERT INTO secrets VALUES (?, ?, ?, NULL, 1)').run(zid, bob, rs1)
    old.close()
    let now = Date.UTC(2026, 0, 1)
    const cache = new FileSecretCache(path, () => now)
    assert.deepEqual(cache.get(zid, bob), { rs1, verified: true })
    cache.put(zid, bob, { rs1, verified: true }, 1)
    now += 1000
    cache.close()
    const again = new FileSecretCache(path, () => now)
    assert.equal(again.get(zid, bob), undefined)
    again.close()
    const bare = new DatabaseSync(path)
    assert.equal(bare.prepare('SELECT count(*) AS rows FROM secrets').get()!['rows'], 0)
    bare.close()
  })

  test('in a file that fails go on in memory, and it is said once', (t) => {
    const errors: Error[] = []
    const file = new FileSecretCache(join(temporaryDirectory(t), 'secrets.sqlite'))
    const cache = new FallbackSecretCache(
      () => file,
      (error) => errors.push(error),
    )
    const [rs1, rs2] = [randomBytes(32), randomBytes(32)]
    cache.put(zid, bob, { rs1, verified: false }, forEver)
    assert.deepEqual(file.get(zid, bob), { rs1, verified: false })
    file.close()
    cache.put(zid, bob, { rs1: rs2, rs2: rs1, verified: false }, forEver)
    cache.put(zid, carol, { rs1, verified: false }, forEver)
    assert.deepEqual(cache.get(zid, bob), { rs1: rs2, rs2: rs1, verified: false })
    assert.deepEqual(cache.get(zid, carol), { rs1, verified: false })
    assert.equal(cache.get(randomBytes(12), carol), undefined)
    assert.equal(errors.length, 1)
  })

  test('whose file cannot even be opened are in memory', () => {
    const errors: Error[] = []
    const cache = new FallbackSecretCache(
      () => new FileSecretCache('/nowhere/secrets.sqlite'),
      (error) => errors.push(error),
    )
    const rs1 = randomBytes(32)
    cache.put(zid, bob, { rs1, verified: false }, forEver)
    assert.deepEqual(cache.get(zid, bob), { rs1, verified: false })
    assert.equal(errors.length, 1)
  })

  test('survive a restart, in a file that is nobody else’s', (t) => {
    const path = join(temporaryDirectory(t), 'secrets.sqlite')
    const rs1 = randomBytes(32)
    const before = new FileSecretCache(path)
    before.put(zid, bob, { rs1, verified: true }, forEver)
    before.close()
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(new FileSecretCache(path).get(zid, bob), { rs1, verified: true })
  })

  test('in a file that is none of SQLite’s: it is put aside, and a new one begun', (t) => {
    const path = join(temporaryDirectory(t), 'secrets.sqlite')
    writeFileSync(path, 'not a database, but long enough to be looked at as one '.repeat(40))
    const cache = new FileSecretCache(path)
    cache.put(zid, bob, { rs1: randomBytes(32), verified: false }, forEver)
    assert.ok(existsSync(`${path}.broken`))
    assert.match(readFileSync(`${path}.broken`, 'latin1'), /^not a database/)
  })
})
