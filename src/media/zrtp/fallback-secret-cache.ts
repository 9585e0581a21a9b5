import { MemorySecretCache, type PeerSecrets, type SecretCache } from './secret-cache.ts'

/**
 * A cache in a file that goes on in memory when the file fails, as on a full disk: a call is worth more than what the next one
 * will know of it, and the thread that it is in makes the handshakes of all other calls.
 */
export class FallbackSecretCache implements SecretCache {
  readonly #file: SecretCache | undefined
  readonly #memory = new MemorySecretCache()
  readonly #onFailure: (error: Error) => void
  #failed = false

  /**
   * @param open makes the cache in the file
   * @param onFailure told the first time that the file fails: until a restart nothing more is kept in it
   */
  constructor(open: () => SecretCache, onFailure: (error: Error) => void) {
    this.#onFailure = onFailure
    this.#file = this.#attempt(open)
  }

  get(zid: Buffer, party: string): PeerSecrets | undefined {
    return this.#memory.get(zid, party) ?? this.#attempt(() => this.#file?.get(zid, party))
  }

  put(zid: Buffer, party: string, secrets: PeerSecrets, interval: number): void {
    if (!this.#failed) this.#attempt(() => this.#file?.put(zid, party, secrets, interval))
    if (this.#failed) this.#memory.put(zid, party, secrets, interval)
  }

  #attempt<Result>(work: () => Result): Result | undefined {
    try {
      return work()
    } catch (error) {
      if (!this.#failed) this.#onFailure(error instanceof Error ? error : new Error(String(error)))
      this.#failed = true
      return undefined
    }
  }
}
