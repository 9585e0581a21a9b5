import { type HelloAlgorithms } from './algorithms.ts'
import { type SecretCache } from './secret-cache.ts'
import { type SessionKey } from './key-derivation.ts'
import { ZrtpError } from './zrtp-error.ts'
import { type ZrtpStream } from './zrtp-stream.ts'

/** What a session is made of. */
export interface ZrtpSessionOptions {
  /** This server's identifier, 12 bytes (RFC 6189 §4.3). */
  readonly zid: Buffer
  readonly cache: SecretCache
  /** Whom the phone talks to, as it sees it: retained secrets are those of this party. */
  readonly party: string
  /** What the Hellos offer, in order of preference. */
  readonly algorithms: HelloAlgorithms
  /** The auxiliary secret that this call's users have agreed on elsewhere (RFC 6189 §4.3), if they have. */
  readonly auxSecret?: Buffer
  /** Phones may enrol with this server, and are told the SAS of the other phone then (§7.3). */
  readonly trustedMitm?: boolean
}

/**
 * ZRTP of one leg: the streams share one key agreement. The first stream makes it, the others derive their keys from its
 * session key (multistream mode, RFC 6189 §4.4.3).
 */
export class ZrtpSession {
  readonly zid: Buffer
  readonly cache: SecretCache
  readonly party: string
  readonly algorithms: HelloAlgorithms
  readonly auxSecret: Buffer | undefined
  readonly trustedMitm: boolean
  readonly #streams: ZrtpStream[] = []
  #key: SessionKey | undefined
  /** Of the multistream Commits of the peer. */
  readonly #nonces: Buffer[] = []

  constructor({ zid, cache, party, algorithms, auxSecret, trustedMitm = false }: ZrtpSessionOptions) {
    this.zid = zid
    this.cache = cache
    this.party = party
    this.algorithms = algorithms
    this.auxSecret = auxSecret
    this.trustedMitm = trustedMitm
  }

  /** ZRTPSess, once a stream has made it. */
  get key(): SessionKey | undefined {
    return this.#key
  }

  /** Takes the session key of the stream that has agreed on it; streams that waited for it go on. */
  establish(key: SessionKey): void {
    this.#key ??= key
    for (const stream of [...this.#streams]) stream.onSessionKey()
  }

  /**
   * Takes the nonce of a multistream Commit, which is a new one for each (RFC 6189 §4.4.3.1).
   * @throws ZrtpError `ZRTP_NONCE_REUSED`
   */
  takeNonce(nonce: Buffer): void {
    if (this.#nonces.some((one) => one.equals(nonce))) {
      throw new ZrtpError('ZRTP_NONCE_REUSED', 'the phone has used a nonce twice')
    }
    this.#nonces.push(nonce)
  }

  join(stream: ZrtpStream): void {
    this.#streams.push(stream)
  }

  leave(stream: ZrtpStream): void {
    const place = this.#streams.indexOf(stream)
    if (place >= 0) this.#streams.splice(place, 1)
    if (place === 0 && this.#key === undefined) this.#streams[0]?.onSessionKey() // it is the first now
  }

  /** No stream is left. */
  get empty(): boolean {
    return this.#streams.length === 0
  }

  /** Whether this stream is the one that makes the key agreement. */
  isFirst(stream: ZrtpStream): boolean {
    return this.#streams[0] === stream
  }
}
