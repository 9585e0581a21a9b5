import { isIP, SocketAddress } from 'node:net'
import { type PeerAddress } from '../packet-io/packet-io.ts'
import { addressBytes } from './address-bytes.ts'

/** Where the magic cookie and the transaction identifier begin, with which addresses are masked (RFC 8489 §14.2). */
const maskAt = 4

/**
 * Writes the value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
 * @param bytes a message whose first 20 bytes are its header
 * @param at where the value begins
 * @returns bytes written: 8 for IPv4, 20 for IPv6, 0 when the address is no IP literal. IPv4 as a socket of both families
 *   prints it (`::ffff:192.0.2.1`) is IPv4, because that is what the peer knows of itself.
 */
export function writeXorAddress(bytes: Uint8Array, at: number, { address, port }: PeerAddress): number {
  const ipv4 = /^::ffff:(?=\d+\.)/i.test(address) ? address.slice(7) : address
  const version = isIP(ipv4)
  if (version === 0) return 0
  const length = version === 4 ? 8 : 20
  bytes[at] = 0
  bytes[at + 1] = version === 4 ? 1 : 2
  bytes[at + 2] = port >> 8
  bytes[at + 3] = port
  bytes.set(addressBytes(ipv4), at + 4)
  for (let i = 0; i < 2; i++) bytes[at + 2 + i]! ^= bytes[maskAt + i]!
  for (let i = 4; i < length; i++) bytes[at + i]! ^= bytes[maskAt + i - 4]!
  return length
}

/**
 * Reads the value of XOR-MAPPED-ADDRESS.
 * @param header of the message that it stands in
 * @returns undefined when it is neither IPv4 nor IPv6, or too short
 */
export function readXorAddress(value: Uint8Array, header: Uint8Array): PeerAddress | undefined {
  const version = value[1] === 1 ? 4 : 6
  if (value.length !== (version === 4 ? 8 : 20) || value[1]! > 2) return undefined
  const port = ((value[2]! ^ header[maskAt]!) << 8) | (value[3]! ^ header[maskAt + 1]!)
  const plain = Array.from(value.subarray(4), (byte, i) => byte ^ header[maskAt + i]!)
  if (version === 4) return { address: plain.join('.'), port }
  const groups = Array.from({ length: 8 }, (_, i) => ((plain[2 * i]! << 8) | plain[2 * i + 1]!).toString(16))
  return { address: new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address, port }
}
