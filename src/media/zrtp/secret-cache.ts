/** What two endpoints remember of each other (RFC 6189 §4.3). */
export interface PeerSecrets {
  readonly rs1?: Buffer
  readonly rs2?: Buffer
  /** Both users have compared the SAS. */
  readonly verified: boolean
}

/**
 * Where retained secrets are kept: by the peer's ZID, and by the party that the peer takes this server for, because a phone
 * keeps them for each of those it calls.
 */
export interface SecretCache {
  get(zid: Buffer, party: string): PeerSecrets | undefined
  put(zid: Buffer, party: string, secrets: PeerSecrets): void
}

/** A cache that forgets when the process ends, as Flexisip's does. */
export class MemorySecretCache implements SecretCache {
  readonly #peers = new Map<string, PeerSecrets>()

  get(zid: Buffer, party: string): PeerSecrets | undefined {
    return this.#peers.get(keyOf(zid, party))
  }

  put(zid: Buffer, party: string, secrets: PeerSecrets): void {
    this.#peers.set(keyOf(zid, party), secrets)
  }
}

const keyOf = (zid: Buffer, party: string): string => `${zid.toString('hex')} ${party}`
