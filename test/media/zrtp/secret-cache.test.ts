import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FileSecretCache } from '../../../src/media/zrtp/file-secret-cache.ts'
import { MemorySecretCache, type SecretCache } from '../../../src/media/zrtp/secret-cache.ts'
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
      cache.put(zid, bob, { rs1, verified: false })
      assert.deepEqual(cache.get(zid, bob), { rs1, verified: false })
      cache.put(zid, bob, { rs1: rs2, rs2: rs1, verified: true })
      assert.deepEqual(cache.get(zid, bob), { rs1: rs2, rs2: rs1, verified: true })
      assert.equal(cache.get(zid, carol), undefined)
      assert.equal(cache.get(randomBytes(12), bob), undefined)
    })

  test('survive a restart, in a file that is nobody else’s', (t) => {
    const path = join(temporaryDirectory(t), 'secrets.sqlite')
    const rs1 = randomBytes(32)
    const before = new FileSecretCache(path)
    before.put(zid, bob, { rs1, verified: true })
    before.close()
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(new FileSecretCache(path).get(zid, bob), { rs1, verified: true })
  })

  test('in a file that is none of SQLite’s: it is put aside, and a new one begun', (t) => {
    const path = join(temporaryDirectory(t), 'secrets.sqlite')
    writeFileSync(path, 'not a database, but long enough to be looked at as one '.repeat(40))
    const cache = new FileSecretCache(path)
    cache.put(zid, bob, { rs1: randomBytes(32), verified: false })
    assert.ok(existsSync(`${path}.broken`))
    assert.match(readFileSync(`${path}.broken`, 'latin1'), /^not a database/)
  })
})
