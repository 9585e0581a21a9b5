/** Record and handshake headers in front of a ClientHello's body (RFC 6347 §4.1, §4.2.2). */
const recordHeader = 13
const handshakeHeader = 12
/** client_version, in front of the random. */
const versionLength = 2
const randomLength = 32

const handshakeRecord = 22
const clientHello = 1

/**
 * The random of the ClientHello that a datagram begins with (RFC 5246 §7.4.1.2); `undefined` for every other datagram, the
 * later fragments of a ClientHello included. The ClientHello with the cookie repeats the random of the one without.
 */
export function clientRandom(datagram: Uint8Array): Buffer | undefined {
  const start = recordHeader + handshakeHeader + versionLength
  if (datagram.length < start + randomLength) return undefined
  if (datagram[0] !== handshakeRecord || datagram[recordHeader] !== clientHello) return undefined
  // fragment_offset, 3 bytes behind type, length and message_seq
  const offset = recordHeader + 6
  if ((datagram[offset]! | datagram[offset + 1]! | datagram[offset + 2]!) !== 0) return undefined
  return Buffer.from(datagram.subarray(start, start + randomLength))
}
