import { chmodSync, closeSync, openSync, renameSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { expiry, withoutRetained, type PeerSecrets, type SecretCache } from './secret-cache.ts'

/**
 * A cache in a SQLite file of the server's alone (0600), so that calls after a restart still know those before. Each change is
 * whole on the disk when `put` returns.
 */
export class FileSecretCache implements SecretCache {
  readonly #database: DatabaseSync
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #now: () => number

  /**
   * A file that is no database, or a broken one, is put aside under its name with `.broken`, and a new one begun: its
   * secrets are lost, which phones show as a mismatch.
   * @param now milliseconds since 1970
   * @throws the operating system's error, or SQLite's, when there can be no file
   */
  constructor(path: string, now: () => number = () => Date.now()) {
    this.#now = now
    this.#database = open(path)
    this.#database.prepare('DELETE FROM secrets WHERE expires <= ? AND pbx IS NULL').run(now())
    this.#get = this.#database.prepare(
      'SELECT rs1, rs2, pbx, verified, expires FROM secrets WHERE zid = ? AND party = ?',
    )
    this.#put = this.#database.prepare(
      'INSERT OR REPLACE INTO secrets (zid, party, rs1, rs2, pbx, verified, expires) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
  }

  get(zid: Buffer, party: string): PeerSecrets | undefined {
    const row = this.#get.get(zid, party)
    if (row === undefined) return undefined
    const [rs1, rs2, pbx] = [bytesOf(row['rs1']), bytesOf(row['rs2']), bytesOf(row['pbx'])]
    const secrets = {
      ...(rs1 !== undefined && { rs1 }),
      ...(rs2 !== undefined && { rs2 }),
      ...(pbx !== undefined && { pbx }),
      verified: row['verified'] === 1,
    }
    const { expires } = row
    return typeof expires === 'number' && expires <= this.#now() ? withoutRetained(secrets) : secrets
  }

  put(zid: Buffer, party: string, { rs1, rs2, pbx, verified }: PeerSecrets, interval: number): void {
    const until = expiry(this.#now(), interval)
    const expires = until === Infinity ? null : until
    this.#put.run(zid, party, rs1 ?? null, rs2 ?? null, pbx ?? null, verified ? 1 : 0, expires)
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
    addColumns(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Those that files of earlier versions do not have. `expires`: milliseconds since 1970; NULL: never. */
function addColumns(database: DatabaseSync): void {
  const names = database.prepare('SELECT name FROM pragma_table_info(?)').all('secrets')
  for (const [name, type] of [
    ['pbx', 'BLOB'],
    ['expires', 'INTEGER'],
  ] as const)
    if (!names.some((column) => column['name'] === name)) {
      database.exec(`ALTER TABLE secrets ADD COLUMN ${name} ${type}`)
    }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26)
}

function bytesOf(value: unknown): Buffer | undefined {
  return value instanceof Uint8Array ? Buffer.from(value) : undefined
}
