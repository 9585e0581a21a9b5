import { type CryptoSuite } from '../base/encryption.ts'
import { type Protection } from '../base/endpoint-description.ts'
import { type AgreedKeys, type KeyExchange, type KeyExchanger, type ZrtpDetails } from './key-exchange/key-exchanger.ts'
import { type PeerAddress } from './packet-io/packet-io.ts'

type ZrtpProtection = Extract<Protection, { mode: 'zrtp' }>

/** So many exchanges are made with the phone of an association: one that lets all of them fail has had its chances. */
const mostExchanges = 10
/** So many packets go to an exchange, which needs a few dozen: all calls' handshakes are made in one thread. */
const mostPackets = 1000

/** What a leg's exchanges need of the leg. */
export interface ZrtpLegOptions {
  readonly exchanger: KeyExchanger
  send(packet: Uint8Array, to: PeerAddress): void
  /** Where the stream's packets go at the moment, if that is known. */
  destination(): PeerAddress | undefined
  /** The keys for RTP and RTCP. */
  onKeys(keys: Pick<AgreedKeys, 'send' | 'receive'>): void
  /** The phone may be talked to in clear: it speaks no ZRTP, or has not begun to. */
  onClear(): void
  /** An exchange has brought keys, or has failed; another one may follow. */
  onOutcome(outcome: { readonly suite?: CryptoSuite; readonly zrtp?: ZrtpDetails; readonly failure?: string }): void
}

/**
 * ZRTP of one leg of one stream: begins when the phone's address is known, and again when the phone says Hello after it has
 * failed. The same association keeps its keys through re-offers.
 */
export class ZrtpLeg {
  readonly #options: ZrtpLegOptions
  /** The last one; what the exchanges were of. */
  #protection: ZrtpProtection | undefined
  #exchange: KeyExchange | undefined
  #agreed: AgreedKeys | undefined
  /** The phone of this association is talked to in clear until there are keys; it is the one to begin. */
  #clear = false
  /** Exchanges of this association so far. */
  #begun = 0
  /** Packets that the exchange under way has been given. */
  #given = 0
  /** Of the same stream's other leg. */
  #other: ZrtpLeg | undefined
  /** Of two phones that have enrolled this one's is told of the other. */
  #called = false
  #sasRelayed = false
  /** There were keys once, for whichever association: there is no way back to clear. */
  #everKeyed = false

  constructor(options: ZrtpLegOptions) {
    this.#options = options
  }

  /** Joins the legs of a stream: each may tell its phone the SAS of the other. */
  static join(a: ZrtpLeg, b: ZrtpLeg): void {
    a.#other = b
    b.#other = a
    b.#called = true
  }

  /**
   * Takes over what was agreed; `undefined`: the leg is not, or no longer, one of ZRTP. The keys of a stream that has ended
   * are kept: it may be there again, between the same Hellos.
   */
  apply(protection: ZrtpProtection | undefined): void {
    if (protection === undefined) {
      this.close()
      this.#begun = 0
      return
    }
    if (!isSame(protection, this.#protection)) {
      this.close()
      this.#agreed = undefined
      this.#sasRelayed = false
      this.#begun = 0
      this.#clear = protection.clear === 'until-keyed' && !this.#everKeyed
    }
    this.#protection = protection
    if (this.#agreed !== undefined) this.#options.onKeys(this.#agreed)
    else if (this.#clear) this.#options.onClear()
    else this.onDestination()
  }

  /** The phone's address has become known. */
  onDestination(): void {
    if (!this.#clear) this.#begin()
  }

  #begin(): void {
    const protection = this.#protection
    if (protection === undefined || this.#exchange !== undefined || this.#agreed !== undefined) return
    if (this.#options.destination() === undefined || this.#begun === mostExchanges) return
    const first = this.#begun++ === 0
    this.#given = 0
    const { association, party, seed, peerHash } = protection
    const kind = { protocol: 'zrtp', association, party, seed, ...(peerHash !== undefined && { peerHash }) } as const
    const exchange = this.#options.exchanger.begin(kind, {
      onSend: (packet) => {
        const to = this.#options.destination()
        if (to !== undefined) this.#options.send(packet, to)
      },
      onConnected: (agreed) => {
        this.#agreed = agreed
        this.#everKeyed = true
        this.#options.onKeys(agreed)
        this.#options.onOutcome({ suite: agreed.send.suite, ...(agreed.zrtp !== undefined && { zrtp: agreed.zrtp }) })
        this.#relaySas()
        if (this.#other !== undefined) this.#other.#relaySas()
      },
      onFailed: (failure, unanswered) => {
        if (this.#exchange === exchange) this.#exchange = undefined
        // a phone that has answered an exchange before this one does speak ZRTP
        if (unanswered && first && protection.clear === 'if-unanswered') {
          this.#clear = true
          this.#options.onClear()
        }
        this.#options.onOutcome({ failure })
      },
    })
    this.#exchange = exchange
  }

  /**
   * A phone that has enrolled is told the SAS of the other phone, so that both users read the same (RFC 6189 §7.3). Of two such
   * phones one only: otherwise each would show what the other one does not show any more.
   */
  #relaySas(): void {
    if (this.#other === undefined || this.#sasRelayed) return
    const [own, others] = [this.#agreed?.zrtp, this.#other.#agreed?.zrtp]
    if (own?.enrolled !== true || others?.sasHash === undefined) return
    if (others.enrolled && !this.#called) return
    this.#sasRelayed = true
    this.#exchange?.relaySas({ algorithm: others.algorithms.at(-1)!, hash: others.sasHash })
  }

  /** A packet of ZRTP, from a source that deserves an answer. It is copied. */
  receive(packet: Uint8Array): void {
    if (isHello(packet) || (this.#begun === 0 && !this.#clear)) this.#begin()
    if (this.#given++ < mostPackets) this.#exchange?.receive(packet)
  }

  /** Ends what is under way. */
  close(): void {
    this.#exchange?.close()
    this.#exchange = undefined
  }
}

/** The type of a message begins behind 12 bytes of the packet and 4 of the message (RFC 6189 §5, §5.1.1). */
function isHello(packet: Uint8Array): boolean {
  return 'Hello   '.split('').every((letter, place) => packet[16 + place] === letter.charCodeAt(0))
}

/** Whether it is the same exchange: of this session, between these Hellos. */
function isSame(now: ZrtpProtection, before: ZrtpProtection | undefined): boolean {
  if (before?.association !== now.association || !sameBytes(before.seed, now.seed)) return false
  return now.peerHash === undefined || before.peerHash === undefined || sameBytes(now.peerHash, before.peerHash)
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
