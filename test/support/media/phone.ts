import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { type SrtpMasterKey } from '../../../src/base/encryption.ts'
import {
  type EndpointDescription,
  type LocalEndpoint,
  type MediaDirection,
} from '../../../src/base/endpoint-description.ts'
import { NaiveSrtp } from './naive-srtp.ts'

/** A UDP socket that keeps what it receives until somebody asks. */
export class Line {
  readonly #socket: Socket
  readonly #arrived: Buffer[] = []
  #waiting: ((datagram: Buffer) => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.unref() // a test that failed must not keep its file from ending
    socket.on('message', (datagram) => {
      if (this.#waiting === undefined) this.#arrived.push(datagram)
      else this.#waiting(datagram)
      this.#waiting = undefined
    })
  }

  static async open(address = '127.0.0.1'): Promise<Line> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    return new Line(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(datagram: Buffer, port: number, address = '127.0.0.1'): void {
    this.#socket.send(datagram, port, address)
  }

  /** The next datagram; waits 3 s for it. */
  async receive(): Promise<Buffer> {
    const first = this.#arrived.shift()
    if (first !== undefined) return first
    let timer: NodeJS.Timeout | undefined
    const arrived = new Promise<Buffer>((resolve, reject) => {
      this.#waiting = resolve
      timer = setTimeout(() => reject(new Error('nothing arrived')), 3000)
    })
    return arrived.finally(() => clearTimeout(timer))
  }

  /** What arrived and was not asked for. */
  get unread(): readonly Buffer[] {
    return this.#arrived
  }

  close(): void {
    this.#socket.close()
  }
}

/** Keys of a secured phone, named as the phone sees them. */
export interface PhoneKeys {
  readonly own: SrtpMasterKey
  readonly servers: SrtpMasterKey
}

/**
 * A phone of a test: RTP and RTCP sockets and, when it has keys, SRTP by the independent implementation. It is given
 * plain packets and gives back plain packets.
 */
export class Phone {
  readonly rtp: Line
  readonly rtcp: Line
  readonly #address: string
  readonly #keys: PhoneKeys | undefined
  #server: LocalEndpoint | undefined
  #rtcpIndex = 0

  constructor(address: string, rtp: Line, rtcp: Line, keys?: PhoneKeys) {
    this.#address = address
    this.rtp = rtp
    this.rtcp = rtcp
    this.#keys = keys
  }

  static async open(keys?: PhoneKeys, address = '127.0.0.1'): Promise<Phone> {
    return new Phone(address, await Line.open(address), await Line.open(address), keys)
  }

  /** Where the server receives this phone's media. */
  dial(server: LocalEndpoint): void {
    this.#server = server
  }

  get server(): LocalEndpoint {
    if (this.#server === undefined) throw new Error('the phone was not told where to send')
    return this.#server
  }

  /** The server's view of this phone. */
  description(options: { direction?: MediaDirection; rtcpMux?: boolean } = {}): EndpointDescription {
    const remote = { address: this.#address, rtpPort: this.rtp.port, rtcpPort: this.rtcp.port }
    const { direction = 'sendrecv', rtcpMux = false } = options
    if (this.#keys === undefined) return { remote, rtcpMux, direction, protection: { mode: 'none' } }
    const { own, servers } = this.#keys
    return { remote, rtcpMux, direction, protection: { mode: 'sdes', send: servers, receive: own } }
  }

  /** A plain RTP packet as this phone puts it on the wire. */
  onWire(plain: Buffer, rollOver = 0): Buffer {
    return this.#keys === undefined ? plain : new NaiveSrtp(this.#keys.own).protectRtp(plain, rollOver)
  }

  sendRtp(plain: Buffer, rollOver = 0): void {
    this.rtp.send(this.onWire(plain, rollOver), this.server.rtpPort, this.server.address)
  }

  async receiveRtp(rollOver = 0): Promise<Buffer> {
    const datagram = await this.rtp.receive()
    return this.#keys === undefined ? datagram : new NaiveSrtp(this.#keys.servers).unprotectRtp(datagram, rollOver)
  }

  /** @param mux over the RTP port */
  sendRtcp(plain: Buffer, mux = false): void {
    const datagram =
      this.#keys === undefined ? plain : new NaiveSrtp(this.#keys.own).protectRtcp(plain, ++this.#rtcpIndex)
    if (mux) this.rtp.send(datagram, this.server.rtpPort, this.server.address)
    else this.rtcp.send(datagram, this.server.rtcpPort, this.server.address)
  }

  async receiveRtcp(mux = false): Promise<Buffer> {
    const datagram = await (mux ? this.rtp : this.rtcp).receive()
    return this.#keys === undefined ? datagram : new NaiveSrtp(this.#keys.servers).unprotectRtcp(datagram)
  }

  close(): void {
    this.rtp.close()
    this.rtcp.close()
  }
}
