import { type SipUri } from '../../src/sip/message/uri.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'

/** A binding with all that the registrar must know of it. */
export interface StoredBinding {
  /** The URI of Contact, as written. */
  readonly contact: string
  /** The values of Path, the first to be visited first (RFC 3327 §5.3). */
  readonly path: readonly string[]
  /** 0 to 1. */
  readonly q: number
  readonly uri: SipUri
  /** The parameters of Contact as they came, `expires` left out, each with its semicolon. */
  readonly params: string
  /** `+sip.instance` without quotes and angle brackets (RFC 5626 §4.1). */
  readonly instance?: string
  /** `reg-id` (RFC 5626 §4.2). */
  readonly regId?: number
  /** Requests go over the flow and nowhere else: it ends with it (RFC 5626 §6). */
  readonly flowBound: boolean
  readonly callId: string
  readonly cseq: number
  /** On the registrar's clock, milliseconds. */
  readonly expiresAt: number
  /** What the registration came over, when nobody stood between. */
  readonly flow?: Flow
}
