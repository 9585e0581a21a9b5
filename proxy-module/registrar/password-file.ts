import { readFileSync } from 'node:fs'
import { hasErrors, quote, type Problem } from '../../src/config/problem.ts'
import { hashLength, type DigestHash } from '../../src/sip/auth/digest-algorithm.ts'
import { isHex } from '../../src/sip/auth/auth-parameters.ts'
import { passwordHash } from '../../src/sip/auth/digest-response.ts'
import { unescaped } from './address-of-record.ts'

/** H(user-id:domain:password) of one user with one user-id, in lower-case hexadecimal: passwords themselves are not kept. */
type Secrets = Readonly<Partial<Record<DigestHash, string>>>

/** The users of a Flexisip password file. Nothing of it is ever printed. */
export class PasswordFile {
  readonly #secrets: ReadonlyMap<string, Secrets>
  /** By user and domain: which hash functions all of its entries have. */
  readonly #hashes = new Map<string, readonly DigestHash[]>()
  /** What is offered to those who are not in the file: as to the users, where all have secrets of the same kinds. */
  readonly #ofEverybody: readonly DigestHash[]

  constructor(secrets: ReadonlyMap<string, Secrets>) {
    this.#secrets = secrets
    for (const [key, one] of secrets) {
      const user = key.slice(0, key.lastIndexOf(' '))
      const before = this.#hashes.get(user) ?? (['SHA-256', 'MD5'] as const)
      this.#hashes.set(
        user,
        before.filter((hash) => one[hash] !== undefined),
      )
    }
    const all = [...this.#hashes.values()]
    this.#ofEverybody = (['SHA-256', 'MD5'] as const).filter((hash) => all.every((one) => one.includes(hash)))
  }

  /** How many entries there are. */
  get size(): number {
    return this.#secrets.size
  }

  /**
   * The hash functions to offer to a user: of `wanted` those for which there is a secret. Users that do not exist are offered
   * those for which everybody has one, so that they cannot be told from others; where there is none of these, all.
   * @param user - of the From URI, without escapes
   */
  hashes(user: string, domain: string, wanted: readonly DigestHash[]): readonly DigestHash[] {
    const has = this.#hashes.get(`${user} ${domain}`) ?? this.#ofEverybody
    const offered = wanted.filter((hash) => has.includes(hash))
    return offered.length === 0 ? wanted : offered
  }

  /**
   * H(username:domain:password) in lower-case hexadecimal, for digests with the domain as realm.
   * @param user - of the From URI, without escapes
   * @param username - of the credentials: the user-id of the file's line
   */
  passwordHash(user: string, domain: string, username: string, hash: DigestHash): string | undefined {
    return this.#secrets.get(keyOf(user, domain, username))?.[hash]
  }
}

/** Neither user nor domain nor user-id has white space in the file; escaped spaces stay escaped in the last one. */
function keyOf(user: string, domain: string, userId: string): string {
  return `${user} ${domain} ${userId.replaceAll(' ', '%20')}`
}

/** What reading a password file gave. */
export interface PasswordFileResult {
  /** Absent when there are errors: half a file would lock the other half out. */
  readonly passwords?: PasswordFile
  readonly problems: readonly Problem[]
}

/** Reads a password file. It never throws: what is wrong is among the problems, and no problem quotes a secret. */
export function readPasswordFile(file: string): PasswordFileResult {
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const what = `the password file cannot be read (${code})`
    const instead = 'let this user read it, or write the path of another one to module::Authentication/file-path'
    return { problems: [{ file, line: 1, column: 1, severity: 'error', code: 'PASSWORD_FILE', what, instead }] }
  }
  return parsePasswordFile(text, file)
}

/**
 * Reads the text of a password file as Flexisip's `db-implementation=file` has it: `version:1`, then one line for each user,
 * `user@domain clrtxt:password md5:hash sha256:hash ; user-id phone`, in which one secret is enough and all behind the
 * semicolon may be left out. Hashes are those of `user:domain:password`. Empty lines and lines with `#` in front are passed
 * over. The phone has no meaning here. Of two lines of a user and user-id the later holds, as in Flexisip.
 * @param text - latin1, one char a byte
 */
