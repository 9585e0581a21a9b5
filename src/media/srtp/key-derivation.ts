import { createCipheriv } from 'node:crypto'
import { cryptoSuites, type SrtpMasterKey } from '../../base/encryption.ts'

/** The keys of one direction for RTP or for RTCP. */
export interface SessionKeys {
  readonly cipherKey: Buffer
  /** 14 bytes in counter mode, 12 for AEAD. */
  readonly salt: Buffer
  /** 20 bytes for HMAC-SHA1; empty for AEAD, which needs none. */
  readonly authenticationKey: Buffer
}

/** Label of RFC 3711 §4.3.2; those of RTCP are 3 higher. */
const labels = { cipherKey: 0, authenticationKey: 1, salt: 2 } as const

/**
 * Derives one session key: the master key's AES counter mode keystream, from the salt with the label in byte 7
 * (RFC 3711 §4.3.1 and §4.3.3; RFC 6188 §3 for longer keys). The key derivation rate is 0, as RFC 4568 has it by
 * default, so each key is derived once. A salt of 12 bytes is padded with zeros (RFC 7714 §11).
 * @param length bytes to derive
 */
export function deriveSessionKey(key: Buffer, salt: Buffer, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16)
  salt.copy(counter)
  counter[7]! ^= label
  return createCipheriv(`aes-${key.length * 8}-ctr`, key, counter).update(Buffer.alloc(length))
}

/** Derives the session keys of one master key for RTP or RTCP. */
export function deriveSessionKeys(master: SrtpMasterKey, protocol: 'rtp' | 'rtcp'): SessionKeys {
  const { cipher, keyLength, saltLength } = cryptoSuites[master.suite]
  const first = protocol === 'rtp' ? 0 : 3
  const derive = (label: number, length: number): Buffer =>
    deriveSessionKey(master.key, master.salt, first + label, length)
  return {
    cipherKey: derive(labels.cipherKey, keyLength),
    salt: derive(labels.salt, saltLength),
    authenticationKey: cipher === 'aes-cm' ? derive(labels.authenticationKey, 20) : Buffer.alloc(0),
  }
}

/** Says whether key and salt have the lengths of their suite, and the master key identifier one that SDP can state. */
export function isUsableMasterKey(master: SrtpMasterKey): boolean {
  const { keyLength, saltLength } = cryptoSuites[master.suite]
  const mkiLength = master.mki?.length ?? 0
  return master.key.length === keyLength && master.salt.length === saltLength && mkiLength <= 128
}
