import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock } from '../../base/clock.ts'

/** What a nonce is worth. */
export type NonceVerdict = 'good' | 'stale'

/** How nonces are made. */
export interface NonceOptions {
  readonly clock: Clock
  /** Milliseconds for which a nonce is good (Flexisip's `nonce-expires`, one hour). */
  readonly lifetime: number
  /** Nonces whose count is remembered at most. */
  readonly capacity?: number
}

/** time (6 bytes, milliseconds of the clock) ‖ random (8 bytes) ‖ the first 16 bytes of the HMAC of these and the realm */
const stampLength = 14
const macLength = 16

/**
 * Nonces that this process knows again without having kept them: each carries its time and an HMAC under a key that dies
 * with the process. Only those with which somebody has proved a password take memory, for their count (RFC 7616 §3.4.5): an
 * unknown sender can make the table neither grow nor forget. When the table is full, the oldest entry goes, and with it
 * every nonce that was made before it: forgetting a count must not let its request be replayed.
 */
export class Nonces {
  readonly #clock: Clock
  readonly #lifetime: number
  readonly #capacity: number
  readonly #key = randomBytes(32)
  /** Highest count seen by nonce, in the order of first use. */
  readonly #counts = new Map<string, number>()
  /** Nonces made at or before this are stale. */
  #floor = -Infinity

  constructor({ clock, lifetime, capacity = 10_000 }: NonceOptions) {
    this.#clock = clock
    this.#lifetime = lifetime
    this.#capacity = capacity
  }

  /** Nonces whose count is remembered. */
  get size(): number {
    return this.#counts.size
  }

  /** Makes a nonce for a realm. */
  issue(realm: string): string {
    const stamp = Buffer.allocUnsafe(stampLength)
    stamp.writeUIntBE(Math.trunc(this.#clock.now()), 0, 6)
    randomBytes(8).copy(stamp, 6)
    return Buffer.concat([stamp, this.#mac(stamp, realm)]).toString('base64url')
  }

  /** Whether a nonce is one of this process for the realm, and not too old; nothing is remembered. */
  knows(nonce: string, realm: string): boolean {
    const madeAt = this.#timeOf(nonce, realm)
    return madeAt !== undefined && madeAt > this.#floor && this.#clock.now() - madeAt <= this.#lifetime
  }

  /**
   * Spends one use of a nonce; to be called for credentials whose response is right, since it remembers the count.
   * @param count - the nonce count; credentials without one may use a nonce once, as if it were 1
   * @returns `stale` for a nonce that is too old, not of this process or realm, or whose count was used before
   */
  spend(nonce: string, realm: string, count = 1): NonceVerdict {
    if (!this.knows(nonce, realm)) return 'stale'
    const last = this.#counts.get(nonce)
    if (count <= (last ?? 0)) return 'stale'
    this.#counts.set(nonce, count)
    if (last === undefined && this.#counts.size > this.#capacity) this.#forget(this.#clock.now())
    return 'good'
  }

  /** Takes the dead nonces at the front of the table away, and if there are none the oldest with its contemporaries. */
  #forget(now: number): void {
    for (const nonce of this.#counts.keys()) {
      const madeAt = timeIn(Buffer.from(nonce, 'base64url'))
      const dead = now - madeAt > this.#lifetime || madeAt <= this.#floor
      if (!dead && this.#counts.size <= this.#capacity) return
      if (!dead) this.#floor = madeAt
      this.#counts.delete(nonce)
    }
  }

  #timeOf(nonce: string, realm: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url')
    // the decoder ignores what is not of its alphabet: another spelling of a nonce would have a count of its own
    if (bytes.length !== stampLength + macLength || bytes.toString('base64url') !== nonce) return undefined
    const mac = this.#mac(bytes.subarray(0, stampLength), realm)
    return timingSafeEqual(bytes.subarray(stampLength), mac) ? timeIn(bytes) : undefined
  }

  #mac(stamp: Buffer, realm: string): Buffer {
    return createHmac('sha256', this.#key).update(stamp).update(realm, 'latin1').digest().subarray(0, macLength)
  }
}

function timeIn(bytes: Buffer): number {
  return bytes.readUIntBE(0, 6)
}
