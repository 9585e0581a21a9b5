import { randomBytes } from 'node:crypto'
import { type SrtpMasterKey } from '../../base/encryption.ts'
import { acceptAlgorithms, isDh, type Algorithms } from './algorithms.ts'
import { decryptConfirm, encryptConfirm } from './confirm-cipher.ts'
import { keyPairFor } from './kem-agreement.ts'
import { type KeyPair } from './key-agreement.ts'
import {
  deriveKeys,
  dhSecret,
  digest,
  hmac,
  multistreamSecret,
  pbxSecret,
  presharedSecret,
  sha256,
  type DerivedKeys,
  type ExchangeContext,
  type hashChain,
  type SessionKey,
  type SideKeys,
} from './key-derivation.ts'
import {
  isSealed,
  readHello,
  readConfirm,
  readConfirmation,
  seal,
  writeCommit,
  writeConfirm,
  writeConfirmation,
  writeDhPart,
  type Commit,
  type Confirm,
  type DhPart,
  type Hello,
} from './message/messages.ts'
import { readRelayedSas, writeRelayedSas, type RelayedSas } from './message/sas-relay.ts'
import { renderSas } from './sas.ts'
import { forEver, type PeerSecrets } from './secret-cache.ts'
import { SecretMatch, type AuxState, type CacheState, type IdOwner } from './secret-match.ts'
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
  /** How the auxiliary secrets met, where this side has one. */
  readonly aux?: AuxState
  /** sashash, where there is a SAS, 32 bytes. */
  readonly sasHash?: Buffer
  /** The phone has enrolled with this server, and trusts it with the SAS of the other leg (RFC 6189 §7.3). */
  readonly enrolled: boolean
}

