/** Nothing but CR, LF and NUL: what phones send to keep a NAT's binding (RFC 5626 §3.5.1 and before it). */
export function isKeepAlive(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte !== 0x0d && byte !== 0x0a && byte !== 0) return false
  }
  return true
}
