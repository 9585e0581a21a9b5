import { type CryptoSuite, type EncryptionMode, type SrtpMasterKey } from '../base/encryption.ts'
import { type Direction, type SessionDescription } from './session-description.ts'

/** Where this server receives one m-line of one leg. */
export interface LocalEndpoint {
  /** IP literal without brackets. */
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
}

/** Where the phone of a leg receives one m-line. */
export interface RemoteEndpoint {
  /** As the phone wrote it: mostly an IP literal, but a name is possible. `0.0.0.0` and `::` mean hold. */
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
}

/** How the packets of one m-line of one leg are protected. */
export type Protection =
  { readonly mode: 'none' } | { readonly mode: 'sdes'; readonly send: SrtpMasterKey; readonly receive?: SrtpMasterKey }

/** What media must know of one m-line of one leg. */
export interface EndpointDescription {
  /** Absent until the phone's description is known. */
  readonly remote?: RemoteEndpoint
  readonly rtcpMux: boolean
  /** The direction that this server's own description states on this leg. */
  readonly direction: Direction
  readonly protection: Protection
}

export interface LegDescriptionsOptions {
  readonly mode: EncryptionMode
  /** What this server offers on the leg when its mode is SDES, in order. */
  readonly suites: readonly CryptoSuite[]
  /** Source of keys and of the session id. Default: that of `node:crypto`. */
  readonly randomBytes?: (size: number) => Buffer
  /** User of the o= line. Default `-`. */
  readonly username?: string
}

/** The offer/answer state of one leg of a call. */
export declare class LegDescriptions {
  readonly mode: EncryptionMode
  constructor(options: LegDescriptionsOptions)
  /** @returns the offer as this leg accepts it: hand it on as the template of the other leg's offer */
  receiveOffer(offer: SessionDescription): SessionDescription
  /** @returns the answer as this leg accepts it: hand it on as the template of the other leg's answer */
  receiveAnswer(answer: SessionDescription): SessionDescription
  writeOffer(template: SessionDescription, local: readonly (LocalEndpoint | undefined)[]): Buffer
  writeAnswer(template: SessionDescription, local: readonly (LocalEndpoint | undefined)[]): Buffer
  endpoint(index: number): EndpointDescription | undefined
  rollback(): void
}
