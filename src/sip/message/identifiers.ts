import { randomFillSync } from 'node:crypto'

/** Random bytes are drawn in bulk: one call of the generator costs more than a hundred identifiers. */
const pool = Buffer.alloc(4096)
let used = pool.length

/**
 * `bytes` random bytes in hexadecimal. Not base64: branches and tags are tokens, which other stacks may compare without
 * regard to case, and that would take a sixth of its randomness away.
 */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString('hex', used, used + bytes)
  used += bytes
  return text
}

/** A new Via branch: the magic cookie of RFC 3261 §8.1.1.7 and 80 random bits. */
export function newBranch(): string {
  return `z9hG4bK${randomHex(10)}`
}

/** A new From or To tag: 80 random bits. */
export function newTag(): string {
  return randomHex(10)
}

/** A new Call-ID: 128 random bits, no host name, which would only tell where calls are made. */
export function newCallId(): string {
  return randomHex(16)
}
