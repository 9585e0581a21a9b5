import { chmodSync, closeSync, openSync, renameSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type PeerSecrets, type SecretCache } from './secret-cache.ts'

/**
 * A cache in a SQLite file of the server's alone (0600), so that calls after a restart still know those before. Each change is
 * whole on the disk when `put` returns.
 */
export class FileSecretCache implements SecretCache {
  readonly #database: DatabaseSync
  readonly #get: StatementSync
  readonly #put: StatementSync

  /**
   * A file that is no database, or a broken one, is put aside under its name with `.broken`, and a new one begun: its
   * secrets are lost, which phones show as a mismatch.
   * @throws the operating system's error, or SQLite's, when there can be no file
   */
  constructor(path: string) {
    this.#database = open(path)
    this.#get = this.#database.prepare('SELECT rs1, rs2, verified FROM secrets WHERE zid = ? AND party = ?')
    this.#put = this.#database.prepare(
      'INSERT OR REPLACE INTO secrets (zid, party, rs1, rs2, verified) VALUES (?, ?, ?, ?, ?)',
    )
  }

  get(zid: Buffer, party: string): PeerSecrets | undefined {
    const row = this.#get.get(zid, party)
    if (row === undefined) return undefined
    const [rs1, rs2] = [bytesOf(row['rs1']), bytesOf(row['rs2'])]
    return {
      ...(rs1 !== undefined && { rs1 }),
      ...(rs2 !== undefined && { rs2 }),
      verified: row['verified'] === 1,
    }
  }

  put(zid: Buffer, party: string, { rs1, rs2, verified }: PeerSecrets): void {
    this.#put.run(zid, party, rs1 ?? null, rs2 ?? null, verified ? 1 : 0)
  }

  close(): void {
    this.#database.close()
  }
}

function open(path: string): DatabaseSync {
  try {
    return prepare(path)
  } catch (error) {
    if (!isBroken(error)) throw error
    renameSync(path, `${path}.broken`)
    return prepare(path)
  }
}

function prepare(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600)) // made by SQLite it would be as open as the umask lets it be
  chmodSync(path, 0o600)
  const database = new DatabaseSync(path)
  try {
    database.exec(`CREATE TABLE IF NOT EXISTS secrets (
      zid BLOB NOT NULL, party TEXT NOT NULL, rs1 BLOB, rs2 BLOB, verified INTEGER NOT NULL,
      PRIMARY KEY (zid, party)) WITHOUT ROWID, STRICT`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26)
}

function bytesOf(value: unknown): Buffer | undefined {
  return value instanceof Uint8Array ? Buffer.from(value) : undefined
}
