/** What two endpoints remember of each other (RFC 6189 §4.3). */
export interface PeerSecrets {
  readonly rs1?: Buffer
  readonly rs2?: Buffer
  /** The PBX secret, of a phone that has enrolled with this server (§7.3); it does not expire. */
  readonly pbx?: Buffer
  /** Both users have compared the SAS. */
  readonly verified: boolean
}

/** The seconds for which a retained secret counts, where it counts for ever (RFC 6189 §5.7). */
export const forEver = 0xffffffff

/**
 * Where retained secrets are kept: by the peer's ZID, and by the party that the peer takes this server for, because a phone
 * keeps them for each of those it calls.
 */
export interface SecretCache {
  /** What has expired is not there, and what was verified with it is so no more. */
  get(zid: Buffer, party: string): PeerSecrets | undefined
  /** @param interval seconds for which `rs1` and `rs2` count from now on (RFC 6189 §4.9), {@link forEver} or fewer */
  put(zid: Buffer, party: string, secrets: PeerSecrets, interval: number): void
}

/** The party that stands for all: a phone enrols with the server, whomever it calls. */
export const everyParty = ''

/** When an interval that begins now is over, in milliseconds since 1970; `Infinity`: never. */
export function expiry(now: number, interval: number): number {
  return interval >= forEver ? Infinity : now + 1000 * interval
}

/** What is left of secrets that have expired. */
export function withoutRetained({ pbx }: PeerSecrets): PeerSecrets | undefined {
  return pbx && { pbx, verified: false }
}

/** As many peers are remembered in memory; whoever was heard of longest ago is forgotten first. */
const mostPeers = 100_000

/** A cache that forgets when the process ends, as Flexisip's does. */
export class MemorySecretCache implements SecretCache {
  readonly #peers = new Map<string, { readonly secrets: PeerSecrets; readonly until: number }>()
  readonly #now: () => number

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = () => Date.now()) {
    this.#now = now
  }

  get(zid: Buffer, party: string): PeerSecrets | undefined {
    const known = this.#peers.get(keyOf(zid, party))
    if (known === undefined) return undefined
    return this.#now() < known.until ? known.secrets : withoutRetained(known.secrets)
  }

  put(zid: Buffer, party: string, secrets: PeerSecrets, interval: number): void {
    const key = keyOf(zid, party)
    this.#peers.delete(key) // so that it stands last
    this.#peers.set(key, { secrets, until: expiry(this.#now(), interval) })
    if (this.#peers.size > mostPeers) this.#peers.delete(this.#peers.keys().next().value!)
  }
}

const keyOf = (zid: Buffer, party: string): string => `${zid.toString('hex')} ${party}`
