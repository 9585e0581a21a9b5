import { systemClock } from '../base/clock.ts'
import { type EndpointDescription } from '../base/endpoint-description.ts'
import { DtmfLeg } from './dtmf/dtmf-leg.ts'
import { type DtmfKey } from './dtmf/telephone-event.ts'
import { EarlyPackets, type EarlyPacket } from './early-packets.ts'
import { type KeyExchanger } from './key-exchange/key-exchanger.ts'
import { LegControl, type Channel } from './leg-control.ts'
import { Cell, SourceCell } from './leg-counters.ts'
import { LegSecurity } from './leg-security.ts'
import { type KeyExchangeReport } from './media-engine.ts'
import { packetOf, type PacketBuffer } from './packet-buffer.ts'
import { type PacketPort, type PeerAddress } from './packet-io/packet-io.ts'
import { isRtcp, PacketKind, packetKind } from './packet-kind.ts'
import { isWholeRtcp, rtcpHeaderLength, rtpPayloadOffset } from './rtp-header.ts'
import { SourceLock } from './source-lock.ts'
import { SourceStatistics } from './source-statistics.ts'
import { type CipherProvider } from './srtp/cipher-provider.ts'
import { SrtpVerdict } from './srtp/srtp-verdict.ts'
import { usableRemote } from './usable-remote.ts'

/** Milliseconds after which it is looked whether early packets have waited in vain. */
const sweepDelay = 250

/** What a leg of a stream is made of. */
export interface StreamLegOptions {
  readonly rtp: PacketPort
  readonly rtcp: PacketPort
  /** The leg's cells in shared memory. */
  readonly counters: Float64Array
  readonly provider: CipherProvider
  readonly exchanger: KeyExchanger
  /** Milliseconds on the clock of the engine's thread. */
  readonly now: () => number
  /** Writes the same into a cell: a number that is returned takes memory. */
  readonly stamp: (cells: Float64Array, cell: number) => void
  /** A handshake has ended, one way or the other. */
  onKeyExchange(outcome: Pick<KeyExchangeReport, 'suite' | 'zrtp' | 'failure'>): void
  /** The phone has pressed a key that the other leg cannot get as an event. */
  onDtmf(key: DtmfKey): void
}

/**
 * One leg of one stream: takes what its phone sends, checks and decrypts it, and hands it to the other leg, which
 * encrypts it for its own phone. A packet that fails any check is counted and goes no further; nothing is ever sent in
 * clear on a secured leg, RTCP included.
 */
export class StreamLeg {
  // what every packet needs comes first, and so close together
  #closed = false
  #mux = false
  /** The leg was described, with an address at least once: what comes can be judged. */
  #described = false
  /** The phone wants to be sent to: it has not given an address of hold. */
  #reachable = false
  /** When the packet in hand came, if it has waited. */
  #cameAt: number | undefined
  readonly #rtp: Channel
  readonly #counters: Float64Array
  readonly #statistics: SourceStatistics
  readonly #security: LegSecurity
  readonly #dtmf: DtmfLeg
  #other: StreamLeg | undefined
  readonly #options: StreamLegOptions
  readonly #rtcp: Channel
  readonly #control: LegControl
  /** From the other leg, waiting for this one's keys or address. */
  readonly #unsent = new EarlyPackets()
  #sweep: NodeJS.Timeout | undefined

