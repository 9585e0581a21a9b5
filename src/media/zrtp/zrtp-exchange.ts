import { randomBytes } from 'node:crypto'
import { type SrtpMasterKey } from '../../base/encryption.ts'
import { acceptAlgorithms, type Algorithms } from './algorithms.ts'
import { decryptConfirm, encryptConfirm } from './confirm-cipher.ts'
import { newKeyPair, type KeyPair } from './key-agreement.ts'
import {
  deriveKeys,
  dhSecret,
  digest,
  hmac,
  multistreamSecret,
  sha256,
  type DerivedKeys,
  type ExchangeContext,
  type hashChain,
  type SessionKey,
  type SideKeys,
} from './key-derivation.ts'
import {
  isSealed,
  readConfirm,
  readConfirmation,
  seal,
  writeCommit,
  writeConfirm,
  writeConfirmation,
  writeDhPart,
  type Commit,
  type DhPart,
  type Hello,
} from './message/messages.ts'
import { renderSas } from './sas.ts'
import { type PeerSecrets } from './secret-cache.ts'
import { SecretMatch, type CacheState } from './secret-match.ts'
import { ZrtpError } from './zrtp-error.ts'

/** What an exchange has brought. */
export interface ZrtpResult {
  readonly send: SrtpMasterKey
  readonly receive: SrtpMasterKey
  readonly algorithms: Algorithms
  /** What both ends show to their users; absent for a stream that took its keys from another one's exchange. */
  readonly sas?: string
  /** Both users have compared it, in this call or an earlier one. */
  readonly verified: boolean
  readonly cache: CacheState
}

/** The two sides, once both have said Hello. */
export interface ZrtpSides {
  readonly own: { readonly zid: Buffer; readonly hello: Buffer; readonly chain: ReturnType<typeof hashChain> }
  readonly peer: { readonly message: Buffer; readonly hello: Hello }
}

/** The seconds for which a retained secret counts: for ever (RFC 6189 §5.7). */
const forEver = 0xffffffff

/**
 * The values of one exchange, from the Commit that began it to its keys (RFC 6189 §4.4 to §4.6): what is proved by whom is
 * checked here, what is sent when is the stream's.
 */
export class ZrtpExchange {
  readonly initiator: boolean
  readonly algorithms: Algorithms
  readonly commit: Commit
  readonly commitMessage: Buffer
  /** Ours in DH mode: DHPart2 of an initiator, DHPart1 of a responder. */
  readonly ownPart: Buffer | undefined
  readonly #sides: ZrtpSides
  readonly #keyPair: KeyPair | undefined
  readonly #match: SecretMatch | undefined
  #keys: DerivedKeys | undefined
  /** Of the peer, whose MAC H0 will show to be true. */
  #peerPart: Buffer | undefined

