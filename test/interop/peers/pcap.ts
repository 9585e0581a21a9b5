import { readFileSync } from 'node:fs'

/** One UDP datagram or TCP segment of a capture. */
export interface CapturedPacket {
  /** Seconds since 1970. */
  readonly time: number
  readonly protocol: 'udp' | 'tcp'
  /** address:port */
  readonly source: string
  readonly destination: string
  /** TCP sequence number of the first byte of `data`; 0 for UDP. */
  readonly sequence: number
  /** TCP: this segment opens the connection, its data begins at `sequence` + 1. */
  readonly opens: boolean
  readonly data: Buffer
}

/** Link-layer header length by pcap link type: Ethernet, Linux cooked v1 and v2, raw IP. */
const linkHeader: Readonly<Record<number, number>> = { 1: 14, 113: 16, 276: 20, 101: 0, 12: 0 }

/** The IPv4 UDP and TCP packets of a classic pcap file of this machine, in order. Fragments are left out. */
export function* packets(file: string): Generator<CapturedPacket> {
  const bytes = readFileSync(file)
  if (bytes.length < 24) return
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error(`${file}: not a little-endian pcap with microseconds`)
  const linkType = bytes.readUInt32LE(20)
  const skip = linkHeader[linkType]
  if (skip === undefined) throw new Error(`${file}: unknown link type ${linkType}`)
  for (let at = 24; at + 16 <= bytes.length;) {
    const time = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6
    const length = bytes.readUInt32LE(at + 8)
    const end = at + 16 + length
    if (end > bytes.length) return // the file is still growing
    const packet = decode(time, bytes.subarray(at + 16 + skip, end))
    if (packet) yield packet
    at = end
  }
}

function decode(time: number, ip: Buffer): CapturedPacket | undefined {
  if (ip.length < 28 || ip[0]! >> 4 !== 4 || (ip.readUInt16BE(6) & 0x1fff) !== 0) return undefined
  const header = (ip[0]! & 15) * 4
  const body = ip.subarray(header, ip.readUInt16BE(2))
  const address = (at: number): string => ip.subarray(at, at + 4).join('.')
  const source = `${address(12)}:${body.readUInt16BE(0)}`
  const destination = `${address(16)}:${body.readUInt16BE(2)}`
  switch (ip[9]) {
    case 17:
      return { time, protocol: 'udp', source, destination, sequence: 0, opens: false, data: body.subarray(8) }
    case 6:
      return {
        time,
        protocol: 'tcp',
        source,
        destination,
        sequence: body.readUInt32BE(4),
        opens: (body[13]! & 2) !== 0,
        data: body.subarray((body[12]! >> 4) * 4),
      }
    default:
      return undefined
  }
}
