import { randomBytes } from 'node:crypto'
import { type SrtpMasterKey } from '../../base/encryption.ts'
import { acceptAlgorithms, chooseAlgorithms, type Algorithms } from './algorithms.ts'
import { decryptConfirm, encryptConfirm } from './confirm-cipher.ts'
import { newKeyPair, type KeyPair } from './key-agreement.ts'
import {
  deriveKeys,
  dhSecret,
  digest,
  hashChain,
  hmac,
  multistreamSecret,
  sha256,
  type DerivedKeys,
  type SideKeys,
} from './key-derivation.ts'
import { parsePacket, writeMessage, writePacket, type ZrtpPacket } from './message/packet.ts'
import {
  isSealed,
  readCommit,
  readConfirm,
  readConfirmation,
  readDhPart,
  readError,
  readHello,
  seal,
  writeCommit,
  writeConfirm,
  writeConfirmation,
  writeDhPart,
  writeError,
  writePingAck,
  type Commit,
  type Confirmation,
  type DhPart,
  type Hello,
} from './message/messages.ts'
import { ownHello } from './own-hello.ts'
import { helloTimes, messageTimes, Repeater } from './repeater.ts'
import { renderSas } from './sas.ts'
import { type PeerSecrets } from './secret-cache.ts'
import { SecretMatch, type CacheState } from './secret-match.ts'
import { ZrtpError, zrtpErrors } from './zrtp-error.ts'
import { type ZrtpSession } from './zrtp-session.ts'

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

/** What a stream is made of. */
export interface ZrtpStreamOptions {
  /** Of the packets of ZRTP. */
  readonly ssrc: number
  /** H0, from which the Hello of the description was made, 32 bytes. */
  readonly seed: Buffer
  /** The peer's `a=zrtp-hash`: SHA-256 of its Hello. */
  readonly peerHash?: Buffer
  /** Milliseconds. */
  now(): number
  onSend(packet: Buffer): void
  /** Called once. */
  onSecured(result: ZrtpResult): void
  /** Called once at most, and never after {@link onSecured}. */
  onFailed(error: ZrtpError): void
}

/** Milliseconds for a peer to say a Hello: all that T1 gives it, also where it has acknowledged this side's. */
const helloPatience = 4000

/**
 * Where an exchange is (RFC 6189 §4.4, figure 1). The initiator: discovery, committed, agreeing, confirming, secure. The
 * responder: discovery, responding, confirmed, secure.
 */
type State = 'discovery' | 'committed' | 'agreeing' | 'confirming' | 'responding' | 'confirmed' | 'secure' | 'over'

/** What the peer's Commit and ours are about: one of them decides. */
interface Exchange {
  readonly initiator: boolean
  readonly algorithms: Algorithms
  readonly commit: Commit
  readonly commitMessage: Buffer
  readonly keyPair?: KeyPair
  /** Ours: DHPart2 of an initiator, DHPart1 of a responder. */
  readonly ownPart?: Buffer
}

/**
 * ZRTP for one stream of one leg, without a socket or a clock: discovery, key agreement in DH or multistream mode, and
 * confirmation (RFC 6189 §4), as initiator or responder, whoever commits.
 */
export class ZrtpStream {
  readonly #session: ZrtpSession
  readonly #options: ZrtpStreamOptions
  readonly #hello: Buffer
  readonly #chain: ReturnType<typeof hashChain>
  #state: State = 'discovery'
  #sequence = randomBytes(2).readUInt16BE(0) & 0x7fff
  #acknowledged = false
  /** By when the peer must have said a Hello that is its own. */
  #helloDue: number | undefined
  /** One came that was not. */
  #strangeHello = false
  #peerHello: { readonly message: Buffer; readonly hello: Hello } | undefined
  #exchange: Exchange | undefined
  #match: SecretMatch | undefined
  #keys: DerivedKeys | undefined
  /** Of the peer, whose MAC H0 will show to be true. */
  #peerPart: Buffer | undefined
  /** What was answered to the peer's last message, which comes again when the answer was lost. */
  #answered: { readonly to: Buffer; readonly with: Buffer } | undefined
  readonly #repeater: Repeater

