import { type SrtpMasterKey } from '../../base/encryption.ts'

/** The SRTP keys of a finished handshake, and whom it was made with. */
export interface AgreedKeys {
  /** Key with which this server encrypts. */
  readonly send: SrtpMasterKey
  readonly receive: SrtpMasterKey
  /** The peer's certificate in DER, which it has proved to have the key of. Whether it is the right one is still open. */
  readonly peerCertificate: Buffer
}

/** Who is told how a handshake goes on. */
export interface KeyExchangeListener {
  /** A datagram for the peer. */
  onSend(datagram: Uint8Array): void
  /** Called once at most. */
  onConnected(keys: AgreedKeys): void
  /** It has failed for good; called once at most. `why` is for people, and holds no secret. */
  onFailed(why: string): void
}

/** One handshake. */
export interface KeyExchange {
  /** A datagram from the peer; it is copied. */
  receive(datagram: Uint8Array): void
  /** Ends it; the listener hears nothing more. Twice is harmless. */
  close(): void
}

/** Runs handshakes where they do not hold up packets. */
export interface KeyExchanger {
  /** Begins a handshake: a client speaks first, a server waits for what {@link KeyExchange.receive} brings. */
  begin(role: 'client' | 'server', listener: KeyExchangeListener): KeyExchange
}
