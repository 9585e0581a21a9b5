/** What two endpoints remember of each other (RFC 6189 §4.3). */
export interface PeerSecrets {
  readonly rs1?: Buffer
  readonly rs2?: Buffer
  /** Both users have compared the SAS. */
  readonly verified: boolean
}

/** Where retained secrets are kept, by the peer's ZID. */
export interface SecretCache {
  get(zid: Buffer): PeerSecrets | undefined
  put(zid: Buffer, secrets: PeerSecrets): void
}

/** A cache that forgets when the process ends, as Flexisip's does. */
export class MemorySecretCache implements SecretCache {
  readonly #peers = new Map<string, PeerSecrets>()

  get(zid: Buffer): PeerSecrets | undefined {
    return this.#peers.get(zid.toString('hex'))
  }

  put(zid: Buffer, secrets: PeerSecrets): void {
    this.#peers.set(zid.toString('hex'), secrets)
  }
}