/** The two sides, once both have said Hello. */
export interface ZrtpSides {
  readonly own: {
    readonly zid: Buffer
    readonly hello: Buffer
    readonly chain: ReturnType<typeof hashChain>
    readonly auxSecret: Buffer | undefined
    readonly trustedMitm: boolean
  }
  readonly peer: { readonly message: Buffer; readonly hello: Hello }
}

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
  /** Of preshared mode; `undefined` where the peer has named one that is not known here. */
  readonly #presharedKey: Buffer | undefined
  /** Seconds for which both sides keep the retained secret. */
  #interval = forEver
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
    const { chain, auxSecret, zid } = sides.own
    const [h0, h1, h2] = chain
    const { keyAgreement, hash } = algorithms
    if (!this.multistream) this.#match = new SecretMatch(retained, auxSecret, hash)
    if (isDh(keyAgreement)) {
      this.#keyPair = keyPairFor(keyAgreement, hash, theirs?.commit)
      const { publicValue } = this.#keyPair
      const part = { h1, ...this.#match!.ids(this.#owners().own), publicValue }
      this.ownPart = seal(writeDhPart(this.initiator ? 'DHPart2' : 'DHPart1', part), h0)
    }
    const preshared = keyAgreement === 'Prsh' ? this.#match!.preshared(theirs?.commit.keyId) : undefined
    this.#presharedKey = preshared?.key
    if (theirs !== undefined) {
      this.commit = theirs.commit
      this.commitMessage = theirs.message
      return
    }
    const proof = this.ownPart === undefined ? randomBytes(16) : this.#hvi(this.ownPart, sides.peer.message)
    const { publicKey } = this.#keyPair ?? {}
    this.commit = {
      ...{ h2, zid, ...algorithms, proof },
      ...(preshared && { keyId: preshared.id }),
      ...(publicKey !== undefined && { publicKey }),
    }
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
    if (!commit.zid.equals(hello.zid)) return undefined
    return new ZrtpExchange(sides, acceptAlgorithms(commit), retained, { commit, message })
  }

  get multistream(): boolean {
    return this.algorithms.keyAgreement === 'Mult'
  }

  /** It needs a key agreement of its own: DHParts are exchanged. */
  get dh(): boolean {
    return this.ownPart !== undefined
  }

  /** The peer has committed to preshared mode with a key that this side does not have: it is to commit itself. */
  get keyUnknown(): boolean {
    return this.algorithms.keyAgreement === 'Prsh' && this.#presharedKey === undefined
  }

  /**
   * Both have committed (RFC 6189 §4.2): DH goes before the other modes, in preshared mode a phone before a PBX, and of two of
   * a kind the greater proof wins.
   */
  winsAgainst(theirs: Commit): boolean {
    const { own, peer } = this.#sides
    const theirsDh = theirs.proof.length === 32
    if (this.dh !== theirsDh) return this.dh
    if (this.algorithms.keyAgreement === 'Prsh' && theirs.keyAgreement === 'Prsh') {
      const pbx = readHello(own.hello).mitm
      if (pbx !== peer.hello.mitm) return !pbx
    }
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
    // first, so that whoever does not know H1 cannot end the exchange (§9)
    if (!sha256(part.h1).equals(this.commit.h2) || !isSealed(this.commitMessage, part.h1)) return false
    if (!this.#hvi(message, this.#sides.own.hello).equals(this.commit.proof)) {
      throw new ZrtpError('ZRTP_HVI_MISMATCH', 'DHPart2 is not the one that was committed to')
    }
    this.#agree(part, [this.ownPart!, message])
    this.#peerPart = message
    return true
  }

  /**
   * The keys of preshared mode (RFC 6189 §4.4.2), or of multistream mode (§4.4.3).
   * @param session for multistream mode
   * @throws ZrtpError `ZRTP_NO_SHARED_SECRET` without it
   */
  takeSharedKey(session: SessionKey | undefined): void {
    const context = this.#context([])
    if (this.#presharedKey !== undefined) {
      this.#keys = deriveKeys(context, presharedSecret(context, this.#presharedKey))
    } else if (session !== undefined) this.#keys = deriveKeys(context, multistreamSecret(context, session))
    else throw new ZrtpError('ZRTP_NO_SHARED_SECRET', 'multistream mode before any key agreement')
  }

  /** Confirm1 or Confirm2 of this side (RFC 6189 §5.7). */
  confirm(type: 'Confirm1' | 'Confirm2'): Buffer {
    const plain = writeConfirmation({
      ...{ h0: this.#sides.own.chain[0], verified: this.#match?.verified ?? false, expiration: forEver },
      ...{ allowClear: false, disclosure: false, enrolment: this.#enrols },
    })
    return this.#hide(type, plain)
  }

  #hide(type: 'Confirm1' | 'Confirm2' | 'SASrelay', plain: Buffer): Buffer {
    const { hash, cipher } = this.algorithms
    const { mac, zrtp } = this.#keysOfSides().own
    const iv = randomBytes(16)
    const encrypted = encryptConfirm(cipher, zrtp, iv, plain)
    return writeConfirm(type, { mac: hmac(hash, mac, encrypted).subarray(0, 8), iv, encrypted })
  }

  /** @returns `undefined` for what the peer has not made */
  #uncover({ mac: theirs, iv, encrypted }: Confirm): Buffer | undefined {
    const { hash, cipher } = this.algorithms
    const { mac, zrtp } = this.#keysOfSides().peer
    if (!hmac(hash, mac, encrypted).subarray(0, 8).equals(theirs)) return undefined
    return decryptConfirm(cipher, zrtp, iv, encrypted)
  }

  /**
   * A SASrelay of the peer.
   * @returns `undefined` for what the peer has not made
   * @throws ZrtpError `ZRTP_MALFORMED`
   */
  readSasRelay(message: Buffer): RelayedSas | undefined {
    const plain = this.#uncover(readConfirm(message))
    return plain && readRelayedSas(plain)
  }

  /**
   * The peer's Confirm: it has come to the same keys, and all its messages are of one hand (RFC 6189 §9).
   * @throws ZrtpError `ZRTP_CONFIRM_MAC`
   */
  takeConfirm(message: Buffer): void {
    const plain = this.#uncover(readConfirm(message))
    if (plain === undefined) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the two sides have not come to the same keys')
    }
    const { h0, verified, expiration } = readConfirmation(plain)
    const h1 = sha256(h0)
    const h2 = sha256(h1)
    const { hello, message: helloMessage } = this.#sides.peer
    // without DHParts H1 is not heard before now
    const sealed =
      this.#peerPart === undefined ? this.initiator || isSealed(this.commitMessage, h1) : isSealed(this.#peerPart, h0)
    if (!sha256(h2).equals(hello.h3) || !isSealed(helloMessage, h2) || !sealed) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the messages of the phone are not all its own')
    }
    // both users must have compared the SAS, or nobody has (§7.1)
    if (this.#match !== undefined) this.#match.verified &&= verified
    this.#interval = Math.min(expiration, forEver)
  }

  /** What it has brought, once it is confirmed. */
  get result(): ZrtpResult {
    const { own, peer } = this.#keysOfSides()
    const match = this.#match
    return {
      ...{ send: own.srtp, receive: peer.srtp, algorithms: this.algorithms },
      ...(match !== undefined && {
        sas: renderSas(this.algorithms.sas, this.#keys!.sasHash),
        sasHash: this.#keys!.sasHash,
      }),
      enrolled: match?.enrolled ?? false,
      verified: match?.verified ?? false,
      cache: match?.state ?? 'new',
      ...(match?.aux !== undefined && { aux: match.aux }),
    }
  }

  /** The phone is asked whether it enrols: until it has, in every call, because nobody says when its user agrees. */
  get #enrols(): boolean {
    return this.#sides.own.trustedMitm && this.dh && this.#match?.enrolled === false
  }

  /** What a phone has in common with this server from now on if it enrols; `undefined` where it was not asked to. */
  get pbxSecret(): Buffer | undefined {
    const { initiatorZid, responderZid } = this.#context([])
    return this.#enrols ? pbxSecret(this.#keys!.session, initiatorZid, responderZid) : undefined
  }

  /** SASrelay (RFC 6189 §5.13), hidden and authenticated as a Confirm is. */
  sasRelay(sas: RelayedSas): Buffer {
    return this.#hide('SASrelay', writeRelayedSas(sas))
  }

  /**
   * What outlasts it, except in multistream mode: the key of the session, and what is retained for the next call, for how many
   * seconds (RFC 6189 §4.9: as the peer says, because this side would keep it for ever).
   */
  get lasting():
    { readonly session: SessionKey; readonly retained: PeerSecrets; readonly interval: number } | undefined {
    const { session, retainedSecret } = this.#keys!
    if (this.#match === undefined) return undefined
    return { session, retained: this.#match.next(retainedSecret, !this.dh), interval: this.#interval }
  }

  /** s0 and all that comes of it (RFC 6189 §4.4.1.4). */
  #agree(part: DhPart, parts: readonly [Buffer, Buffer]): void {
    const result = this.#keyPair!.agree(part.publicValue)
    const secrets = this.#match!.shared(part, this.#owners().peer)
    const context = this.#context(parts)
    this.#keys = deriveKeys(context, dhSecret(context, result, secrets))
    result.fill(0)
  }

  #owners(): { readonly own: IdOwner; readonly peer: IdOwner } {
    const { own, peer } = this.#sides
    const [ownSide, peerSide] = this.initiator
      ? (['Initiator', 'Responder'] as const)
      : (['Responder', 'Initiator'] as const)
    return { own: { side: ownSide, h3: own.chain[3] }, peer: { side: peerSide, h3: peer.hello.h3 } }
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