  constructor(session: ZrtpSession, options: ZrtpStreamOptions) {
    this.#session = session
    this.#options = options
    const { zid, algorithms } = session
    this.#hello = ownHello({ seed: options.seed, zid, algorithms })
    this.#chain = hashChain(options.seed)
    this.#repeater = new Repeater(
      () => options.now(),
      (message) => this.#send(message),
    )
    session.join(this)
  }

  /** Says Hello. */
  start(): void {
    if (this.#state !== 'discovery') return
    this.#helloDue = this.#options.now() + helloPatience
    this.#repeater.start(this.#hello, helloTimes)
  }

  /** Milliseconds until {@link onTimeout} is due; `undefined` when nothing waits. */
  get timeout(): number | undefined {
    const due = Math.min(this.#repeater.due, this.#helloDue ?? Infinity)
    return due === Infinity ? undefined : Math.max(0, due - this.#options.now())
  }

  /** Repeats what has not been answered. */
  onTimeout(): void {
    if (this.#helloDue !== undefined && this.#options.now() >= this.#helloDue) {
      if (this.#strangeHello)
        this.#end(new ZrtpError('ZRTP_HELLO_MISMATCH', 'the Hello is not that of the description'))
      else this.#end(new ZrtpError('ZRTP_UNANSWERED', 'the phone does not speak ZRTP'))
      return
    }
    if (this.#repeater.onDue() || this.#state === 'secure' || this.#peerHello === undefined) return
    this.#end(new ZrtpError('ZRTP_TIMEOUT', 'the phone answers no more'))
  }

  /** Takes a packet. Never throws for what it holds. */
  receive(bytes: Uint8Array): void {
    const packet = parsePacket(bytes)
    if (packet === undefined || this.#state === 'over') return
    try {
      this.#handle(packet)
    } catch (error) {
      if (!(error instanceof ZrtpError)) throw error
      if (this.#state === 'secure') return // nothing that comes later takes the keys away
      if (error.code === 'ZRTP_MALFORMED') return // who sent it has not shown to be the phone
      this.#send(writeError(error.number))
      this.#end(error)
    }
  }

  /** Ends it; nothing more is said. */
  close(): void {
    this.#state = 'over'
    this.#repeater.stop()
    this.#helloDue = undefined
    this.#session.leave(this)
  }

  /** The session has a key, or no other stream to make it: one that waited commits. */
  onSessionKey(): void {
    this.#commitWhenReady()
  }

  #handle(packet: ZrtpPacket): void {
    const { type, message } = packet
    if (this.#answered?.to.equals(message) === true) {
      this.#send(this.#answered.with)
      return
    }
    switch (type) {
      case 'Hello':
        this.#onHello(message)
        break
      case 'HelloACK':
        this.#acknowledged = true
        if (this.#repeater.message === this.#hello) this.#repeater.stop()
        this.#commitWhenReady()
        break
      case 'Commit':
        if (this.#peerHello !== undefined) this.#onCommit(message, readCommit(message))
        break
      case 'DHPart1':
        if (this.#state === 'committed') this.#onDhPart1(message, readDhPart(message))
        break
      case 'DHPart2':
        if (this.#state === 'responding') this.#onDhPart2(message, readDhPart(message))
        break
      case 'Confirm1':
        this.#onConfirm1(message)
        break
      case 'Confirm2':
        if (this.#state === 'confirmed') this.#onConfirm2(message)
        break
      case 'Conf2ACK':
        if (this.#state === 'confirming') this.#secure()
        break
      case 'Error':
        this.#send(writeMessage('ErrorACK'))
        if (this.#state !== 'secure') {
          const number = `0x${readError(message).toString(16)}`
          this.#end(new ZrtpError('ZRTP_CRITICAL', `the phone ended ZRTP with error ${number}`))
        }
        break
      case 'GoClear': // never: what was secured stays secured (RFC 6189 §4.7.2)
        this.#send(writeError(zrtpErrors.ZRTP_GO_CLEAR))
        break
      case 'Ping':
        this.#send(writePingAck(message, sha256(this.#session.zid).subarray(0, 8), packet.ssrc))
        break
      case 'SASrelay':
        this.#send(writeMessage('RelayACK'))
        break
      default: // acknowledgements of what is said once, and what later versions may add
    }
  }

  #onHello(message: Buffer): void {
    if (this.#peerHello !== undefined) {
      if (this.#peerHello.message.equals(message)) this.#send(writeMessage('HelloACK'))
      return
    }
    const hello = readHello(message)
    const { peerHash } = this.#options
    // not said to the peer: whoever sent it is not the phone of the description (RFC 6189 §8.1)
    if (peerHash !== undefined && !sha256(message).equals(peerHash)) {
      this.#strangeHello = true
      return
    }
    const sameVersion = hello.version.startsWith('1.1')
    if (peerHash === undefined && (!sameVersion || hello.zid.equals(this.#session.zid))) {
      this.#strangeHello = true // anybody may have sent it
      return
    }
    if (!sameVersion) throw new ZrtpError('ZRTP_VERSION', `the phone speaks ZRTP ${JSON.stringify(hello.version)}`)
    if (hello.zid.equals(this.#session.zid))
      throw new ZrtpError('ZRTP_EQUAL_ZIDS', 'the phone has the ZID of this server')
    this.#peerHello = { message, hello }
    this.#helloDue = undefined
    this.#send(writeMessage('HelloACK'))
    this.#commitWhenReady()
  }

  /** Both have said Hello: this side begins, unless the peer is faster. */
  #commitWhenReady(): void {
    const peer = this.#peerHello
    if (peer === undefined || !this.#acknowledged || this.#state !== 'discovery') return
    const { key } = this.#session
    const listed = peer.hello.algorithms.keyAgreement
    if (!this.#session.isFirst(this) && key === undefined) return // waits for the first stream's key
    const multistream = key !== undefined && listed.includes('Mult')
    const chosen = chooseAlgorithms(this.#session.algorithms, peer.hello.algorithms, multistream)
    const algorithms = multistream ? { ...chosen, hash: key.hash } : chosen
    const [, h1, h2] = this.#chain
    let own: Pick<Exchange, 'keyPair' | 'ownPart'> = {}
    let proof: Buffer
    if (algorithms.keyAgreement === 'Mult') proof = randomBytes(16)
    else {
      const keyPair = newKeyPair(algorithms.keyAgreement)
      this.#match = new SecretMatch(this.#retained(peer.hello.zid), algorithms.hash)
      const part = { h1, ...this.#match.ids('Initiator'), publicValue: keyPair.publicValue }
      const ownPart = seal(writeDhPart('DHPart2', part), this.#chain[0])
      own = { keyPair, ownPart }
      // hvi (§4.4.1.1)
      proof = digest(algorithms.hash, ownPart, peer.message).subarray(0, 32)
    }
    const commit: Commit = { h2, zid: this.#session.zid, ...algorithms, proof }
    const commitMessage = seal(writeCommit(commit), h1)
    this.#exchange = { initiator: true, algorithms, commit, commitMessage, ...own }
    this.#state = 'committed'
    this.#repeater.start(commitMessage, messageTimes)
  }

  #onCommit(message: Buffer, commit: Commit): void {
    const { hello, message: helloMessage } = this.#peerHello!
    if (this.#state === 'committed') {
      if (this.#wins(commit)) return
    } else if (this.#state !== 'discovery') return
    if (!sha256(commit.h2).equals(hello.h3) || !isSealed(helloMessage, commit.h2)) return // not who said Hello
    const algorithms = acceptAlgorithms(commit)
    this.#acknowledged = true
    this.#repeater.stop()
    this.#exchange = { initiator: false, algorithms, commit, commitMessage: message }
    if (algorithms.keyAgreement === 'Mult') {
      const { key } = this.#session
      if (key === undefined) throw new ZrtpError('ZRTP_NO_SHARED_SECRET', 'multistream mode before any key agreement')
      this.#keys = deriveKeys(this.#context(), multistreamSecret(this.#context(), key))
      this.#state = 'confirmed'
      this.#answer(message, this.#confirm('Confirm1'))
      return
    }
    const keyPair = newKeyPair(algorithms.keyAgreement)
    this.#match = new SecretMatch(this.#retained(hello.zid), algorithms.hash)
    const [h0, h1] = this.#chain
    const part = { h1, ...this.#match.ids('Responder'), publicValue: keyPair.publicValue }
    const ownPart = seal(writeDhPart('DHPart1', part), h0)
    this.#exchange = { ...this.#exchange, keyPair, ownPart }
    this.#state = 'responding'
    this.#answer(message, ownPart)
  }

  /** Both have committed (RFC 6189 §4.2): DH goes before multistream, and of two of a kind the greater proof wins. */
  #wins(theirs: Commit): boolean {
    const { commit } = this.#exchange!
    const [own, other] = [commit, theirs].map(({ keyAgreement }) => keyAgreement === 'Mult')
    if (own !== other) return other === true
    return Buffer.compare(commit.proof, theirs.proof) > 0
  }

  #onDhPart1(message: Buffer, part: DhPart): void {
    const { hello, message: helloMessage } = this.#peerHello!
    const { keyPair, ownPart } = this.#exchange!
    const h2 = sha256(part.h1)
    if (keyPair === undefined || !sha256(h2).equals(hello.h3) || !isSealed(helloMessage, h2)) return
    this.#agree(part, keyPair, [message, ownPart!])
    this.#peerPart = message
    this.#state = 'agreeing'
    this.#repeater.start(ownPart!, messageTimes)
  }

  #onDhPart2(message: Buffer, part: DhPart): void {
    const { commit, commitMessage, keyPair, ownPart, algorithms } = this.#exchange!
    if (!digest(algorithms.hash, message, this.#hello).subarray(0, 32).equals(commit.proof)) {
      throw new ZrtpError('ZRTP_HVI_MISMATCH', 'DHPart2 is not the one that was committed to')
    }
    if (!sha256(part.h1).equals(commit.h2) || !isSealed(commitMessage, part.h1)) return
    this.#agree(part, keyPair!, [ownPart!, message])
    this.#peerPart = message
    this.#state = 'confirmed'
    this.#answer(message, this.#confirm('Confirm1'))
  }

  /** s0 and all that comes of it (RFC 6189 §4.4.1.4). */
  #agree(part: DhPart, keyPair: KeyPair, parts: readonly [Buffer, Buffer]): void {
    const result = keyPair.agree(part.publicValue)
    const { initiator } = this.#exchange!
    const secrets = this.#match!.shared(part, initiator ? 'Responder' : 'Initiator')
    const context = this.#context(parts)
    this.#keys = deriveKeys(context, dhSecret(context, result, secrets))
    result.fill(0)
  }

  #context(parts: readonly Buffer[] = []): Parameters<typeof deriveKeys>[0] {
    const { initiator, algorithms, commitMessage } = this.#exchange!
    const { message, hello } = this.#peerHello!
    const responderHello = initiator ? message : this.#hello
    const [own, peer] = [this.#session.zid, hello.zid]
    return {
      algorithms,
      initiatorZid: initiator ? own : peer,
      responderZid: initiator ? peer : own,
      totalHash: digest(algorithms.hash, responderHello, commitMessage, ...parts),
    }
  }

  /** The keys of the sides, as this one sees them. */
  #sides(): { readonly own: SideKeys; readonly peer: SideKeys } {
    const { initiator, responder } = this.#keys!
    return this.#exchange!.initiator ? { own: initiator, peer: responder } : { own: responder, peer: initiator }
  }

  #confirm(type: 'Confirm1' | 'Confirm2'): Buffer {
    const { hash, cipher } = this.#exchange!.algorithms
    const { mac, zrtp } = this.#sides().own
    const plain = writeConfirmation({
      ...{ h0: this.#chain[0], verified: this.#match?.verified ?? false, allowClear: false, disclosure: false },
      ...{ enrolment: false, expiration: 0xffffffff },
    })
    const iv = randomBytes(16)
    const encrypted = encryptConfirm(cipher, zrtp, iv, plain)
    return writeConfirm(type, { mac: hmac(hash, mac, encrypted).subarray(0, 8), iv, encrypted })
  }

  /** @throws ZrtpError `ZRTP_CONFIRM_MAC` */
  #readConfirm(message: Buffer): Confirmation {
    const { hash, cipher } = this.#exchange!.algorithms
    const { mac, zrtp } = this.#sides().peer
    const confirm = readConfirm(message)
    if (!hmac(hash, mac, confirm.encrypted).subarray(0, 8).equals(confirm.mac)) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the two sides have not come to the same keys')
    }
    const confirmation = readConfirmation(decryptConfirm(cipher, zrtp, confirm.iv, confirm.encrypted))
    this.#checkChain(confirmation.h0)
    return confirmation
  }

  /** H0 shows that all messages came from one hand (RFC 6189 §9). */
  #checkChain(h0: Buffer): void {
    const h1 = sha256(h0)
    const { hello, message } = this.#peerHello!
    const h2 = sha256(h1)
    const sealed = this.#peerPart === undefined || isSealed(this.#peerPart, h0)
    if (!sha256(h2).equals(hello.h3) || !isSealed(message, h2) || !sealed) {
      throw new ZrtpError('ZRTP_CONFIRM_MAC', 'the messages of the phone are not all its own')
    }
  }

  #onConfirm1(message: Buffer): void {
    const exchange = this.#exchange
    const multistream = exchange?.algorithms.keyAgreement === 'Mult'
    if (exchange?.initiator !== true || this.#state !== (multistream ? 'committed' : 'agreeing')) return
    if (multistream) this.#keys = deriveKeys(this.#context(), multistreamSecret(this.#context(), this.#session.key!))
    this.#confirmed(this.#readConfirm(message))
    this.#state = 'confirming'
    this.#repeater.start(this.#confirm('Confirm2'), messageTimes)
  }

  #onConfirm2(message: Buffer): void {
    this.#confirmed(this.#readConfirm(message))
    this.#answer(message, writeMessage('Conf2ACK'))
    this.#secure()
  }

  #confirmed({ verified }: Confirmation): void {
    // both users must have compared the SAS, or nobody has (RFC 6189 §7.1)
    if (this.#match !== undefined) this.#match.verified &&= verified
  }

  #secure(): void {
    this.#repeater.stop()
    this.#state = 'secure'
    const { algorithms } = this.#exchange!
    const { own, peer } = this.#sides()
    const { sasValue, retainedSecret, session } = this.#keys!
    const match = this.#match
    if (match !== undefined) {
      this.#session.cache.put(this.#peerHello!.hello.zid, this.#session.party, match.next(retainedSecret))
    }
    this.#options.onSecured({
      send: own.srtp,
      receive: peer.srtp,
      algorithms,
      ...(match !== undefined && { sas: renderSas(sasValue) }),
      verified: match?.verified ?? false,
      cache: match?.state ?? 'new',
    })
    if (match !== undefined) this.#session.establish(session)
  }

  #retained(zid: Buffer): PeerSecrets | undefined {
    return this.#session.cache.get(zid, this.#session.party)
  }

  #answer(to: Buffer, answer: Buffer): void {
    this.#answered = { to, with: answer }
    this.#send(answer)
  }

  /** Each packet has the next number, also one that is repeated: bzrtp takes no other. */
  #send(message: Buffer): void {
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#options.onSend(writePacket(message, this.#sequence, this.#options.ssrc))
  }

  #end(error: ZrtpError): void {
    this.close()
    this.#options.onFailed(error)
  }
}
