import { randomFillSync } from 'node:crypto'

/** Bytes drawn at a time: one call of the generator costs more than a hundred identifiers. */
const poolLength = 4096

const pool = Buffer.alloc(poolLength)
let used = poolLength

/**
 * `size` bytes from the system's generator, fit for keys. They are drawn in bulk, given out once, and wiped from the bulk when
 * they are.
 */
export function randomFromPool(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  if (size > poolLength) return randomFillSync(bytes)
  if (used + size > poolLength) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(bytes, 0, used, used + size)
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** `bytes` random bytes in hexadecimal, drawn as {@link randomFromPool} does. */
export function randomHex(bytes: number): string {
  if (used + bytes > poolLength) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString('hex', used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}
