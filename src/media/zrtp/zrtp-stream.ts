import { chooseAlgorithms } from './algorithms.ts'
import { hashChain, sha256 } from './key-derivation.ts'
import { parseFragment, parsePacket, writeMessage, type ZrtpPacket } from './message/packet.ts'
import { Packetizer } from './message/packetizer.ts'
import { Reassembler } from './message/reassembler.ts'
import {
  readCommit,
  readDhPart,
  readError,
  readHello,
  writeError,
  writePingAck,
  type Commit,
  type Hello,
} from './message/messages.ts'
import { type RelayedSas } from './message/sas-relay.ts'
import { ownHello } from './own-hello.ts'
import { helloTimes, messageTimes, Repeater } from './repeater.ts'
import { everyParty, forEver, type PeerSecrets } from './secret-cache.ts'
import { ZrtpError, zrtpErrors } from './zrtp-error.ts'
import { ZrtpExchange, type ZrtpResult, type ZrtpSides } from './zrtp-exchange.ts'
import { type ZrtpSession } from './zrtp-session.ts'

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

/** Milliseconds for an initiator to go on, as long as it may repeat itself: T2 with all its repeats (RFC 6189 §6). */
const initiatorPatience = 12_000

/**
 * Where an exchange is (RFC 6189 §4.4, figure 1). The initiator: discovery, committed, agreeing, confirming, secure. The
 * responder: discovery, responding, confirmed, secure.
 */
