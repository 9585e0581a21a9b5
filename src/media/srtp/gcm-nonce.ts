/** Bytes of a nonce of AES-GCM in SRTP, and of its salt. */
export const gcmNonceLength = 12

/**
 * `0^16 | SSRC | 48-bit index` XOR salt: the index of RTP is ROC and SEQ, that of RTCP has 31 bits (RFC 7714 §8.1, §9.1).
 * @param nonce where its 12 bytes are written, from 0
 */
export function writeGcmNonce(nonce: DataView, salt: DataView, ssrc: number, index: number): void {
  nonce.setUint32(0, salt.getUint32(0) ^ (ssrc >>> 16))
  nonce.setUint32(4, salt.getUint32(4) ^ (((ssrc & 0xffff) << 16) | Math.floor(index / 2 ** 32)))
  nonce.setUint32(8, salt.getUint32(8) ^ (index % 2 ** 32))
}

/** A copy of `bytes` to read words from. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(Uint8Array.from(bytes).buffer)
}