  constructor(options: StreamLegOptions) {
    this.#options = options
    const rtpLock = new SourceLock()
    this.#rtp = { component: 1, port: options.rtp, lock: rtpLock, early: new EarlyPackets() }
    this.#rtcp = { component: 2, port: options.rtcp, lock: new SourceLock(rtpLock), early: new EarlyPackets() }
    this.#counters = options.counters
    this.#statistics = new SourceStatistics(options.counters)
    this.#security = new LegSecurity(options.provider)
    this.#control = new LegControl({
      channels: { 1: this.#rtp, 2: this.#rtcp },
      counters: options.counters,
      exchanger: options.exchanger,
      now: options.now,
      reachable: () => this.#reachable,
      onPeer: (channel, source) => this.#learn(channel, source, true),
      onDtlsKeys: (component, { send, receive }) => {
        if (component === 1) this.#security.install(this.#security.rtp, send, receive)
        if (component === 2 || this.#mux) this.#security.install(this.#security.rtcp, send, receive)
        this.#flush()
      },
      onZrtpKeys: ({ send, receive }) => {
        this.#security.secured = true // it may have been in clear until now
        for (const component of [this.#security.rtp, this.#security.rtcp]) {
          this.#security.install(component, send, receive)
        }
        this.#flush()
      },
      onClear: () => {
        this.#security.apply({ mode: 'none' })
        this.#flush()
      },
      onMoved: () => this.#flush(),
      onKeyExchange: (outcome) => options.onKeyExchange(outcome),
    })
    this.#dtmf = new DtmfLeg({
      clock: { now: options.now, after: (delay, fire) => systemClock.after(delay, fire) },
      send: (packet) => this.#sendOwn(packetOf(packet)),
      onKey: (key) => options.onDtmf(key),
    })
  }

  /** Joins two legs to a bridge. */
  static join(a: StreamLeg, b: StreamLeg): void {
    a.#other = b
    b.#other = a
    LegControl.join(a.#control, b.#control)
  }

  /**
   * Takes over what was agreed on this leg.
   * @param local the stream's own ports, which a description must not name as the phone's: packets would go in circles
   */
  update(endpoint: EndpointDescription | undefined, local: readonly PeerAddress[]): void {
    this.#control.applyIce(endpoint?.ice)
    this.#dtmf.apply(endpoint?.events)
    if (endpoint === undefined) {
      this.#described = false
      this.#reachable = false
      this.#control.applyProtection({ mode: 'none' }, false)
      return
    }
    const { protection, rtcpMux } = endpoint
    this.#mux = rtcpMux
    this.#security.apply(protection)
    this.#statistics.describe(endpoint.clocks)
    const remote = endpoint.remote === undefined ? undefined : usableRemote(endpoint.remote, rtcpMux, local)
    // without ICE an address of hold: those from before stay, for what is still sent and for the resume
    this.#reachable = remote !== undefined || this.#control.iceAgreed
    this.#described ||= this.#reachable
    if (this.#described && this.#other !== undefined && this.#other.#described) this.#dtmf.face(this.#other.#dtmf)
    if (remote !== undefined) {
      this.#control.signal(this.#rtp, remote.rtp)
      this.#control.signal(this.#rtcp, remote.rtcp)
    }
    this.#control.applyProtection(protection, rtcpMux)
    queueMicrotask(() => this.#flush()) // the other leg may be told something too first
  }

  /** Ends what the leg has under way, and its keys; its ports are closed by others. What they still receive is dropped. */
  close(): void {
    this.#closed = true
    this.#control.close()
    this.#dtmf.close()
    this.#security.close()
    clearTimeout(this.#sweep)
  }

  /** Sends a key to the phone as an event. */
  sendDtmf(key: DtmfKey): void {
    if (!this.#dtmf.press(key)) this.#count(Cell.undeliverable)
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
    if (this.#closed) return
    const kind = packetKind(packet)
    if (kind !== PacketKind.media) {
      this.#receiveControl(channel, kind, packet, source)
      return
    }
    const { length } = packet
    const refusal = this.#admit(channel, packet, source, rtcp)
    if (refusal === Cell.notReady) this.#wait(channel.early, Cell.notReady, packet, source, rtcp)
    else if (refusal !== undefined) this.#count(refusal)
    if (refusal !== undefined) return
    this.#count(rtcp ? Cell.rtcpPacketsReceived : Cell.rtpPacketsReceived)
    this.#counters[rtcp ? Cell.rtcpBytesReceived : Cell.rtpBytesReceived]! += length
    if (!rtcp) {
      if (this.#cameAt === undefined) this.#options.stamp(this.#counters, Cell.lastReceivedAt)
      else this.#counters[Cell.lastReceivedAt] = this.#cameAt
      this.#statistics.count(packet, length)
    }
    if (this.#other === undefined) return
    if (!rtcp && this.#dtmf.takes(packet)) this.#other.#dtmf.skip(packet)
    else this.#other.#relay(packet, rtcp)
  }

  /**
   * Checks a packet, turns it into the plain one, and learns its source.
   * @returns the counter of what is wrong with it, or `undefined`
   */
  #admit(channel: Channel, packet: PacketBuffer, source: PeerAddress, rtcp: boolean): number | undefined {
    const whole = rtcp ? packet.length >= rtcpHeaderLength : rtpPayloadOffset(packet) >= 0
    if (!whole) return Cell.malformed
    if (!this.#described) return Cell.notReady
    const { lock } = channel
    const { secured } = this.#security
    if (!lock.admits(source, secured)) return Cell.unknownSource
    if (secured) {
      const refusal = this.#unprotect(packet, rtcp)
      if (refusal !== undefined) return refusal
    }
    this.#learn(channel, source, secured)
    return undefined
  }

  /** Something valid came from this source. */
  #learn({ lock, port }: Channel, source: PeerAddress, secured: boolean): void {
    // with ICE the phone may move, and says so from an address that a connected socket would not hear
    if (lock.learn(source, secured) && lock.final && !this.#control.iceAgreed) port.connect(lock.destination!)
  }

  /**
   * Authenticates and decrypts.
   * @returns the counter of what is wrong, or `undefined`
   */
  #unprotect(packet: PacketBuffer, rtcp: boolean): number | undefined {
    const { decrypt } = rtcp ? this.#security.rtcp : this.#security.rtp
    if (decrypt === undefined) return Cell.notReady
    const plainRtcp = rtcp && isWholeRtcp(packet)
    const verdict = rtcp ? decrypt.unprotectRtcp(packet) : decrypt.unprotectRtp(packet)
    if (verdict === SrtpVerdict.ok) return undefined
    // a packet with a whole header that has no room for a tag was never protected
    if (plainRtcp || verdict === SrtpVerdict.malformed) return Cell.plainPackets
    const failed = verdict === SrtpVerdict.authenticationFailed
    if (!rtcp) this.#statistics.refuse(packet, failed ? SourceCell.authenticationFailures : SourceCell.replays)
    return failed ? Cell.authenticationFailures : Cell.replays
  }

  /** STUN, DTLS, and what is of no use here. */
  #receiveControl(channel: Channel, kind: PacketKind, packet: PacketBuffer, source: PeerAddress): void {
    if (kind === PacketKind.unknown) {
      this.#count(Cell.malformed)
      return
    }
    const admitted = channel.lock.admitsHandshake(source)
    const handshake = kind === PacketKind.dtls || kind === PacketKind.zrtp
    if (handshake && !admitted && !this.#described) {
      // the phone's Hello often overtakes the answer that says where the phone is
      this.#wait(channel.early, Cell.controlRefused, packet, source, false)
      return
    }
    this.#count(Cell.controlPackets)
    if (kind === PacketKind.stun) this.#control.receiveCheck(channel, packet, source)
    else if (admitted) this.#control.receiveHandshake(channel, kind, packet, source)
    else this.#count(Cell.controlRefused)
  }

  /** Sends what the other leg received to this leg's phone. */
  #relay(packet: PacketBuffer, rtcp: boolean): void {
    const { port, lock } = rtcp && !this.#mux ? this.#rtcp : this.#rtp
    const { destination } = lock
    const { encrypt } = rtcp ? this.#security.rtcp : this.#security.rtp
    if (destination === undefined || (this.#security.secured && encrypt === undefined)) {
      this.#wait(this.#unsent, Cell.undeliverable, packet, destination ?? nowhere, rtcp)
      return
    }
    if (!this.#reachable) {
      this.#count(Cell.undeliverable)
      return
    }
    if (!rtcp) this.#dtmf.pass(packet)
    this.#send(packet, rtcp, port, destination)
  }

  /** Sends an RTP packet that no phone has sent. It waits for nothing: its moment is now. */
  #sendOwn(packet: PacketBuffer): void {
    const { port, lock } = this.#rtp
    const ready = !this.#security.secured || this.#security.rtp.encrypt !== undefined
    if (this.#reachable && ready && lock.destination !== undefined) this.#send(packet, false, port, lock.destination)
    else this.#count(Cell.undeliverable)
  }

  /** Encrypts a packet and sends it. */
  #send(packet: PacketBuffer, rtcp: boolean, port: PacketPort, destination: PeerAddress): void {
    const { encrypt } = rtcp ? this.#security.rtcp : this.#security.rtp
    if (encrypt !== undefined && this.#security.secured) {
      const verdict = rtcp ? encrypt.protectRtcp(packet) : encrypt.protectRtp(packet)
      if (verdict !== SrtpVerdict.ok) {
        this.#count(Cell.repeatsNotSent)
        return
      }
    }
    this.#count(rtcp ? Cell.rtcpPacketsSent : Cell.rtpPacketsSent)
    this.#counters[rtcp ? Cell.rtcpBytesSent : Cell.rtpBytesSent]! += packet.length
    port.send(packet, destination)
  }

  /** Keeps a packet for the moment in which what it lacks is there. */
  #wait(queue: EarlyPackets, cell: number, packet: PacketBuffer, source: PeerAddress, rtcp: boolean): void {
    this.#counters[cell]! += queue.keep(packet, source, rtcp, this.#options.now(), this.#cameAt)
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined
      this.#flush()
    }, sweepDelay)
  }

  /** Something has become known: the packets that waited are looked at again, which may make some wait on. */
  #flush(): void {
    if (this.#closed) return
    const now = this.#options.now()
    for (const channel of [this.#rtp, this.#rtcp]) {
      if (channel.early.empty) continue
      const { packets, givenUp } = channel.early.take(now)
      this.#counters[Cell.notReady]! += givenUp
      this.#again(packets, ({ source, rtcp }, packet) => this.#receive(channel, packet, source, rtcp))
    }
    if (this.#unsent.empty) return
    const { packets, givenUp } = this.#unsent.take(now)
    this.#counters[Cell.undeliverable]! += givenUp
    this.#again(packets, ({ rtcp }, packet) => this.#relay(packet, rtcp))
  }

  #again(packets: readonly EarlyPacket[], handle: (early: EarlyPacket, packet: PacketBuffer) => void): void {
    for (const early of packets) {
      this.#cameAt = early.at
      handle(early, packetOf(early.bytes))
    }
    this.#cameAt = undefined
  }

  #count(cell: number): void {
    this.#counters[cell]! += 1
  }
}

const nowhere: PeerAddress = { address: '', port: 0 }
