import assert from 'node:assert/strict'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectory } from '../../src/operation/make-directory.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a missing directory gets the mode, its missing parents the usual one', (t) => {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'usual'))
  makeDirectory(join(root, 'a', 'b', 'c'), 0o700)
  const [usual, ...modes] = ['usual', 'a', 'a/b', 'a/b/c'].map((path) => statSync(join(root, path)).mode & 0o777)
  assert.deepEqual(modes, [usual, usual, 0o700])
})

test('a directory that exists stays as it is', (t) => {
  const path = join(temporaryDirectory(t), 'there')
  mkdirSync(path, { mode: 0o755 })
  makeDirectory(`${path}/`, 0o700)
  assert.equal(statSync(path).mode & 0o777, 0o755)
})

test('what cannot be made is an error, and never a wait', (t) => {
  const root = temporaryDirectory(t, { file: '' })
  assert.throws(() => makeDirectory(join(root, 'file'), 0o700), { code: 'EEXIST' })
  assert.throws(() => makeDirectory(join(root, 'file', 'below'), 0o700), { code: 'ENOTDIR' })
  assert.throws(() => makeDirectory('/proc/nothing', 0o700), { code: 'ENOENT' })
  assert.throws(() => makeDirectory('/proc/nothing/below', 0o700), { code: 'ENOENT' })
  assert.throws(() => makeDirectory('', 0o700), { code: 'ENOENT' })
})
