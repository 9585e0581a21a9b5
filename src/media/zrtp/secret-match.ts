import { randomBytes } from 'node:crypto'
import { type HashAlgorithm } from './algorithms.ts'
import { hmac } from './key-derivation.ts'
import { type DhPart } from './message/messages.ts'
import { type PeerSecrets } from './secret-cache.ts'

/** How the retained secrets of both sides met (RFC 6189 §4.3.2): nothing was known, they fit, or they do not. */
export type CacheState = 'new' | 'matched' | 'mismatch'

type Side = 'Initiator' | 'Responder'

const idLength = 8

/** What this server retains of a peer, held against what the peer says that it retains (RFC 6189 §4.3). */
export class SecretMatch {
  readonly #known: PeerSecrets | undefined
  readonly #hash: HashAlgorithm
  /** Both users have compared the SAS of a call from which the secrets come down. */
  verified: boolean
  state: CacheState

  constructor(known: PeerSecrets | undefined, hash: HashAlgorithm) {
    this.#known = known
    this.#hash = hash
    this.verified = known?.verified ?? false
    this.state = 'new'
  }

  /**
   * The identifiers that a DHPart of this side shows; random ones stand for secrets that are not there (§4.3.1).
   * @param side that this server is
   */
  ids(side: Side): Pick<DhPart, 'rs1Id' | 'rs2Id' | 'auxId' | 'pbxId'> {
    const { rs1, rs2 } = this.#known ?? {}
    const random = randomBytes(4 * idLength)
    const unknown = (place: number): Buffer => random.subarray(place * idLength, (place + 1) * idLength)
    return {
      rs1Id: this.#id(rs1, side) ?? unknown(0),
      rs2Id: this.#id(rs2, side) ?? unknown(1),
      auxId: unknown(2),
      pbxId: unknown(3),
    }
  }

  /**
   * The secrets that both sides have: s1 is the retained one, found by the initiator's rs1 first (§4.3.1).
   * @param side of the peer
   */
  shared(part: DhPart, side: Side): [Buffer | undefined, undefined, undefined] {
    const { rs1, rs2 } = this.#known ?? {}
    const theirs = [part.rs1Id, part.rs2Id]
    const own = [rs1, rs2]
    const fits = (secret: Buffer | undefined, id: Buffer): boolean => this.#id(secret, side)?.equals(id) === true
    const pairs =
      side === 'Initiator'
        ? theirs.flatMap((id) => own.map((secret) => ({ secret, id })))
        : own.flatMap((secret) => theirs.map((id) => ({ secret, id })))
    const found = pairs.find(({ secret, id }) => fits(secret, id))?.secret
    if (found !== undefined) this.state = 'matched'
    else if (rs1 !== undefined) {
      this.state = 'mismatch'
      this.verified = false
    }
    return [found, undefined, undefined]
  }

  /** What is retained from now on (§4.6.1). */
  next(retained: Buffer): PeerSecrets {
    const rs1 = this.#known?.rs1
    return {
      rs1: retained,
      ...(rs1 !== undefined && this.state === 'matched' && { rs2: rs1 }),
      verified: this.verified,
    }
  }

  #id(secret: Buffer | undefined, side: Side): Buffer | undefined {
    return secret === undefined ? undefined : hmac(this.#hash, secret, side).subarray(0, idLength)
  }
}