type State = 'discovery' | 'committed' | 'agreeing' | 'confirming' | 'responding' | 'confirmed' | 'secure' | 'over'

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
  readonly #packetizer: Packetizer
  readonly #reassembler = new Reassembler()
  #acknowledged = false
  /** By when the peer must have said a Hello that is its own. */
  #helloDue: number | undefined
  /** By when the peer, who has committed, must have gone on. */
  #initiatorDue: number | undefined
  /** One came that was not. */
  #strangeHello = false
  #peerHello: { readonly message: Buffer; readonly hello: Hello } | undefined
  /** What the peer's Commit, or this side's, is about: one of them decides. */
  #exchange: ZrtpExchange | undefined
  /** What was answered to the peer's last message, which comes again when the answer was lost. */
  #answered: { readonly to: Buffer; readonly with: Buffer } | undefined
  readonly #repeater: Repeater

  constructor(session: ZrtpSession, options: ZrtpStreamOptions) {
    this.#session = session
    this.#options = options
    const { zid, algorithms, trustedMitm } = session
    this.#hello = ownHello({ seed: options.seed, zid, algorithms, trustedMitm })
    this.#chain = hashChain(options.seed)
    this.#packetizer = new Packetizer(options.ssrc, this.#chain[3])
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
    const due = Math.min(this.#repeater.due, this.#helloDue ?? Infinity, this.#initiatorDue ?? Infinity)
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
    const orphaned = this.#initiatorDue !== undefined && this.#options.now() >= this.#initiatorDue
    const over = !this.#repeater.onDue() && this.#state !== 'secure' && this.#peerHello !== undefined
    if (!over && !orphaned) return
    this.#end(new ZrtpError('ZRTP_TIMEOUT', 'the phone answers no more'))
  }

  /** Takes a packet. Never throws for what it holds. */
  receive(bytes: Uint8Array): void {
    if (this.#state === 'over') return
    const packet = this.#packetOf(bytes)
    if (packet === undefined) return
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
    this.#initiatorDue = undefined
    this.#session.leave(this)
  }

  /** Tells a phone that has enrolled what the SAS of the other phone is, until it says that it has heard it. */
  relaySas(sas: RelayedSas): void {
    if (this.#state === 'secure') this.#repeater.start(this.#exchange!.sasRelay(sas), messageTimes)
  }

  /** The session has a key, or no other stream to make it: one that waited commits. */
  onSessionKey(): void {
    this.#commitWhenReady()
  }

  /** The packet, or the one of which this is the last missing fragment. */
  #packetOf(bytes: Uint8Array): ZrtpPacket | undefined {
    const fragment = parseFragment(bytes)
    return fragment === undefined ? parsePacket(bytes) : this.#reassembler.take(fragment)
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
        if (this.#state === 'committed') this.#onDhPart1(message)
        break
      case 'DHPart2':
        if (this.#state === 'responding') this.#onDhPart2(message)
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
      case 'SASrelay': // this server has nobody to show it to
        if (this.#state === 'secure' && this.#exchange!.readSasRelay(message) !== undefined) {
          this.#send(writeMessage('RelayACK'))
        }
        break
      case 'RelayACK':
        if (this.#state === 'secure') this.#repeater.stop()
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
    const retained = this.#retained(peer.hello.zid)
    const preshared =
      key === undefined && retained?.rs1 !== undefined && this.#session.algorithms.keyAgreement.includes('Prsh')
    this.#commit(peer, multistream ? 'Mult' : preshared && listed.includes('Prsh') ? 'Prsh' : undefined)
  }

  #commit(peer: ZrtpSides['peer'], mode: 'Mult' | 'Prsh' | undefined): void {
    const chosen = chooseAlgorithms(this.#session.algorithms, peer.hello.algorithms, mode)
    const algorithms = mode === 'Mult' ? { ...chosen, hash: this.#session.key!.hash } : chosen
    this.#exchange = ZrtpExchange.begin(this.#sides(peer), algorithms, this.#retained(peer.hello.zid))
    this.#state = 'committed'
    this.#repeater.start(this.#exchange.commitMessage, messageTimes)
  }

  #onCommit(message: Buffer, commit: Commit): void {
    const peer = this.#peerHello!
    // the key of the first stream may be about to come, and the Commit comes again
    if (commit.keyAgreement === 'Mult' && this.#session.key === undefined) return
    if (this.#state === 'committed') {
      if (this.#exchange!.winsAgainst(commit)) return
    } else if (this.#state !== 'discovery') return
    const exchange = ZrtpExchange.answer(this.#sides(peer), commit, message, this.#retained(peer.hello.zid))
    if (exchange === undefined) return
    this.#acknowledged = true
    if (exchange.keyUnknown) {
      this.#commit(peer, undefined) // DH goes before it (RFC 6189 §4.4.2.2)
      return
    }
    this.#exchange = exchange
    this.#repeater.stop()
    if (exchange.dh) {
      this.#state = 'responding'
      this.#answer(message, exchange.ownPart!)
      return
    }
    if (exchange.multistream) this.#session.takeNonce(commit.proof)
    exchange.takeSharedKey(this.#session.key)
    this.#state = 'confirmed'
    this.#answer(message, exchange.confirm('Confirm1'))
  }

  #onDhPart1(message: Buffer): void {
    const exchange = this.#exchange!
    if (!exchange.takeDhPart1(readDhPart(message), message)) return
    this.#state = 'agreeing'
    this.#repeater.start(exchange.ownPart!, messageTimes)
  }

  #onDhPart2(message: Buffer): void {
    const exchange = this.#exchange!
    if (!exchange.takeDhPart2(readDhPart(message), message)) return
    this.#state = 'confirmed'
    this.#answer(message, exchange.confirm('Confirm1'))
  }

  #onConfirm1(message: Buffer): void {
    const exchange = this.#exchange
    if (exchange?.initiator !== true) return
    if (this.#state !== (exchange.dh ? 'agreeing' : 'committed')) return
    if (!exchange.dh) exchange.takeSharedKey(this.#session.key)
    exchange.takeConfirm(message)
    this.#state = 'confirming'
    this.#repeater.start(exchange.confirm('Confirm2'), messageTimes)
  }

  #onConfirm2(message: Buffer): void {
    this.#exchange!.takeConfirm(message)
    this.#answer(message, writeMessage('Conf2ACK'))
    this.#secure()
  }

  #secure(): void {
    this.#repeater.stop()
    this.#initiatorDue = undefined
    this.#state = 'secure'
    const { result, lasting } = this.#exchange!
    const { cache, party } = this.#session
    const { pbxSecret: pbx } = this.#exchange!
    if (pbx !== undefined) cache.put(this.#peerHello!.hello.zid, everyParty, { pbx, verified: false }, forEver)
    // with an interval of 0 the peer forgets it at once (RFC 6189 §4.9); what was known before stays
    if (lasting !== undefined && lasting.interval > 0 && (result.cache !== 'mismatch' || this.#vouched)) {
      cache.put(this.#peerHello!.hello.zid, party, lasting.retained, lasting.interval)
    }
    this.#options.onSecured(result)
    if (lasting !== undefined) this.#session.establish(lasting.session)
  }

  #sides(peer: ZrtpSides['peer']): ZrtpSides {
    const { zid, auxSecret, trustedMitm } = this.#session
    return { own: { zid, hello: this.#hello, chain: this.#chain, auxSecret, trustedMitm }, peer }
  }

  #retained(zid: Buffer): PeerSecrets | undefined {
    const { cache, party, trustedMitm } = this.#session
    const retained = cache.get(zid, party)
    const pbx = trustedMitm ? cache.get(zid, everyParty)?.pbx : undefined
    return pbx === undefined ? retained : { verified: false, ...retained, pbx }
  }

  /**
   * The signalling says that this is the phone, also where its secrets are not those of before: nobody here can compare the
   * SAS, after which alone the new ones could take their place (RFC 6189 §4.6.1.1).
   */
  get #vouched(): boolean {
    return this.#options.peerHash !== undefined
  }

  /** What a responder says to an initiator, who goes on, or repeats itself and has it again. */
  #answer(to: Buffer, answer: Buffer): void {
    this.#initiatorDue = this.#options.now() + initiatorPatience
    this.#answered = { to, with: answer }
    this.#send(answer)
  }

  #send(message: Buffer): void {
    for (const packet of this.#packetizer.packets(message)) this.#options.onSend(packet)
  }

  #end(error: ZrtpError): void {
    this.close()
    this.#options.onFailed(error)
  }
}
