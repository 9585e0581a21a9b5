import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
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

test('two that make the same directories at once both have them', async (t) => {
  const root = temporaryDirectory(t)
  const module = JSON.stringify(new URL('../../src/operation/make-directory.ts', import.meta.url))
  const started = new SharedArrayBuffer(4)
  const source = `
    const { workerData } = require('node:worker_threads')
    import(${module}).then(({ makeDirectory }) => {
      const started = new Int32Array(workerData.started)
      Atomics.add(started, 0, 1)
      while (Atomics.load(started, 0) < 2);
      for (let index = 0; index < 500; index++) makeDirectory(workerData.root + '/' + index + '/data', 0o700)
    })`
  const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData: { root, started } }))
  const codes = await Promise.all(workers.map((worker) => once(worker, 'exit')))
  assert.deepEqual(codes, [[0], [0]])
})
