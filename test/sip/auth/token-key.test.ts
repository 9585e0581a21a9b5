import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { loadTokenKey, TokenKeyError } from '../../../src/sip/auth/token-key.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const name = 'b2bua-token.key'
const digits = '0123456789abcdef'.repeat(4)

function directoryWith(t: Parameters<typeof temporaryDirectory>[0], content: string | Buffer, mode = 0o600): string {
  const directory = temporaryDirectory(t, { [name]: content })
  chmodSync(join(directory, name), mode)
  return directory
}

/** Loads, and checks that the error names the file and nothing of what it holds. */
function refusal(directory: string): string {
  let message = ''
  assert.throws(
    () => loadTokenKey(directory),
    (error) => {
      assert.ok(error instanceof TokenKeyError)
      assert.equal(error.code, 'TOKEN_KEY')
      message = error.message
      return true
    },
  )
  assert.ok(message.includes(join(directory, name)), message)
  assert.ok(!message.includes('0123456789abcdef'), message)
  return message
}

describe('the key file', () => {
  test('is made at first start, for its owner alone, and then stays', (t) => {
    const directory = temporaryDirectory(t)
    const key = loadTokenKey(directory)
    assert.equal(key.length, 32)
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
    assert.equal(readFileSync(join(directory, name), 'latin1'), `${key.toString('hex')}\n`)
    assert.deepEqual(readdirSync(directory), [name])
    assert.deepEqual(loadTokenKey(directory), key)
    assert.notDeepEqual(loadTokenKey(temporaryDirectory(t)), key)
  })

  test('may be copied by hand: without a line end, in capitals, read-only, by a link', (t) => {
    const key = Buffer.from(digits, 'hex')
    assert.deepEqual(loadTokenKey(directoryWith(t, digits)), key)
    assert.deepEqual(loadTokenKey(directoryWith(t, `${digits.toUpperCase()}\n`, 0o400)), key)
    const linked = temporaryDirectory(t)
    symlinkSync(join(directoryWith(t, digits), name), join(linked, name))
    assert.deepEqual(loadTokenKey(linked), key)
  })

  test('is refused when others than its owner may use it, and left as it is', (t) => {
    for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
      const directory = directoryWith(t, digits, mode)
      assert.match(refusal(directory), /mode 06.. lets others .* chmod 600/)
      assert.equal(statSync(join(directory, name)).mode & 0o777, mode)
    }
  })

  test('is refused when it holds anything but a key', (t) => {
    const wrong = ['', '\n', digits.slice(1), `${digits}0`, `${digits}\n\n`, ` ${digits}`, `${digits}\r\n`]
    for (const content of [...wrong, 'x'.repeat(64), Buffer.alloc(32, 1), digits.repeat(10_000)]) {
      const directory = directoryWith(t, content)
      assert.match(refusal(directory), /does not hold 64 hexadecimal digits; remove it/)
      assert.deepEqual(readFileSync(join(directory, name)), Buffer.from(content))
    }
  })

  test('is refused when it is no file, or cannot be made', (t) => {
    const directory = temporaryDirectory(t)
    mkdirSync(join(directory, name))
    assert.match(refusal(directory), /it is no file/)
    assert.match(refusal(join(directory, 'nowhere')), /ENOENT/)
    writeFileSync(join(directory, 'file'), '')
    assert.match(refusal(join(directory, 'file')), /ENOTDIR/)
  })

  test('servers that start at once end with the same key', async (t) => {
    const root = temporaryDirectory(t)
    const directories = Array.from({ length: 200 }, (_, i) => join(root, String(i)))
    for (const directory of directories) mkdirSync(directory)
    const program = `
      import { loadTokenKey } from ${JSON.stringify(new URL('../../../src/sip/auth/token-key.ts', import.meta.url).href)}
      for (const directory of process.argv.slice(1)) console.log(loadTokenKey(directory).toString('hex'))`
    const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, ...directories])
    const [one, two] = await Promise.all([start(), start()])
    assert.equal(one.stdout, two.stdout)
    assert.equal(new Set(one.stdout.trim().split('\n')).size, directories.length)
    assert.deepEqual(new Set(directories.flatMap((directory) => readdirSync(directory))), new Set([name]))
  })
})
