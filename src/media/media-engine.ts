import { type CodedError } from '../base/coded-error.ts'
import { type CryptoSuite } from '../base/encryption.ts'
import { type TypedEmitter } from '../base/typed-emitter.ts'
import { type EndpointDescription, type LocalEndpoint } from '../base/endpoint-description.ts'
import { type DtmfKey } from './dtmf/telephone-event.ts'
import { type ZrtpDetails } from './key-exchange/key-exchanger.ts'
import { type SessionCounters } from './session-counters.ts'

/**
 * Numbers from which media ports are taken, both inclusive. RTP takes an even number and RTCP the next one. `{0, 0}`
 * leaves the choice to the engine; `min === max` is a first port, from which calls take up to 100 numbers upwards (what
 * Flexisip's SDK does with a fixed port).
 */
export interface PortRange {
  readonly min: number
  readonly max: number
}

/** A leg of a session: A is the caller's side, B the recipient's. */
export type MediaLeg = 'a' | 'b'

/** Why a session is thought to be dead. */
export interface SilenceReport {
  readonly leg: MediaLeg
  /** Seconds for which nothing valid came. */
  readonly seconds: number
  /** The leg was on hold, and the hold limit ran out. */
  readonly onHold: boolean
}

/** How a handshake on a leg ended. */
export interface KeyExchangeReport {
  readonly stream: number
  readonly leg: MediaLeg
  /** The suite that was agreed; absent when it failed. */
  readonly suite?: CryptoSuite
  /** Of ZRTP. */
  readonly zrtp?: ZrtpDetails
  /** Why it failed, for people; no secret. Another handshake may follow. */
  readonly failure?: string
}

/** A key that the phone of one leg has pressed, and that the other leg cannot get as an event of RTP. */
export interface DtmfReport extends DtmfKey {
  readonly stream: number
  readonly leg: MediaLeg
}

/** What a call says when it opens its media. */
export interface SessionOptions {
  /** IP literal on which the session's ports are bound, IPv4 or IPv6, without brackets. */
  readonly localAddress: string
  /** Ports of audio and of any stream that is not video. */
  readonly audioPorts: PortRange
  readonly videoPorts: PortRange
  /** Differentiated services code point of what is sent, 0 to 63; none where the driver cannot set it. Default: 0. */
  readonly audioDscp?: number
  readonly videoDscp?: number
  /**
   * Seconds without a single valid RTP packet on a leg, counted from the last packet or the last `update` of that leg,
   * after which `onNoRtp` is called. It counts only while some stream of the leg is agreed as `sendrecv`. A leg whose
   * streams are all on hold or one-way (a phone that holds with `sendonly` seldom sends) may be silent for 3600 s.
   * 0 turns the watch off.
   */
  readonly noRtpTimeout: number
  /** Called when a leg was silent for its limit, and again after each further such time. */
  onNoRtp(report: SilenceReport): void
  /** A handshake has brought keys, or has failed. */
  onKeyExchange(report: KeyExchangeReport): void
  /** A key was pressed on a leg that has telephone events, where the other one has none. */
  onDtmf(report: DtmfReport): void
  /** The session's media is lost for good (its worker died); `close` still has to be called. */
  onFailure(error: CodedError): void
}

/** The media of one call: streams numbered from 0 in the order in which they were opened. */
export interface MediaSession {
  /**
   * Binds one RTP/RTCP port pair for each leg.
   * @param kind the m-line's media type; `video` takes its ports from `videoPorts`, all others from `audioPorts`
   * @throws MediaError (rejects) `MEDIA_PORTS_EXHAUSTED` (503), `MEDIA_ADDRESS_UNUSABLE` (500), `MEDIA_SESSION_CLOSED`,
   *   `MEDIA_WORKER_DIED`
   */
  openStream(kind: string): Promise<{ readonly a: LocalEndpoint; readonly b: LocalEndpoint }>
  /**
   * States what one leg agreed on for a stream. Saying the same again changes nothing on the wire; the same key keeps
   * roll-over counters and replay state; a new remote address or port learns the source anew. `undefined`: the stream
   * was refused, nothing is accepted or sent on that leg.
   * @throws MediaError `MEDIA_STREAM_UNKNOWN` when no such stream was opened, `MEDIA_KEY_UNUSABLE` (488) when a key's
   *   length does not fit its suite
   */
  update(stream: number, leg: MediaLeg, endpoint: EndpointDescription | undefined): void
  /** The updates that `work` makes are taken over as one: no packet finds only some of them made. */
  together(work: () => void): void
  /**
   * Sends a key to the phone of a leg as an RFC 4733 event, after those that were sent before. Nothing is sent unless the leg
   * has telephone events and the other one has none.
   * @throws MediaError `MEDIA_STREAM_UNKNOWN`
   */
  sendDtmf(stream: number, leg: MediaLeg, key: DtmfKey): void
  counters(): SessionCounters
  /** Closes every port; they rest 30 s before another call gets them. Twice is harmless. */
  close(): Promise<void>
}

/** What an engine tells its observers. */
export interface MediaEngineEvents {
  /** A worker ended unexpectedly; `sessions` calls lost their media. A new worker takes its place. */
  workerDied: [{ readonly worker: number; readonly sessions: number; readonly error: CodedError }]
  /** The worker of the handshakes ended unexpectedly, and those that it was at with it. A new one takes its place. */
  keyExchangeDied: [{ readonly error: CodedError }]
  /** The file of ZRTP's retained secrets fails: until a restart they are in memory only. */
  zrtpSecretsNotKept: [{ readonly error: CodedError }]
  /** SRTP runs on node:crypto, because the OpenSSL inside Node cannot be called directly. Told once. */
  cipherFallback: [{ readonly why: string }]
  /** Media has no precedence over whatever else the machine does; told once. */
  ordinaryPriority: [{ readonly why: string }]
  /** Packets go through Node's own sockets, because the driver of Linux does not run here. Told once. */
  packetIoFallback: [{ readonly why: string }]
  /** A worker runs packets again. */
  workerReplaced: [{ readonly worker: number }]
}

/** What an engine holds at the moment, for metrics and leak tests. */
export interface MediaEngineCounts {
  readonly sessions: number
  /** Ports that are bound: four a stream. */
  readonly ports: number
  /** Ports in their 30 s of rest. */
  readonly resting: number
}

/** What relays the packets of calls. */
export interface MediaEngine {
  readonly events: TypedEmitter<MediaEngineEvents>
  /** True while each worker answered its last heartbeat in time: what the service watchdog asks. */
  readonly alive: boolean
  /** @throws MediaError (rejects) `MEDIA_UNAVAILABLE` (503) when no worker runs or the engine is closed */
  openSession(options: SessionOptions): Promise<MediaSession>
  counts(): MediaEngineCounts
  /** Ends every session and worker. */
  close(): Promise<void>
}
