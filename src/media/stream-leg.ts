import { isIP, SocketAddress } from 'node:net'
import { type EndpointDescription, type RemoteEndpoint } from '../base/endpoint-description.ts'
import { Cell } from './leg-counters.ts'
import { LegSecurity } from './leg-security.ts'
import { type PacketBuffer } from './packet-buffer.ts'
import { type PacketPort, type PeerAddress } from './packet-io/packet-io.ts'
import { isRtcp, PacketKind, packetKind } from './packet-kind.ts'
import { isWholeRtcp, rtcpHeaderLength, rtpPayloadOffset } from './rtp-header.ts'
import { SourceLock } from './source-lock.ts'
import { type CipherProvider } from './srtp/cipher-provider.ts'
import { SrtpVerdict } from './srtp/srtp-verdict.ts'

/** One of a leg's two sockets, and whom it talks to. */
interface Channel {
  readonly port: PacketPort
  readonly lock: SourceLock
}

/** What a leg of a stream is made of. */
export interface StreamLegOptions {
  readonly rtp: PacketPort
  readonly rtcp: PacketPort
  /** The leg's cells in shared memory. */
  readonly counters: Float64Array
  readonly provider: CipherProvider
  /** Milliseconds on the clock of the engine's thread. */
  readonly now: () => number
}

/**
 * One leg of one stream: takes what its phone sends, checks and decrypts it, and hands it to the other leg, which
 * encrypts it for its own phone. A packet that fails any check is counted and goes no further; nothing is ever sent in
 * clear on a secured leg, RTCP included.
 */
export class StreamLeg {
  readonly #rtp: Channel
  readonly #rtcp: Channel
  readonly #counters: Float64Array
  readonly #security: LegSecurity
  readonly #now: () => number
  #other: StreamLeg | undefined
  #mux = false
  /** The leg was described, with an address at least once: what comes can be judged. */
  #described = false
  /** The phone can be sent to: it has an address, which is not one of hold. */
  #reachable = false

  constructor(options: StreamLegOptions) {
    const rtpLock = new SourceLock()
    this.#rtp = { port: options.rtp, lock: rtpLock }
    this.#rtcp = { port: options.rtcp, lock: new SourceLock(rtpLock) }
    this.#counters = options.counters
    this.#security = new LegSecurity(options.provider)
    this.#now = options.now
  }

  /** Joins two legs to a bridge. */
  static join(a: StreamLeg, b: StreamLeg): void {
    a.#other = b
    b.#other = a
  }

