import { type CryptoSuite, type SrtpMasterKey } from '../base/encryption.ts'
import { type SdpErrorCode } from './sdp-error.ts'

/** One `a=crypto` line, read in full (RFC 4568 §9.1). */
export type CryptoLine =
  | { readonly usable: true; readonly tag: number; readonly suite: CryptoSuite; readonly key: SrtpMasterKey }
  | {
      readonly usable: false
      /** Absent when not even the tag can be read. */
      readonly tag?: number
      /** As written; absent when the line ends before it. */
      readonly suite?: string
      readonly code: SdpErrorCode
      /** Why it cannot be used. Never holds the key. */
      readonly why: string
    }
