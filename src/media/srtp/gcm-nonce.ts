/** Bytes of a nonce of AES-GCM in SRTP, and of its salt. */
export const gcmNonceLength = 12

/** A salt as three words, signed integers, which lie in an object themselves, unlike the bytes of a view. */
export interface GcmSalt {
  readonly word0: number
  readonly word1: number
  readonly word2: number
}

/** @param salt 12 bytes */
export function gcmSalt(salt: Buffer): GcmSalt {
  return { word0: salt.readInt32BE(0), word1: salt.readInt32BE(4), word2: salt.readInt32BE(8) }
}

/**
 * `0^16 | SSRC | 48-bit index` XOR salt: the index of RTP is ROC and SEQ, that of RTCP has 31 bits (RFC 7714 §8.1, §9.1).
 * @param nonce where its 12 bytes are written, from 0
 */
export function writeGcmNonce(nonce: DataView, salt: GcmSalt, ssrc: number, index: number): void {
  nonce.setInt32(0, salt.word0 ^ (ssrc >>> 16))
  nonce.setInt32(4, salt.word1 ^ (((ssrc & 0xffff) << 16) | Math.floor(index / 2 ** 32)))
  nonce.setInt32(8, salt.word2 ^ (index % 2 ** 32))
}
