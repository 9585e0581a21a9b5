import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Flow, type SocketAddress, type TransportProtocol } from '../../src/sip/transport/flow.ts'
import { addressBytes, addressText } from './address-bytes.ts'

/** Order of the protocols in a token's first byte: only ever added to, so that tokens outlive an update. */
const protocols: readonly TransportProtocol[] = ['udp', 'tcp', 'tls', 'ws', 'wss']
const ipv6Flag = 0x80
/** Bytes of the MAC: RFC 5626 §5.2 asks for 80 bits. */
const macLength = 10
/** Bytes of the MAC, protocol, and two IPv4 addresses with ports: the shortest token. */
const shortest = macLength + 1 + 2 * 6
const longest = macLength + 1 + 2 * 18
/** Tokens of datagram flows that are kept ready, and tokens that are known to be genuine. */
const mostCached = 20_000

/** The two ends of a flow, as a token names them. */
export interface FlowEnds {
  readonly protocol: TransportProtocol
  readonly local: SocketAddress
  readonly remote: SocketAddress
}

/**
 * Flow tokens (RFC 5626 §5.2): the user part of our own Path and Record-Route URIs, which says over which flow a phone is
 * reached. Layout before base64url: 10 bytes of HMAC-SHA-256 over the rest; one byte of protocol, with 0x80 for IPv6; then
 * address (4 or 16 bytes) and port (2, big-endian) of this end, and of the other. Made with the same secret a token is
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
    const known = this.#genuine.get(token)
    if (known !== undefined) return known
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length < shortest || bytes.length > longest) return undefined
    const written = bytes.toString('base64url')
    if (written !== token) return undefined
    const payload = bytes.subarray(macLength)
    if (!timingSafeEqual(this.#mac(payload), bytes.subarray(0, macLength))) return undefined
    const length = (payload[0]! & ipv6Flag) === 0 ? 4 : 16
    const protocol = protocols[payload[0]! & ~ipv6Flag]
    if (protocol === undefined) return undefined
    const ends = { protocol, local: readEnd(payload, 1, length), remote: readEnd(payload, 3 + length, length) }
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

  #make({ protocol, local, remote }: Flow): string {
    const [here, there] = [addressBytes(local.host), addressBytes(remote.host)]
    const first = protocols.indexOf(protocol) | (here.length === 16 ? ipv6Flag : 0)
    const payload = Buffer.from([first, ...here, ...portBytes(local.port), ...there, ...portBytes(remote.port)])
    return Buffer.concat([this.#mac(payload), payload]).toString('base64url')
  }

  #mac(payload: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(payload).digest().subarray(0, macLength)
  }
}

function portBytes(port: number): [number, number] {
  return [port >> 8, port & 0xff]
}

function readEnd(payload: Buffer, at: number, length: number): SocketAddress {
  return { host: addressText(payload.subarray(at, at + length)), port: payload.readUInt16BE(at + length) }
}
