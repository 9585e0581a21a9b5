import { BlockList, isIPv6 } from 'node:net'
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
  /**
   * The phone does ICE: it says by its checks where it is, and nothing is learned from what arrives. Until the first check
   * only the signalled address counts, from which a phone sends whose checks find no way.
   */
  checked = false

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
   * ICE says where the phone is: a check of it had our password.
   * @param final the phone has nominated this address; else it is one that would do, until it nominates another
   * @returns true when the address is another one than before
   */
  choose({ address, port }: PeerAddress, final: boolean): boolean {
    if (this.#final && !final) return false
    const moved = this.#locked?.port !== port || this.#locked.address !== address
    this.#locked = { address, port }
    this.#fit = Fit.exact
    this.#final = final
    return moved
  }

  /**
   * Says whether a handshake with this source deserves an answer: it is where the phone says that it is, or was found to be.
   * A phone that names an address which only its own network knows sends from another one, that nobody could foretell.
   */
  admitsHandshake(source: PeerAddress): boolean {
    if (source.port === 0) return false
    if (this.#locked !== undefined && (this.#final || this.checked || same(this.#locked, source)))
      return same(this.#locked, source)
    const fit = this.#fitOf(source)
    if (this.checked) return fit === Fit.exact
    return fit <= Fit.host || (fit === Fit.other && this.#signalled !== undefined && isPrivate(this.#signalled.address))
  }

  /**
   * Says whether a packet from this source deserves a look.
   * @param secured it will have to authenticate
   */
  admits(source: PeerAddress, secured: boolean): boolean {
    if (source.port === 0) return false // can be forged, but not be sent to
    if (this.#locked !== undefined) {
      if (same(this.#locked, source)) return true
      if (this.#final || this.checked) return false
    }
    if (this.checked) return this.#fitOf(source) === Fit.exact
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

const privateNetworks = new BlockList()
for (const [network, prefix] of [
  // RFC 1918, RFC 6598, RFC 3927
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const) {
  privateNetworks.addSubnet(network, prefix)
}
for (const [network, prefix] of [
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  // RFC 4193, RFC 4291
  privateNetworks.addSubnet(network, prefix, 'ipv6')
}

/** Addresses that mean something in one network only. */
function isPrivate(address: string): boolean {
  return privateNetworks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

function same(a: PeerAddress, b: PeerAddress): boolean {
  return a.port === b.port && a.address === b.address
}
