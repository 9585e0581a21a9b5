import { randomBytes } from 'node:crypto'
import { type HashAlgorithm } from './algorithms.ts'
import { digest, hmac, lengthAndBytes } from './key-derivation.ts'
import { type DhPart } from './message/messages.ts'
import { type PeerSecrets } from './secret-cache.ts'

/** How the retained secrets of both sides met (RFC 6189 §4.3.2): nothing was known, they fit, or they do not. */
export type CacheState = 'new' | 'matched' | 'mismatch'

/** How the auxiliary secrets of both sides met. */
export type AuxState = Exclude<CacheState, 'new'>

/** s1, s2 and s3: the retained, the auxiliary and the PBX secret, as far as both sides have them. */
export type SharedSecrets = readonly [Buffer | undefined, Buffer | undefined, Buffer | undefined]

/** Who shows an identifier: its role, and its H3, to which that of an auxiliary secret is bound. */
export interface IdOwner {
  readonly side: 'Initiator' | 'Responder'
  readonly h3: Buffer
}

/** preshared_key, and keyID, 8 bytes, by which a Commit names it (RFC 6189 §4.4.2.1). */
export interface PresharedKey {
  readonly key: Buffer
  readonly id: Buffer
}

const idLength = 8

/** What this server shares with a peer, held against what the peer says that it shares (RFC 6189 §4.3). */
export class SecretMatch {
  readonly #known: PeerSecrets | undefined
  readonly #aux: Buffer | undefined
  readonly #hash: HashAlgorithm
  /** Both users have compared the SAS of a call from which the secrets come down. */
  verified: boolean
  state: CacheState = 'new'
  /** Both sides have the PBX secret: the phone has enrolled with this server. */
  enrolled = false
  /** `undefined` where this side has no auxiliary secret. */
  aux: AuxState | undefined

  /** @param aux the auxiliary secret that this call's users have agreed on elsewhere */
  constructor(known: PeerSecrets | undefined, aux: Buffer | undefined, hash: HashAlgorithm) {
    this.#known = known
    this.#aux = aux
    this.#hash = hash
    this.verified = known?.verified ?? false
  }

  /**
   * The identifiers that a DHPart of this side shows; random ones stand for secrets that are not there (§4.3.1).
   * @param own this server
   */
  ids({ side, h3 }: IdOwner): Pick<DhPart, 'rs1Id' | 'rs2Id' | 'auxId' | 'pbxId'> {
    const { rs1, rs2, pbx } = this.#known ?? {}
    const random = randomBytes(4 * idLength)
    const unknown = (place: number): Buffer => random.subarray(place * idLength, (place + 1) * idLength)
    return {
      rs1Id: this.#id(rs1, side) ?? unknown(0),
      rs2Id: this.#id(rs2, side) ?? unknown(1),
      auxId: this.#id(this.#aux, h3) ?? unknown(2),
      pbxId: this.#id(pbx, side) ?? unknown(3),
    }
  }

  /**
   * The secrets that both sides have: s1 is the retained one, found by the initiator's rs1 first (§4.3.1).
   * @param peer whose part it is
   */
  shared(part: DhPart, { side, h3 }: IdOwner): SharedSecrets {
    const { rs1, rs2, pbx } = this.#known ?? {}
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
    const aux = this.#id(this.#aux, h3)?.equals(part.auxId)
    if (aux !== undefined) this.aux = aux ? 'matched' : 'mismatch'
    this.enrolled = fits(pbx, part.pbxId)
    return [found, aux === true ? this.#aux : undefined, this.enrolled ? pbx : undefined]
  }

  /**
   * The key that preshared mode begins with (§4.4.2): of all secrets first, then without the auxiliary, the PBX secret or both,
   * which the peer may not have.
   * @param id of the key that the peer has committed to; absent: this side commits
   * @returns `undefined` when the peer's is not known, or no call before has left a retained secret
   */
  preshared(id?: Buffer): PresharedKey | undefined {
    const { rs1, pbx } = this.#known ?? {}
    if (rs1 === undefined) return undefined
    for (const [aux, s3] of [
      [this.#aux, pbx],
      [undefined, pbx],
      [this.#aux, undefined],
      [undefined, undefined],
    ]) {
      const key = digest(this.#hash, lengthAndBytes(rs1), lengthAndBytes(aux), lengthAndBytes(s3))
      const own = hmac(this.#hash, key, 'Prsh').subarray(0, idLength)
      if (id !== undefined && !own.equals(id)) continue
      this.state = 'matched'
      if (this.#aux !== undefined) this.aux = aux === undefined ? 'mismatch' : 'matched'
      return { key, id: own }
    }
    return undefined
  }

  /**
   * What is retained from now on (§4.6.1); rs2 stays where nothing new was agreed on.
   * @param preshared the mode of the exchange
   */
  next(retained: Buffer, preshared: boolean): PeerSecrets {
    const { rs1, rs2, pbx } = this.#known ?? {}
    const before = preshared ? rs2 : rs1
    return {
      rs1: retained,
      ...(before !== undefined && this.state === 'matched' && { rs2: before }),
      ...(pbx !== undefined && { pbx }),
      verified: this.verified,
    }
  }

  #id(secret: Buffer | undefined, owner: string | Buffer): Buffer | undefined {
    return secret === undefined ? undefined : hmac(this.#hash, secret, owner).subarray(0, idLength)
  }
}