export function parsePasswordFile(text: string, file: string): PasswordFileResult {
  const problems: Problem[] = []
  const secrets = new Map<string, Secrets>()
  let line = 0
  for (let start = 0; start <= text.length || line === 0;) {
    const feed = text.indexOf('\n', start)
    const end = feed < 0 ? text.length : feed
    line++
    const report = (column: number, what: string, instead: string, severity: Problem['severity'] = 'error'): void => {
      problems.push({ file, line, column: column + 1, severity, code: 'PASSWORD_FILE', what, instead })
    }
    const words = wordsOf(text.slice(start, end))
    if (line === 1) checkVersion(words, report)
    else if (words.length > 0 && !words[0]!.text.startsWith('#')) readUser(words, secrets, report)
    start = end + 1
  }
  return hasErrors(problems) ? { problems } : { passwords: new PasswordFile(secrets), problems }
}

interface Word {
  readonly text: string
  readonly at: number
}

type Report = (column: number, what: string, instead: string, severity?: Problem['severity']) => void

function wordsOf(line: string): Word[] {
  return Array.from(line.matchAll(/[^ \t\r]+/g), (found) => ({ text: found[0], at: found.index }))
}

function checkVersion(words: readonly Word[], report: Report): void {
  if (words.length === 1 && words[0]!.text === 'version:1') return
  report(words[0]?.at ?? 0, 'the file does not begin with its version', "write 'version:1' as the first line")
}

function readUser(words: readonly Word[], secrets: Map<string, Secrets>, report: Report): void {
  const [identity, ...rest] = words
  const at = identity!.text.lastIndexOf('@')
  const user = unescaped(identity!.text.slice(0, at))
  const domain = identity!.text.slice(at + 1).toLowerCase()
  if (at < 1 || domain === '' || user.includes('@')) {
    report(identity!.at, 'a line begins with user@domain', "write 'user@domain clrtxt:password ;'")
    return
  }
  const semicolon = rest.findIndex(({ text }) => text === ';')
  if (semicolon < 0) {
    const last = words.at(-1)!
    report(
      last.at + last.text.length,
      `the line of ${quote(identity!.text)} has no end`,
      "write ' ;' behind the secrets",
    )
    return
  }
  const behind = rest.slice(semicolon + 1)
  if (behind.length > 2) report(behind[2]!.at, 'more than user-id and phone stand behind the semicolon', 'take it away')
  const userId = behind[0] === undefined ? user : unescaped(behind[0].text)
  const found = readSecrets(rest.slice(0, semicolon), userId, domain, report)
  if (found === undefined) return
  if (Object.keys(found).length === 0) {
    report(rest[semicolon]!.at, `${quote(identity!.text)} has no secret`, "write 'clrtxt:', 'md5:' or 'sha256:' and it")
    return
  }
  secrets.set(keyOf(user, domain, userId), found)
}

function readSecrets(words: readonly Word[], userId: string, domain: string, report: Report): Secrets | undefined {
  let clear: string | undefined
  const found: Partial<Record<DigestHash, string>> = {}
  for (const { text, at } of words) {
    const colon = text.indexOf(':')
    const value = text.slice(colon + 1)
    // never said what stands there instead: it may be a password
    if (colon < 0 || value === '') {
      report(at, 'a secret is not written as kind:value', "write 'clrtxt:', 'md5:' or 'sha256:' and the secret")
      return undefined
    }
    switch (text.slice(0, colon)) {
      case 'clrtxt':
        clear = value
        break
      case 'md5':
        checkHash('MD5', value, at + colon + 1, report)
        found.MD5 = value.toLowerCase()
        break
      case 'sha256':
        checkHash('SHA-256', value, at + colon + 1, report)
        found['SHA-256'] = value.toLowerCase()
        break
      default:
        report(at, 'there is no such kind of secret', "write 'clrtxt:', 'md5:' or 'sha256:' and the secret")
        return undefined
    }
  }
  if (clear === undefined) return found
  // as in Flexisip, the password comes before hashes that may have been made of another one
  return {
    MD5: passwordHash('MD5', userId, domain, clear),
    'SHA-256': passwordHash('SHA-256', userId, domain, clear),
  }
}

/** Only a warning: Flexisip takes such a value too, and sites lock users out with it. */
function checkHash(hash: DigestHash, value: string, at: number, report: Report): void {
  const length = hashLength(hash)
  if (value.length === length && isHex(value)) return
  report(at, `the value is no ${hash}, so nobody can log in with it`, `write ${length} hexadecimal digits`, 'warning')
}
