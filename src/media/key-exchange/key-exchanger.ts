import { type SrtpMasterKey } from '../../base/encryption.ts'

/** What is to be exchanged: DTLS in a role, or ZRTP, in which the roles are found. */
export type KeyExchangeKind =
  | { readonly protocol: 'dtls'; readonly role: 'client' | 'server' }
  | {
      readonly protocol: 'zrtp'
      /** The streams of one name share a session. */
      readonly association: string
      readonly seed: Uint8Array
      readonly peerHash?: Uint8Array
      /** Whom the phone talks to, as it sees it. */
      readonly party: string
    }

/** What ZRTP says besides the keys. */
export interface ZrtpDetails {
  /** What both users may compare; absent for a stream that took its keys from another one's exchange. */
  readonly sas?: string
  /** The hash that it is rendered of, 32 bytes, for a phone that is told it. */
  readonly sasHash?: Uint8Array
  /** The phone has enrolled with this server, and trusts it with the SAS of the other leg (RFC 6189 §7.3). */
  readonly enrolled: boolean
  readonly verified: boolean
  /** How the retained secrets met. */
  readonly cache: 'new' | 'matched' | 'mismatch'
  /** Key agreement, hash, cipher, auth tag, SAS, by their names. */
  readonly algorithms: readonly string[]
}

/** A short authentication string that another leg's phone shows. */
export interface SasOfOther {
  /** How it is rendered: `B32` or `B256`. */
  readonly algorithm: string
  /** 32 bytes. */
  readonly hash: Uint8Array
}

/** The SRTP keys of a finished handshake, and whom it was made with. */
export interface AgreedKeys {
  /** Key with which this server encrypts. */
  readonly send: SrtpMasterKey
  readonly receive: SrtpMasterKey
  /** Of DTLS: the peer's certificate in DER, which it has proved to have the key of. Whether it is the right one is still open. */
  readonly peerCertificate?: Buffer
  readonly zrtp?: ZrtpDetails
}

/** Who is told how a handshake goes on. */
export interface KeyExchangeListener {
  /** A datagram for the peer. */
  onSend(datagram: Uint8Array): void
  /** Called once at most. */
  onConnected(keys: AgreedKeys): void
  /**
   * It has failed for good; called once at most.
   * @param why for people; holds no secret
   * @param unanswered nobody there speaks the protocol
   */
  onFailed(why: string, unanswered: boolean): void
}

/** One handshake. */
export interface KeyExchange {
  /** A datagram from the peer; it is copied. */
  receive(datagram: Uint8Array): void
  /** Tells a phone that has enrolled by ZRTP what the SAS of the other phone is. */
  relaySas(sas: SasOfOther): void
  /** Ends it; the listener hears nothing more. Twice is harmless. */
  close(): void
}

/** Runs handshakes where they do not hold up packets. */
export interface KeyExchanger {
  /** Begins an exchange. A DTLS server waits for what {@link KeyExchange.receive} brings, all others speak. */
  begin(kind: KeyExchangeKind, listener: KeyExchangeListener): KeyExchange
}
