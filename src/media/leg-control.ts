import { type EndpointDescription, type Protection } from '../base/endpoint-description.ts'
import { type SrtpMasterKey } from '../base/encryption.ts'
import { type Component } from './component.ts'
import { DtlsLeg } from './dtls-leg.ts'
import { type EarlyPackets } from './early-packets.ts'
import { IceLiteAgent } from './ice/ice-lite-agent.ts'
import { type AgreedKeys, type KeyExchanger } from './key-exchange/key-exchanger.ts'
import { Cell } from './leg-counters.ts'
import { type KeyExchangeReport } from './media-engine.ts'
import { packetOf, type PacketBuffer } from './packet-buffer.ts'
import { type PacketPort, type PeerAddress } from './packet-io/packet-io.ts'
import { PacketKind } from './packet-kind.ts'
import { type SourceLock } from './source-lock.ts'
import { ZrtpLeg } from './zrtp-leg.ts'

/**
 * Milliseconds for which a handshake waits for the first check of a phone that does ICE. Before it the phone would not hear
 * what is sent, and wait for a repetition.
 */
const checkDelay = 500

/** One of a leg's two sockets, and whom it talks to. */
export interface Channel {
  readonly component: Component
  readonly port: PacketPort
  readonly lock: SourceLock
  /** Received before they could be judged: handshakes and media. */
  readonly early: EarlyPackets
}

/** How a handshake of a leg has ended. */
type Outcome = Pick<KeyExchangeReport, 'suite' | 'zrtp' | 'failure'>

/** What the control packets of a leg need of it. */
export interface LegControlOptions {
  /** RTP's and RTCP's. */
  readonly channels: Readonly<Record<Component, Channel>>
  /** The leg's cells in shared memory. */
  readonly counters: Float64Array
  readonly exchanger: KeyExchanger
  /** Milliseconds on the clock of the engine's thread. */
  readonly now: () => number
  /** Whether the phone wants to be sent to. */
  reachable(): boolean
  /** The phone has begun a handshake, and this is where it is. */
  onPeer(channel: Channel, source: PeerAddress): void
  onDtlsKeys(component: Component, keys: { readonly send: SrtpMasterKey; readonly receive: SrtpMasterKey }): void
  /** Of RTP and RTCP. */
  onZrtpKeys(keys: Pick<AgreedKeys, 'send' | 'receive'>): void
  /** The phone may be talked to in clear: it speaks no ZRTP, or has not begun to. */
  onClear(): void
  /** ICE says that the phone is somewhere else. */
  onMoved(): void
  /** A handshake has ended, one way or the other. */
  onKeyExchange(outcome: Outcome): void
}

/** What shares the ports of a leg with its media (RFC 7983): the checks of ICE, and the handshakes of DTLS and ZRTP. */
export class LegControl {
  readonly #options: LegControlOptions
  readonly #ice = new IceLiteAgent()
  readonly #dtls: DtlsLeg
  readonly #zrtp: ZrtpLeg
  #iceAgreed = false
  /** Runs while a handshake waits for the phone's checks. */
  #checking: NodeJS.Timeout | undefined

  constructor(options: LegControlOptions) {
    this.#options = options
    const { channels, exchanger } = options
    const send = (component: Component, datagram: Uint8Array, to: PeerAddress): void =>
      channels[component].port.send(packetOf(datagram), to)
    this.#dtls = new DtlsLeg({
      exchanger,
      send,
      destination: (component) => this.#destination(component),
      onPeer: (component, source) => options.onPeer(channels[component], source),
      onKeys: (component, keys) => options.onDtlsKeys(component, keys),
      onOutcome: (_component, outcome) => this.#onOutcome(outcome),
    })
    this.#zrtp = new ZrtpLeg({
      exchanger,
      send: (packet, to) => send(1, packet, to),
      destination: () => (options.reachable() ? this.#destination(1) : undefined),
      onKeys: (keys) => options.onZrtpKeys(keys),
      onClear: () => options.onClear(),
      onOutcome: (outcome) => this.#onOutcome(outcome),
    })
  }

  /** Joins the legs of a bridge. */
  static join(a: LegControl, b: LegControl): void {
    ZrtpLeg.join(a.#zrtp, b.#zrtp)
  }

  /** Both sides do ICE: it says where packets go, wherever they went before. */
  get iceAgreed(): boolean {
    return this.#iceAgreed
  }

  /** Takes over what was agreed of ICE; before addresses and protection. */
  applyIce(ice: EndpointDescription['ice']): void {
    this.#ice.update(ice)
    const before = this.#iceAgreed
    this.#iceAgreed = ice?.remote !== undefined
    if (this.#iceAgreed && !before) this.#awaitChecks()
    for (const { lock } of Object.values(this.#options.channels)) lock.checked = this.#iceAgreed
  }

  /** Begins or ends handshakes, as the protection needs them. */
  applyProtection(protection: Protection, rtcpMux: boolean): void {
    this.#dtls.apply(protection.mode === 'dtls-srtp' ? protection : undefined, rtcpMux)
    this.#zrtp.apply(protection.mode === 'zrtp' ? protection : undefined)
  }

  /** The phone's description says that it is there. */
  signal(channel: Channel, address: PeerAddress): void {
    // where ICE has found the phone counts for more than what its description can say
    if (this.#iceAgreed && this.#ice.nominated(channel.component) !== undefined) return
    if (channel.lock.signal(address)) channel.port.disconnect()
  }

  /** A STUN packet, from wherever. */
  receiveCheck(channel: Channel, packet: PacketBuffer, source: PeerAddress): void {
    const { component, lock, port } = channel
    const outcome = this.#ice.receive(packet.bytes, packet.length, source, component, this.#options.now())
    if (outcome.refusal !== undefined) this.#options.counters[Cell.controlRefused]! += 1
    if (outcome.response !== undefined) {
      packet.load(outcome.response)
      port.send(packet, source)
    }
    if (!outcome.checked) return
    const nominated = this.#ice.nominated(component)
    const chosen = this.#ice.chosen(component)
    if (chosen === undefined || !lock.choose(chosen, nominated !== undefined)) return
    port.disconnect()
    this.#dtls.onDestination(component)
    if (component === 1) this.#zrtp.onDestination()
    this.#options.onMoved()
  }

  /** A packet of DTLS or ZRTP, from where the phone is. */
  receiveHandshake(channel: Channel, kind: PacketKind, packet: PacketBuffer, source: PeerAddress): void {
    const bytes = packet.bytes.subarray(0, packet.length)
    if (kind === PacketKind.zrtp) this.#zrtp.receive(bytes)
    else this.#dtls.receive(channel.component, bytes, source)
  }

  /** Ends what is under way. */
  close(): void {
    this.#dtls.close()
    this.#zrtp.close()
    clearTimeout(this.#checking)
  }

  /** Where a handshake is sent to, once the phone is likely to hear it. */
  #destination(component: Component): PeerAddress | undefined {
    const waits = this.#checking !== undefined && this.#ice.chosen(component) === undefined
    return waits ? undefined : this.#options.channels[component].lock.destination
  }

  #awaitChecks(): void {
    clearTimeout(this.#checking)
    this.#checking = setTimeout(() => {
      this.#checking = undefined
      this.#dtls.onDestination(1)
      this.#dtls.onDestination(2)
      this.#zrtp.onDestination()
    }, checkDelay)
  }

  #onOutcome(outcome: Outcome): void {
    this.#options.counters[outcome.failure === undefined ? Cell.keyExchanges : Cell.keyExchangeFailures]! += 1
    this.#options.onKeyExchange(outcome)
  }
}
