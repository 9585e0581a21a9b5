import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePasswordFile, type PasswordFile } from '../../../proxy-module/registrar/password-file.ts'
import { PasswordStore } from '../../../proxy-module/registrar/password-store.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { passwordHash } from '../../../src/sip/auth/digest-response.ts'

const md5 = passwordHash('MD5', 'bellesip', 'sip.linphone.org', 'secret')
const sha256 = passwordHash('SHA-256', 'bellesip', 'sip.linphone.org', 'secret')

function parsed(...lines: readonly string[]): PasswordFile {
  const { passwords, problems } = parsePasswordFile(['version:1', ...lines].join('\n'), 'users')
  assert.deepEqual(problems, [])
  return passwords!
}

const hashOf = (file: PasswordFile, hash: 'MD5' | 'SHA-256', username = 'bellesip'): string | undefined =>
  file.passwordHash('bellesip', 'sip.linphone.org', username, hash)

test("the examples of Flexisip's documentation", () => {
  assert.equal(md5, '97ffb1c6af18e5687bf26cdf35e45d30')
  const clear = parsed('', 'bellesip@sip.linphone.org clrtxt:secret ;', '')
  assert.deepEqual([hashOf(clear, 'MD5'), hashOf(clear, 'SHA-256')], [md5, sha256])
  const hashed = parsed(`bellesip@sip.linphone.org md5:${md5.toUpperCase()} ;`)
  assert.deepEqual([hashOf(hashed, 'MD5'), hashOf(hashed, 'SHA-256')], [md5, undefined])
  const all = parsed(`bellesip@sip.linphone.org clrtxt:secret md5:${md5} sha256:${sha256} ;`)
  assert.deepEqual([hashOf(all, 'MD5'), hashOf(all, 'SHA-256')], [md5, sha256])
})

test('a user-id behind the semicolon is the name to log in with, a phone has no meaning', () => {
  const file = parsed('# users', 'bellesip@sip.linphone.org clrtxt:secret ; belle-id +33600000000')
  assert.equal(hashOf(file, 'MD5'), undefined)
  assert.equal(hashOf(file, 'MD5', 'belle-id'), passwordHash('MD5', 'belle-id', 'sip.linphone.org', 'secret'))
})

test('escapes in the user are decoded, domains have no case, line ends may be CRLF', () => {
  const file = parsed('belle%20sip@SIP.linphone.org\tclrtxt:secret  ;\r', 'b@h clrtxt:x ;')
  const wanted = passwordHash('MD5', 'belle sip', 'sip.linphone.org', 'secret')
  assert.equal(file.passwordHash('belle sip', 'sip.linphone.org', 'belle sip', 'MD5'), wanted)
  assert.equal(file.size, 2)
})

test('a user is offered the hash functions that there are secrets for, a stranger all', () => {
  const file = parsed(`a@h md5:${md5} ;`, `b@h sha256:${sha256} ;`, 'c@h clrtxt:x ;')
  const wanted = ['SHA-256', 'MD5'] as const
  assert.deepEqual(file.hashes('a', 'h', wanted), ['MD5'])
  assert.deepEqual(file.hashes('b', 'h', wanted), ['SHA-256'])
  for (const user of ['c', 'nobody']) assert.deepEqual(file.hashes(user, 'h', wanted), wanted)
  assert.deepEqual(file.hashes('b', 'h', ['MD5']), ['MD5'])
})

test('where all users have hashes of one kind, a stranger is offered no more than they: he cannot be told from them', () => {
  const wanted = ['SHA-256', 'MD5'] as const
  const file = parsed(`a@h md5:${md5} ;`, `b@h md5:${md5} ;`)
  assert.deepEqual(file.hashes('nobody', 'h', wanted), file.hashes('a', 'h', wanted))
  assert.deepEqual(parsed().hashes('nobody', 'h', wanted), wanted)
})

test('a locked account is a warning, and cannot be logged in with', () => {
  const { passwords, problems } = parsePasswordFile('version:1\n\na@h md5:! ;\n', 'users')
  assert.deepEqual(problems.map(formatProblem), [
    'users:3:9: warning: the value is no MD5, so nobody can log in with it; write 32 hexadecimal digits',
  ])
  assert.notEqual(passwords, undefined)
})

const broken: readonly (readonly [string, string])[] = [
  ['', 'users:1:1'],
  ['version:2', 'users:1:1'],
  ['a@h clrtxt:hunter2 ;', 'users:1:1'],
  ['version:1\nalice clrtxt:hunter2 ;', 'users:2:1'],
  ['version:1\n  @h clrtxt:hunter2 ;', 'users:2:3'],
  ['version:1\na@ clrtxt:hunter2 ;', 'users:2:1'],
  ['version:1\na@h clrtxt:hunter2', 'users:2:19'],
  ['version:1\na@h clrtxt:hunter2;', 'users:2:20'],
  ['version:1\na@h ;', 'users:2:5'],
  ['version:1\na@h hunter2 ;', 'users:2:5'],
  ['version:1\na@h clrtext:hunter2 ;', 'users:2:5'],
  ['version:1\na@h clrtxt: hunter2 ;', 'users:2:5'],
  ['version:1\na@h clrtxt:hunter2 ; id phone more', 'users:2:31'],
]
for (const [text, place] of broken) {
  test(`${JSON.stringify(text)} is refused at ${place}, and no secret is told`, () => {
    const { passwords, problems } = parsePasswordFile(text, 'users')
    assert.equal(passwords, undefined)
    assert.equal(problems.length, 1)
    assert.ok(formatProblem(problems[0]!).startsWith(`${place}: error: `), formatProblem(problems[0]!))
    assert.doesNotMatch(formatProblem(problems[0]!), /hunter2/)
  })
}

test('any text is read or refused', () => {
  const piece = fc.constantFrom(
    'version:1',
    '\n',
    ' ',
    ';',
    'a@h',
    'md5:',
    'clrtxt:x',
    '#',
    '\0',
    '@',
    '%',
    '\xff',
    ':',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { passwords, problems } = parsePasswordFile(pieces.join(''), 'users')
      assert.equal(
        passwords === undefined,
        problems.some(({ severity }) => severity === 'error'),
      )
    }),
  )
})

test('a file is read from the disk; what it becomes without being right changes nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'passwords-'))
  try {
    const store = new PasswordStore(join(directory, 'userdb.conf'))
    assert.match(formatProblem(store.reload()[0]!), /cannot be read \(ENOENT\)/)
    const size = (): number | undefined => store.current?.size
    assert.equal(size(), undefined)
    writeFileSync(store.file, 'version:1\na@h clrtxt:x ;\n')
    assert.deepEqual(store.reload(), [])
    assert.equal(size(), 1)
    writeFileSync(store.file, 'version:1\na@h clrtxt\n')
    assert.equal(store.reload().length, 1)
    assert.equal(size(), 1)
    writeFileSync(store.file, 'version:1\na@h clrtxt:x ;\nb@h clrtxt:y ;\n')
    store.reload()
    assert.equal(size(), 2)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
