import { type SrtpMasterKey } from './encryption.ts'
import { type Fingerprint } from './fingerprint.ts'

/** A direction attribute of SDP (RFC 8866 §6.7). */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Where this server receives one stream of one leg. */
export interface LocalEndpoint {
  /** IP literal without brackets: the session's `localAddress`. */
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
}

/** Where the phone of one leg says that it receives one stream. */
export interface RemoteEndpoint {
  /**
   * As the phone wrote it: mostly an IP literal without brackets; to a name nothing is sent. `0.0.0.0` and `::` mean hold:
   * nothing is sent, and what was learned is kept.
   */
  readonly address: string
  readonly rtpPort: number
  /** Ignored when RTCP is multiplexed. */
  readonly rtcpPort: number
}

/**
 * When a phone of ZRTP is talked to in clear: never; once it has answered no Hello for too long; or until it says Hello by
 * itself and has come to keys, as on a leg without encryption that takes ZRTP where it comes. Once there are keys there is no
 * way back.
 */
export type ClearBeforeZrtp = 'never' | 'if-unanswered' | 'until-keyed'

/** The protection of one leg's packets. */
export type Protection =
  | { readonly mode: 'none' }
  | {
      readonly mode: 'sdes'
      /** Key with which this server encrypts. */
      readonly send: SrtpMasterKey
      /** The phone's key; absent until its answer is known: its packets are dropped until then. */
      readonly receive?: SrtpMasterKey
    }
  | {
      readonly mode: 'dtls-srtp'
      /**
       * Names the association: this server's own `a=tls-id` (RFC 8842 §4). The same name keeps association, role and keys;
       * another one is a new association, with a new handshake.
       */
      readonly association: string
      /** `server` waits for the peer's ClientHello. Absent while the peer's answer may still choose: then it is waited for too. */
      readonly role?: 'client' | 'server'
      /** Of the peer: its certificate must have one of them. Empty until its description is known: no key is used before. */
      readonly fingerprints: readonly Fingerprint[]
    }
  | {
      readonly mode: 'zrtp'
      /** Names the session that the streams of a leg share; the same name goes on with its keys, another one begins anew. */
      readonly association: string
      /** H0 of the stream (RFC 6189 §9), 32 bytes, from which the Hello of the description was made. A secret until it is confirmed. */
      readonly seed: Buffer
      /** SHA-256 of the peer's Hello, where its description has `a=zrtp-hash`: it must say no other. */
      readonly peerHash?: Buffer
      /** Whom the phone talks to, as it sees it: phones keep retained secrets for each, and so does this server. */
      readonly party: string
      readonly clear: ClearBeforeZrtp
    }

/** User name fragment and password of one side of a stream (RFC 8445 §5.3). The password is a secret. */
export interface IceCredentials {
  readonly ufrag: string
  readonly pwd: string
}

/** ICE of one stream of one leg, in which this server is the lite agent (RFC 8445 §2.5). */
export interface IceDescription {
  readonly local: IceCredentials
  /** Absent until the peer's description is known. Other credentials than before are an ICE restart (RFC 8445 §9). */
  readonly remote?: IceCredentials
}

/** A payload type and its clock. */
export interface PayloadClock {
  readonly payloadType: number
  /** Of its timestamps, in Hz. */
  readonly clockRate: number
}

/** One payload type of telephone-event (RFC 4733). */
export type EventFormat = PayloadClock

/** The telephone events that a leg has agreed on. */
export interface TelephoneEvents {
  /** With which the phone may send them. */
  readonly receive: readonly EventFormat[]
  /** With which it is to be sent them: that whose clock is the codec's, where there is one. */
  readonly send: EventFormat
}

/** What media must know of one stream of one leg, as agreed by offer and answer. */
export interface EndpointDescription {
  /** Absent until the phone's description is known: nothing is sent. */
  readonly remote?: RemoteEndpoint
  /** RTP and RTCP share the RTP port of this leg (RFC 5761). */
  readonly rtcpMux: boolean
  /**
   * The direction that this server's own description states on this leg: with `sendrecv` and `recvonly` the phone
   * sends, with `sendonly` and `inactive` it has put the stream on hold. Packets are never dropped because of it; it
   * only decides which silence limit applies (see `SessionOptions.noRtpTimeout`).
   */
  readonly direction: MediaDirection
  readonly protection: Protection
  /** Present when both sides do ICE: media goes where the peer's nominated checks come from. */
  readonly ice?: IceDescription
  /** Absent: the leg has no telephone events. */
  readonly events?: TelephoneEvents
  /** Payload types that the phone may send whose clock is not one of 8,000 Hz. */
  readonly clocks?: readonly PayloadClock[]
}
