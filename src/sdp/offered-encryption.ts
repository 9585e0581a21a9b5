import { type EncryptionMode } from '../base/encryption.ts'
import { type SessionDescription } from './session-description.ts'

/**
 * The encryption mode of a leg whose peer sent this offer: the strongest that any live m-line of an RTP profile has,
 * ZRTP before DTLS-SRTP before SDES before none (reference: b2bua-server §9). `a=crypto`, `a=fingerprint` and
 * `a=zrtp-hash` count in RTP/AVP too (RFC 8643).
 */
export declare function offeredEncryption(offer: SessionDescription): EncryptionMode
