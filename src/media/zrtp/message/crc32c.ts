/** The table of CRC-32C (RFC 9260, appendix A), bits reversed. */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0x82f63b78
  return value
})

/** CRC-32C as ZRTP puts it on the wire: as SCTP does, with its bytes swapped (RFC 6189 §5, RFC 3309). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  const value = (crc ^ 0xffffffff) >>> 0
  return ((value << 24) | ((value << 8) & 0xff0000) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
