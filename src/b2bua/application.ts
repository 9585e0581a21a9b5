import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type SipRequest } from '../sip/message/message.ts'

/** A call that waits for a decision: leg A as far as it is known when its INVITE arrives. */
export interface CallRequest {
  readonly request: SipRequest
  /**
   * Leg A's To in URI-only form, byte for byte: what the rules are matched against and whom leg B calls
   * (reference: trenscrypter, "What is matched").
   */
  readonly recipient: string
  /** Encryption that leg A offers; `undefined` when its INVITE has no offer. */
  readonly offered: EncryptionMode | undefined
}

/** Where leg B goes and how its media is encrypted. */
export interface Destination {
  readonly kind: 'destination'
  /** Request-URI of leg B. */
  readonly uri: string
  /** Values of leg B's Route headers, the next hop first. */
  readonly route: readonly string[]
  /** Encryption of leg B; `undefined` leaves it to what an offerless call's recipient offers. */
  readonly mode: EncryptionMode | undefined
  /** Crypto suites that leg B proposes when its mode is SDES, in order. */
  readonly suites: readonly CryptoSuite[]
  /** Modes with which leg B is called again, in order, when the recipient refuses the one before. */
  readonly fallback: readonly EncryptionMode[]
  /** How this was decided, for the log: the rule and where it is written. */
  readonly because: string
}

/** A refusal of the call. */
export interface Decline {
  readonly kind: 'decline'
  /** Final status for leg A. */
  readonly status: number
  /** For the Warning header and the log; never holds secrets. */
  readonly why: string
}

/** What makes a back-to-back user agent useful: it decides for each call where it goes (trenscrypter, sip-bridge). */
export interface Application {
  readonly name: string
  /** Decides one call. Runs on the SIP loop: it must not block. */
  decide(call: CallRequest): Destination | Decline
}
