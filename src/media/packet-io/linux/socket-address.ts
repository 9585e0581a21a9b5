import { isIP, SocketAddress as NodeAddress } from 'node:net'
import { networkInterfaces } from 'node:os'
import { addressBytes } from '../../ice/address-bytes.ts'
import { type PeerAddress } from '../packet-io.ts'
import { linux, type System } from './libc.ts'
import { type NumberedMemory } from '../../native-memory.ts'

/** sizeof (struct sockaddr_in) and (struct sockaddr_in6) */
const lengths = { 4: 16, 6: 28 } as const
/** Where the length of an address that the kernel writes lies, a socklen_t. */
const lengthAt = 28

/** One `struct sockaddr_in` or `sockaddr_in6`, and a `socklen_t` behind it, in memory that native code may use. */
export class SocketAddress {
  readonly #memory: NumberedMemory
  readonly #words: Int32Array
  readonly #version: 4 | 6
  /** Bytes of the address for this family. */
  readonly length: number

  /** @param version of IP */
  constructor(system: System, version: 4 | 6) {
    this.#memory = system.memory(lengthAt + 4)
    this.#words = new Int32Array(this.#memory.bytes.buffer)
    this.#version = version
    this.length = lengths[version]
    this.reset()
  }

  get pointer(): number {
    return this.#memory.at(0, this.length)
  }

  get lengthPointer(): number {
    return this.#memory.at(lengthAt, 4)
  }

  /** Says how much the kernel may write: it must be said before each time. */
  reset(): void {
    this.#words[lengthAt >> 2] = this.length
  }

  /** Whether the same is written in both; all that the kernel says of a sender counts. */
  equals(other: SocketAddress): boolean {
    for (let i = 0; i < this.length >> 2; i++) if (this.#words[i] !== other.#words[i]) return false
    return true
  }

  copy(other: SocketAddress): void {
    this.#words.set(other.#words)
  }

  /** Writes "no address", by which a socket is disconnected. */
  clear(): void {
    this.#memory.bytes.fill(0, 0, this.length)
  }

  /**
   * Writes an address.
   * @returns false when it is none of this version, or the port is none
   */
  write({ address, port }: PeerAddress): boolean {
    if (isIP(address) !== this.#version || (port & 0xffff) !== port) return false
    this.clear()
    const { bytes } = this.#memory
    const view = Buffer.from(bytes.buffer)
    view.writeUInt16LE(this.#version === 6 ? linux.AF_INET6 : linux.AF_INET, 0)
    view.writeUInt16BE(port, 2)
    bytes.set(addressBytes(address), this.#version === 6 ? 8 : 4)
    const zone = address.split('%', 2)[1]
    if (zone !== undefined) view.writeUInt32LE(zoneNumber(zone), 24)
    return true
  }

  /** The address in the form that Node's own sockets give. */
  read(): PeerAddress {
    const view = Buffer.from(this.#memory.bytes.buffer)
    const port = view.readUInt16BE(2)
    if (this.#version === 4) return { address: view.subarray(4, 8).join('.'), port }
    const groups = Array.from({ length: 8 }, (_, i) => view.readUInt16BE(8 + 2 * i).toString(16))
    const { address } = new NodeAddress({ address: groups.join(':'), family: 'ipv6' })
    const zone = view.readUInt32LE(24)
    return { address: zone === 0 ? address : `${address}%${zoneName(zone)}`, port }
  }
}

/** A zone of link-local addresses (RFC 4007) is an interface, by its name or number. */
function zoneNumber(zone: string): number {
  const found = networkInterfaces()[zone]?.find((one) => one.family === 'IPv6' && one.scopeid !== 0)
  const number = found?.family === 'IPv6' ? found.scopeid : Number(zone)
  return Number.isInteger(number) && number > 0 && number < 2 ** 31 ? number : 0
}

function zoneName(number: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    if (addresses?.some((one) => one.family === 'IPv6' && one.scopeid === number) === true) return name
  return String(number)
}
