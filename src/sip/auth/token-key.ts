import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '../../base/coded-error.ts'

/** A key file that cannot be used, code `TOKEN_KEY`. The message names the file and what to do, never what the file holds. */
export class TokenKeyError extends CodedError {
  constructor(file: string, what: string, instead: string, options: ErrorOptions = {}) {
    super('TOKEN_KEY', `cannot use the key file ${file}: ${what}; ${instead}`, options)
  }
}

const fileName = 'b2bua-token.key'
/** Bytes of the key, and chars of its text in the file, which a line end may follow. */
const keyLength = 32
const textLength = 2 * keyLength
const keyText = /^[0-9a-f]{64}\n?$/i

/**
 * The key that the B2BUA and the proxy side share, from `b2bua-token.key` in the data directory: 32 random bytes in
 * hexadecimal, made when the file is missing, for its owner alone. Servers that start at once get the same key.
 * @param dataDirectory - it must exist
 * @throws TokenKeyError when the file cannot be read or made, others than its owner may use it, or it holds no such key
 */
export function loadTokenKey(dataDirectory: string): Buffer {
  const file = join(dataDirectory, fileName)
  try {
    return readKey(file) ?? makeKey(file)
  } catch (cause) {
    if (cause instanceof TokenKeyError) throw cause
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new TokenKeyError(file, what, 'it must be a file that this user owns, in a directory that it can write to', {
      cause,
    })
  }
}

/** The key in the file; undefined when there is no file. */
function readKey(file: string): Buffer | undefined {
  const descriptor = openIfThere(file)
  if (descriptor === undefined) return undefined
  try {
    return checkedKey(file, descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK) // a pipe in its place must not be waited for
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The open file is looked at, not its name: nobody can put another one in its place in between. */
function checkedKey(file: string, descriptor: number): Buffer {
  const stats = fstatSync(descriptor)
  if (!stats.isFile()) throw new TokenKeyError(file, 'it is no file', 'remove it, and a new one is made')
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
    const instead = `remove it on both servers, and a new one is made, or chmod 600 it if nobody can have read it`
    throw new TokenKeyError(file, `its mode ${mode} lets others than its owner at it`, instead)
  }
  const bytes = Buffer.alloc(textLength + 2) // one more than there should be
  const length = readSync(descriptor, bytes, 0, bytes.length, 0)
  const text = bytes.toString('latin1', 0, length)
  if (!keyText.test(text)) {
    const instead = 'remove it, and a new one is made, or copy that of the other server'
    throw new TokenKeyError(file, `it does not hold ${textLength} hexadecimal digits`, instead)
  }
  return Buffer.from(text.slice(0, textLength), 'hex')
}

/**
 * Writes a new key beside the file and then links it to the name, which fails when another server was quicker: nobody
 * ever sees a part of a key, and whoever loses takes the winner's.
 */
function makeKey(file: string): Buffer {
  const draft = `${file}.${randomBytes(8).toString('hex')}`
  const descriptor = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    try {
      writeSync(descriptor, `${randomBytes(keyLength).toString('hex')}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    linkUnlessThere(draft, file)
  } finally {
    unlinkSync(draft)
  }
  const key = readKey(file)
  if (key === undefined) throw new TokenKeyError(file, 'it was removed as soon as it was made', 'start again')
  return key
}

function linkUnlessThere(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