  private constructor(
    sides: ZrtpSides,
    algorithms: Algorithms,
    retained: PeerSecrets | undefined,
    theirs?: { readonly commit: Commit; readonly message: Buffer },
  ) {
    this.#sides = sides
    this.algorithms = algorithms
    this.initiator = theirs === undefined
    const [h0, h1, h2] = sides.own.chain
    if (algorithms.keyAgreement !== 'Mult') {
      this.#keyPair = newKeyPair(algorithms.keyAgreement)
      this.#match = new SecretMatch(retained, algorithms.hash)
      const [type, side] = this.initiator ? (['DHPart2', 'Initiator'] as const) : (['DHPart1', 'Responder'] as const)
      const { publicValue } = this.#keyPair
      this.ownPart = seal(writeDhPart(type, { h1, ...this.#match.ids(side), publicValue }), h0)
    }
    if (theirs !== undefined) {
      this.commit = theirs.commit
      this.commitMessage = theirs.message
      return
    }
    const proof = this.ownPart === undefined ? randomBytes(16) : this.#hvi(this.ownPart, sides.peer.message)
    this.commit = { h2, zid: sides.own.zid, ...algorithms, proof }
    this.commitMessage = seal(writeCommit(this.commit), h1)
  }

  /** This side commits. */
  static begin(sides: ZrtpSides, algorithms: Algorithms, retained: PeerSecrets | undefined): ZrtpExchange {
    return new ZrtpExchange(sides, algorithms, retained)
  }

  /**
   * The peer has committed.
   * @returns `undefined` when it was not the peer that said Hello
   * @throws ZrtpError for algorithms that are not spoken here
   */
  static answer(
    sides: ZrtpSides,
    commit: Commit,
    message: Buffer,
    retained: PeerSecrets | undefined,
  ): ZrtpExchange | undefined {
    const { hello, message: helloMessage } = sides.peer
    if (!sha256(commit.h2).equals(hello.h3) || !isSealed(helloMessage, commit.h2)) return undefined
    return new ZrtpExchange(sides, acceptAlgorithms(commit), retained, { commit, message })
  }

  get multistream(): boolean {
    return this.algorithms.keyAgreement === 'Mult'
  }

  /** Both have committed (RFC 6189 §4.2): DH goes before multistream, and of two of a kind the greater proof wins. */
  winsAgainst(theirs: Commit): boolean {
    const other = theirs.keyAgreement === 'Mult'
    if (this.multistream !== other) return other
    return Buffer.compare(this.commit.proof, theirs.proof) > 0
  }

  /**
   * The responder's DHPart1, for an initiator in DH mode.
   * @returns false when it is not the peer's
   * @throws ZrtpError `ZRTP_PUBLIC_VALUE`
   */
  takeDhPart1(part: DhPart, message: Buffer): boolean {
    const { hello, message: helloMessage } = this.#sides.peer
    const h2 = sha256(part.h1)
    if (this.ownPart === undefined || !sha256(h2).equals(hello.h3) || !isSealed(helloMessage, h2)) return false
    this.#agree(part, [message, this.ownPart])
    this.#peerPart = message
    return true
  }

  /**
   * The initiator's DHPart2, for a responder.
   * @returns false when it is not the peer's
   * @throws ZrtpError `ZRTP_HVI_MISMATCH`, `ZRTP_PUBLIC_VALUE`
   */
  takeDhPart2(part: DhPart, message: Buffer): boolean {
    if (!this.#hvi(message, this.#sides.own.hello).equals(this.commit.proof)) {
      throw new ZrtpError('ZRTP_HVI_MISMATCH', 'DHPart2 is not the one that was committed to')
    }
    if (!sha256(part.h1).equals(this.commit.h2) || !isSealed(this.commitMessage, part.h1)) return false
    this.#agree(part, [this.ownPart!, message])
    this.#peerPart = message
    return true
  }

  /** The keys of multistream mode (RFC 6189 §4.4.3). */
  takeSessionKey(key: SessionKey): void {
    const context = this.#context([])
    this.#keys = deriveKeys(context, multistreamSecret(context, key))
  }

  /** Confirm1 or Confirm2 of this side (RFC 6189 §5.7). */
  confirm(type: 'Confirm1' | 'Confirm2'): Buffer {
    const { hash, cipher } = this.algorithms
    const { mac, zrtp } = this.#keysOfSides().own
    const plain = writeConfirmation({
      ...{ h0: this.#sides.own.chain[0], verified: this.#match?.verified ?? false, expiration: forEver },
      ...{ allowClear: false, disclosure: false, enrolment: false },
    })
    const iv = randomBytes(16)
    const encrypted = encryptConfirm(cipher, zrtp, iv, plain)
    return writeConfirm(type, { mac: hmac(hash, mac, encrypted).subarray(0, 8), iv, encrypted })
  }

  /**
   * The peer's Confirm: it has come to the same keys, and all its messages are of one hand (RFC 6189 §9).
   * @throws ZrtpError `ZRTP_CONFIRM_MAC`
   */
  takeConfirm(message: Buffer): void {
    const { hash, cipher } = this.algorithms
    const { mac, zrtp } = this.#keysOfSides().peer
    const confirm = readConfirm(message)
    if (!hmac(hash, mac, confirm.encrypted).subarray(0, 8).equals(confirm.mac)) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the two sides have not come to the same keys')
    }
    const { h0, verified } = readConfirmation(decryptConfirm(cipher, zrtp, confirm.iv, confirm.encrypted))
    const h2 = sha256(sha256(h0))
    const { hello, message: helloMessage } = this.#sides.peer
    const sealed = this.#peerPart === undefined || isSealed(this.#peerPart, h0)
    if (!sha256(h2).equals(hello.h3) || !isSealed(helloMessage, h2) || !sealed) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the messages of the phone are not all its own')
    }
    // both users must have compared the SAS, or nobody has (§7.1)
    if (this.#match !== undefined) this.#match.verified &&= verified
  }

  /** What it has brought, once it is confirmed. */
  get result(): ZrtpResult {
    const { own, peer } = this.#keysOfSides()
    const match = this.#match
    return {
      ...{ send: own.srtp, receive: peer.srtp, algorithms: this.algorithms },
      ...(match !== undefined && { sas: renderSas(this.algorithms.sas, this.#keys!.sasValue) }),
      verified: match?.verified ?? false,
      cache: match?.state ?? 'new',
    }
  }

  /** What outlasts it, in DH mode: the key of the session, and what is retained for the next call. */
  get lasting(): { readonly session: SessionKey; readonly retained: PeerSecrets } | undefined {
    const { session, retainedSecret } = this.#keys!
    return this.#match && { session, retained: this.#match.next(retainedSecret) }
  }

  /** s0 and all that comes of it (RFC 6189 §4.4.1.4). */
  #agree(part: DhPart, parts: readonly [Buffer, Buffer]): void {
    const result = this.#keyPair!.agree(part.publicValue)
    const secrets = this.#match!.shared(part, this.initiator ? 'Responder' : 'Initiator')
    const context = this.#context(parts)
    this.#keys = deriveKeys(context, dhSecret(context, result, secrets))
    result.fill(0)
  }

  /** hvi: what an initiator commits to (RFC 6189 §4.4.1.1). */
  #hvi(dhPart2: Buffer, responderHello: Buffer): Buffer {
    return digest(this.algorithms.hash, dhPart2, responderHello).subarray(0, 32)
  }

  #context(parts: readonly Buffer[]): ExchangeContext {
    const { own, peer } = this.#sides
    const responderHello = this.initiator ? peer.message : own.hello
    return {
      algorithms: this.algorithms,
      initiatorZid: this.initiator ? own.zid : peer.hello.zid,
      responderZid: this.initiator ? peer.hello.zid : own.zid,
      totalHash: digest(this.algorithms.hash, responderHello, this.commitMessage, ...parts),
    }
  }

  #keysOfSides(): { readonly own: SideKeys; readonly peer: SideKeys } {
    const { initiator, responder } = this.#keys!
    return this.initiator ? { own: initiator, peer: responder } : { own: responder, peer: initiator }
  }
}
