import { hash } from 'node:crypto'
import { randomHex } from '../../base/random-pool.ts'

// Hexadecimal and not base64: branches and tags are tokens, which other stacks may compare without regard to case, and that
// would take a sixth of their randomness away.

/** A new Via branch: the magic cookie of RFC 3261 §8.1.1.7 and 80 random bits. */
export function newBranch(): string {
  return `z9hG4bK${randomHex(10)}`
}

/** A new From or To tag: 80 random bits. */
export function newTag(): string {
  return randomHex(10)
}

const tagSecret = randomHex(16)

/** A tag that is the same for the same text, as long as the process lives, and that nobody else can tell (RFC 3261 §8.2.7). */
export function stableTag(text: string): string {
  return hash('sha256', tagSecret + text).slice(0, 20)
}

/** A new Call-ID: 128 random bits, no host name, which would only tell where calls are made. */
export function newCallId(): string {
  return randomHex(16)
}
