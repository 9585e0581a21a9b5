import { type PeerAddress } from './packet-io/packet-io.ts'

/** How well a packet's source fits what was signalled; smaller is better. */
const Fit = { exact: 0, host: 1, other: 2, none: 3 } as const
type Fit = (typeof Fit)[keyof typeof Fit]

/**
 * Which address one channel (RTP or RTCP of one leg) listens to and sends to. A phone behind NAT sends from another
 * address than its SDP says, so the source is learned from its packets and then locked; who comes later from elsewhere
 * gets nothing and is not heard (RTP bleed, CVE-2025-53399 and kin).
 *
 * - A secured leg locks for good on the first packet that authenticates: only the phone can make one.
 * - A clear leg cannot tell the phone from a stranger who was faster, so there a source that fits what was signalled
 *   better takes over, never one that fits equally or worse: the signalled address and port, over the signalled host,
 *   over any other. RTCP also takes the host of the locked RTP for signalled, and once RTP is locked, no other.
 *
 * Until something is locked, packets go to the signalled address.
 */
export class SourceLock {
  readonly #rtp: SourceLock | undefined
  #signalled: PeerAddress | undefined
  #locked: PeerAddress | undefined
  #fit: Fit = Fit.none
  #final = false

  /** @param rtp the lock of the RTP channel, when this one is that of RTCP */
  constructor(rtp?: SourceLock) {
    this.#rtp = rtp
  }

  /** Where packets go; `undefined` while nothing is known. */
  get destination(): PeerAddress | undefined {
    return this.#locked ?? this.#signalled
  }

  /** The source that was learned. */
  get locked(): PeerAddress | undefined {
    return this.#locked
  }

  /** No other source can take over until another address is signalled, so the socket may be connected to this one. */
  get final(): boolean {
    return this.#final || this.#fit === Fit.exact
  }

  /**
   * States the signalled address.
   * @returns true when it is another one: what was learned is forgotten
   */
  signal(address: PeerAddress): boolean {
    if (this.#signalled !== undefined && same(this.#signalled, address)) return false
    this.#signalled = address
    this.#locked = undefined
    this.#fit = Fit.none
    this.#final = false
    return true
  }

  /**
   * Says whether a packet from this source deserves a look.
   * @param secured it will have to authenticate
   */
  admits(source: PeerAddress, secured: boolean): boolean {
    if (source.port === 0) return false // can be forged, but not be sent to
    if (this.#locked !== undefined) {
      if (same(this.#locked, source)) return true
      if (this.#final) return false
    }
    return secured || this.#fitOf(source) < this.#fit
  }

  /**
   * Notes that a packet from an admitted source is valid.
   * @param secured it has authenticated
   * @returns true when the source was learned just now
   */
  learn(source: PeerAddress, secured: boolean): boolean {
    if (this.#locked !== undefined && same(this.#locked, source)) {
      this.#final ||= secured
      return false
    }
    this.#locked = { address: source.address, port: source.port }
    this.#fit = this.#fitOf(source)
    this.#final = secured
    return true
  }

  #fitOf(source: PeerAddress): Fit {
    const signalled = this.#signalled
    if (signalled !== undefined && same(signalled, source)) return Fit.exact
    if (source.address === signalled?.address) return Fit.host
    const rtp = this.#rtp?.locked
    if (rtp === undefined) return Fit.other
    return source.address === rtp.address ? Fit.host : Fit.none
  }
}

function same(a: PeerAddress, b: PeerAddress): boolean {
  return a.port === b.port && a.address === b.address
}
