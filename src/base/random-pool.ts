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
  const start = draw(size)
  pool.copy(bytes, 0, start, used)
  pool.fill(0, start, used)
  return bytes
}

/** `size` random bytes in hexadecimal, drawn as {@link randomFromPool} does; at most 4,096. */
export function randomHex(size: number): string {
  const start = draw(size)
  const text = pool.toString('hex', start, used)
  pool.fill(0, start, used)
  return text
}

/** Makes the bytes before `used` the drawn ones. @returns where they start */
function draw(size: number): number {
  if (used + size > poolLength) {
    randomFillSync(pool)
    used = 0
  }
  used += size
  return used - size
}