  /**
   * Takes over what was agreed on this leg.
   * @param local the stream's own ports, which a description must not name as the phone's: packets would go in circles
   */
  update(endpoint: EndpointDescription | undefined, local: readonly PeerAddress[]): void {
    if (endpoint === undefined) {
      this.#described = false
      this.#reachable = false
      return
    }
    this.#mux = endpoint.rtcpMux
    this.#security.apply(endpoint.protection)
    const remote = endpoint.remote === undefined ? undefined : usableRemote(endpoint.remote, endpoint.rtcpMux, local)
    this.#reachable = remote !== undefined
    if (remote === undefined) return // hold: the addresses from before stay, for what is still sent and for the resume
    this.#described = true
    for (const [channel, address] of [
      [this.#rtp, remote.rtp],
      [this.#rtcp, remote.rtcp],
    ] as const) {
      if (channel.lock.signal(address)) channel.port.disconnect()
    }
  }

  /** A datagram on the RTP port, which may be RTCP when it is multiplexed, or a control packet. */
  onRtpPort(packet: PacketBuffer, source: PeerAddress): void {
    this.#receive(this.#rtp, packet, source, isRtcp(packet, this.#mux))
  }

  /** A datagram on the RTCP port. */
  onRtcpPort(packet: PacketBuffer, source: PeerAddress): void {
    if (packetKind(packet) === PacketKind.media && !isRtcp(packet, true)) this.#count(Cell.malformed)
    else this.#receive(this.#rtcp, packet, source, true)
  }

  /** The operating system refused a datagram of this leg. */
  onSendError(): void {
    this.#count(Cell.sendErrors)
  }

  #receive(channel: Channel, packet: PacketBuffer, source: PeerAddress, rtcp: boolean): void {
    const { length } = packet
    const refusal = this.#admit(channel, packet, source, rtcp)
    if (refusal !== undefined) {
      this.#count(refusal)
      return
    }
    this.#count(rtcp ? Cell.rtcpPacketsReceived : Cell.rtpPacketsReceived)
    this.#counters[rtcp ? Cell.rtcpBytesReceived : Cell.rtpBytesReceived]! += length
    if (!rtcp) this.#counters[Cell.lastReceivedAt] = this.#now()
    if (this.#other !== undefined) this.#other.#relay(packet, rtcp)
  }

  /**
   * Checks a packet, turns it into the plain one, and learns its source.
   * @returns the counter of what is wrong with it, or `undefined`
   */
  #admit(channel: Channel, packet: PacketBuffer, source: PeerAddress, rtcp: boolean): number | undefined {
    const kind = packetKind(packet)
    if (kind === PacketKind.unknown) return Cell.malformed
    if (kind !== PacketKind.media) return Cell.controlPackets
    const whole = rtcp ? packet.length >= rtcpHeaderLength : rtpPayloadOffset(packet) >= 0
    if (!whole) return Cell.malformed
    if (!this.#described) return Cell.notReady
    const { port, lock } = channel
    const { secured } = this.#security
    if (!lock.admits(source, secured)) return Cell.unknownSource
    if (secured) {
      const refusal = this.#unprotect(packet, rtcp)
      if (refusal !== undefined) return refusal
    }
    if (lock.learn(source, secured) && lock.final) port.connect(lock.destination!)
    return undefined
  }

  /**
   * Authenticates and decrypts.
   * @returns the counter of what is wrong, or `undefined`
   */
  #unprotect(packet: PacketBuffer, rtcp: boolean): number | undefined {
    const { decrypt } = this.#security
    if (decrypt === undefined) return Cell.notReady
    const plainRtcp = rtcp && isWholeRtcp(packet)
    const verdict = rtcp ? decrypt.unprotectRtcp(packet) : decrypt.unprotectRtp(packet)
    if (verdict === SrtpVerdict.ok) return undefined
    // a packet with a whole header that has no room for a tag was never protected
    if (plainRtcp || verdict === SrtpVerdict.malformed) return Cell.plainPackets
    return verdict === SrtpVerdict.authenticationFailed ? Cell.authenticationFailures : Cell.replays
  }

  /** Sends what the other leg received to this leg's phone. */
  #relay(packet: PacketBuffer, rtcp: boolean): void {
    const { port, lock } = rtcp && !this.#mux ? this.#rtcp : this.#rtp
    const { destination } = lock
    if (destination === undefined) {
      this.#count(Cell.undeliverable)
      return
    }
    const refusal = this.#protect(packet, rtcp)
    if (refusal !== undefined) {
      this.#count(refusal)
      return
    }
    this.#count(rtcp ? Cell.rtcpPacketsSent : Cell.rtpPacketsSent)
    this.#counters[rtcp ? Cell.rtcpBytesSent : Cell.rtpBytesSent]! += packet.length
    port.send(packet, destination)
  }

  /**
   * Makes a packet fit to be sent on this leg.
   * @returns the counter of why it must not be sent, or `undefined`
   */
  #protect(packet: PacketBuffer, rtcp: boolean): number | undefined {
    if (!this.#reachable) return Cell.undeliverable
    const { secured, encrypt } = this.#security
    if (!secured) return undefined
    if (encrypt === undefined) return Cell.undeliverable
    const verdict = rtcp ? encrypt.protectRtcp(packet) : encrypt.protectRtp(packet)
    return verdict === SrtpVerdict.ok ? undefined : Cell.repeatsNotSent
  }

  #count(cell: number): void {
    this.#counters[cell]! += 1
  }
}

/**
 * The phone's addresses in the form in which the operating system prints sources.
 * @returns `undefined` when nothing can be sent there: an address of hold, a port of 0, no IP literal, or our own port
 */
function usableRemote(
  remote: RemoteEndpoint,
  mux: boolean,
  local: readonly PeerAddress[],
): { readonly rtp: PeerAddress; readonly rtcp: PeerAddress } | undefined {
  const version = isIP(remote.address)
  const rtcpPort = mux ? remote.rtpPort : remote.rtcpPort
  if (version === 0 || !isPort(remote.rtpPort) || !isPort(rtcpPort)) return undefined
  const { address } = new SocketAddress({ address: remote.address, family: version === 6 ? 'ipv6' : 'ipv4' })
  if (address === '0.0.0.0' || address === '::') return undefined
  const rtp = { address, port: remote.rtpPort }
  const rtcp = { address, port: rtcpPort }
  const ours = (peer: PeerAddress): boolean =>
    local.some((own) => own.port === peer.port && own.address === peer.address)
  return ours(rtp) || ours(rtcp) ? undefined : { rtp, rtcp }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65535
}
