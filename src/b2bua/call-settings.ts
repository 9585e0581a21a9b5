import { type ClearBeforeZrtp } from '../base/endpoint-description.ts'
import { type CryptoSuite } from '../base/encryption.ts'
import { type HeaderPolicy } from '../base/header-policy.ts'
import { type Fingerprint } from '../base/fingerprint.ts'
import { type CodecRestriction } from '../sdp/restrict-codecs.ts'
import { type SessionOptions } from '../media/media-engine.ts'
import { type AdmissionLimits } from './call-admission.ts'

/** What the configuration says about a call; taken once when the call begins, so that a reload never changes its mind. */
export interface CallSettings {
  /** `max-calls`: an INVITE beyond gets 486. */
  readonly maxCalls: number
  /** Beyond these an INVITE gets 503. */
  readonly admission: AdmissionLimits
  /** Milliseconds from the answer until the call is ended; 0 for no limit. */
  readonly maxDuration: number
  /** Milliseconds that a call may ring (reference: b2bua-server §1, fixed at 240 s). */
  readonly unansweredTimeout: number
  /** `follow-redirects`: who redirects a call is believed, once. */
  readonly followRedirects: boolean
  /** `header-policy`. */
  readonly headerPolicy: HeaderPolicy
  /** `audio-codec` and `video-codec`. */
  readonly codecs: CodecRestriction
  /** Crypto suites of an offer that this server makes to leg A, which only an offerless INVITE needs. */
  readonly suites: readonly CryptoSuite[]
  /** Addresses, ports and no-rtp-timeout of the call's media. */
  readonly media: Omit<SessionOptions, 'onNoRtp' | 'onKeyExchange' | 'onDtmf' | 'onFailure'>
  /** Of this server's certificate; absent where DTLS-SRTP is not possible. */
  readonly fingerprint?: Fingerprint
  /** Absent where ZRTP is not possible. */
  readonly zrtp?: {
    /** The value of `a=zrtp-hash` for the Hello of a stream. */
    readonly hash: (seed: Buffer) => string
    /** `zrtp-unanswered=clear`: what legs of ZRTP do with a phone that speaks none. */
    readonly clear: Exclude<ClearBeforeZrtp, 'until-keyed'>
    /** `zrtp-opportunistic`: legs without encryption take ZRTP from a phone that begins it. */
    readonly opportunistic: boolean
  }
  /** `enable-ice`, with the `nat-addresses`; absent: ICE is not done. */
  readonly ice?: { readonly addresses: readonly string[] }
}
