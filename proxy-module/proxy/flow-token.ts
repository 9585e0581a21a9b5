import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Flow, type SocketAddress, type TransportProtocol } from '../../src/sip/transport/flow.ts'
import { addressBytes, addressText } from './address-bytes.ts'

/** Order of the protocols in a token's first byte: only ever added to, so that tokens outlive an update. */
const protocols: readonly TransportProtocol[] = ['udp', 'tcp', 'tls', 'ws', 'wss']
const ipv6Flag = 0x80
/** Bytes of the MAC: RFC 5626 §5.2 asks for 80 bits. */
const macLength = 10
/** Bytes of the MAC, protocol, connection, and two IPv4 addresses with ports: the shortest token. */
const shortest = macLength + 5 + 2 * 6
const longest = macLength + 5 + 2 * 18
/** Characters of the longest in base64url. */
const longestText = Math.ceil((longest * 4) / 3)
/** Tokens of datagram flows that are kept ready, and tokens that are known to be genuine. */
const mostCached = 20_000

/** Finds the flow of exactly these ends, as long as it is there. */
export interface FlowFinder {
  existing(protocol: TransportProtocol, local: SocketAddress, remote: SocketAddress): Flow | undefined
}

/** A flow as a token names it. */
export interface FlowEnds {
  readonly protocol: TransportProtocol
  /** Which of the connections that these ends have had: a port is used again, by somebody else. 0 on UDP. */
  readonly connection: number
  readonly local: SocketAddress
  readonly remote: SocketAddress
}

/**
 * Flow tokens (RFC 5626 §5.2): the user part of our own Path and Record-Route URIs, which says over which flow a phone is
 * reached. Layout before base64url: 10 bytes of HMAC-SHA-256 over the rest; one byte of protocol, with 0x80 for IPv6; 4 of the
 * connection; then address (4 or 16 bytes) and port (2) of this end, and of the other; numbers big-endian. Made with the same secret a token is
 * good after a restart too, where its flow is: on UDP always.
 */
export class FlowTokens {
  readonly #secret: Buffer
  readonly #ofStreams = new WeakMap<Flow, string>()
  readonly #ofDatagrams = new Map<string, string>()
  /** Genuine tokens that have come back: a dialog's come with each of its messages. What others make up is not kept. */
  readonly #genuine = new Map<string, FlowEnds>()

  /** @param secret - 32 random bytes, which nobody else knows */
  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /** The token of a flow. */
  of(flow: Flow): string {
    if (!flow.reliable) return this.#ofDatagram(flow)
    const known = this.#ofStreams.get(flow)
    if (known !== undefined) return known
    const token = this.#make(flow)
    this.#ofStreams.set(flow, token)
    return token
  }

  /**
   * Reads a token.
   * @returns undefined when it is not one that was made with this secret
   */
  read(token: string): FlowEnds | undefined {
    if (token.length > longestText) return undefined
    const known = this.#genuine.get(token)
    if (known !== undefined) return known
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length < shortest) return undefined
    const written = bytes.toString('base64url')
    if (written !== token) return undefined
    const payload = bytes.subarray(macLength)
    if (!timingSafeEqual(this.#mac(payload), bytes.subarray(0, macLength))) return undefined
    const length = (payload[0]! & ipv6Flag) === 0 ? 4 : 16
    const protocol = protocols[payload[0]! & ~ipv6Flag]
    if (protocol === undefined) return undefined
    const ends: FlowEnds = {
      protocol,
      connection: payload.readUInt32BE(1),
      local: readEnd(payload, 5, length),
      remote: readEnd(payload, 7 + length, length),
    }
    if (this.#genuine.size >= mostCached) this.#genuine.clear()
    // not `token` itself: a slice of a message would keep all of it in memory
    this.#genuine.set(written, ends)
    return ends
  }

  #ofDatagram(flow: Flow): string {
    const { local, remote } = flow
    const key = `${local.host}:${local.port} ${remote.host}:${remote.port}`
    const known = this.#ofDatagrams.get(key)
    if (known !== undefined) return known
    // refilled in a moment: that is cheaper than to keep an order of use
    if (this.#ofDatagrams.size >= mostCached) this.#ofDatagrams.clear()
    const token = this.#make(flow)
    this.#ofDatagrams.set(key, token)
    return token
  }

  #make(flow: Flow): string {
    const { protocol, local, remote } = flow
    const [here, there] = [addressBytes(local.host), addressBytes(remote.host)]
    const first = protocols.indexOf(protocol) | (here.length === 16 ? ipv6Flag : 0)
    const ends = [...here, ...portBytes(local.port), ...there, ...portBytes(remote.port)]
    const payload = Buffer.from([first, 0, 0, 0, 0, ...ends])
    payload.writeUInt32BE(connectionOf(flow), 1)
    return Buffer.concat([this.#mac(payload), payload]).toString('base64url')
  }

  #mac(payload: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(payload).digest().subarray(0, macLength)
  }
}

/** Finds a flow that a token names, as long as it is there: not another one of the same ends. */
export function findFlow({ protocol, connection, local, remote }: FlowEnds, finder: FlowFinder): Flow | undefined {
  const flow = finder.existing(protocol, local, remote)
  return flow !== undefined && connectionOf(flow) === connection ? flow : undefined
}

/** 0 on UDP, where the ends are all there is. */
function connectionOf({ reliable, id }: Flow): number {
  return reliable ? id >>> 0 : 0
}

function portBytes(port: number): [number, number] {
  return [port >> 8, port & 0xff]
}

function readEnd(payload: Buffer, at: number, length: number): SocketAddress {
  return { host: addressText(payload.subarray(at, at + length)), port: payload.readUInt16BE(at + length) }
}
