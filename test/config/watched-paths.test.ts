import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchedPaths } from '../../src/config/watched-paths.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('a plain file, there or not, is watched itself', (t) => {
  const directory = temporaryDirectory(t, { a: '' })
  assert.deepEqual(
    [...watchedPaths([join(directory, 'a'), join(directory, 'no/b')])],
    [join(directory, 'a'), join(directory, 'no/b')],
  )
})

test('a relative path is watched from the working directory', () => {
  assert.deepEqual([...watchedPaths(['a.conf'])], [join(process.cwd(), 'a.conf')])
})

test('every link on the way is watched, and where it leads', (t) => {
  const directory = temporaryDirectory(t, { 'v1/a': '' })
  symlinkSync('v1', join(directory, 'current'))
  symlinkSync(join(directory, 'current/a'), join(directory, 'file'))
  assert.deepEqual(
    [...watchedPaths([join(directory, 'file')])],
    ['file', 'current', 'v1/a'].map((name) => join(directory, name)),
  )
})

test('links that go in a circle end', (t) => {
  const directory = temporaryDirectory(t)
  symlinkSync('b', join(directory, 'a'))
  symlinkSync('a', join(directory, 'b'))
  assert.deepEqual([...watchedPaths([join(directory, 'a')])], [join(directory, 'a'), join(directory, 'b')])
})
