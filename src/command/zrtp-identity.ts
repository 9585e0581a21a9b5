import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const zidLength = 12

/**
 * This server's ZID (RFC 6189 §4.3), by which phones know it again: kept in the data directory, made at the first start.
 * @throws NodeJS.ErrnoException when the file cannot be read or written
 */
export function keepZid(directory: string): Buffer {
  const path = join(directory, 'zrtp-zid')
  const kept = readKept(path)
  if (kept?.length === zidLength) return kept
  const zid = randomBytes(zidLength)
  writeFileSync(path, `${zid.toString('hex')}\n`, { mode: 0o600 })
  return zid
}

function readKept(path: string): Buffer | undefined {
  try {
    return Buffer.from(readFileSync(path, 'latin1').trim(), 'hex')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
