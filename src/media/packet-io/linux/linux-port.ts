import { type PacketBuffer } from '../../packet-buffer.ts'
import { type PacketPort, type PeerAddress, type PortHandler } from '../packet-io.ts'
import { linux, type System } from './libc.ts'
import { type PortMemory } from './port-memory.ts'
import { SocketAddress } from './socket-address.ts'

/** What a port is made of. */
export interface LinuxPortOptions {
  readonly system: System
  readonly memory: PortMemory
  readonly version: 4 | 6
  /** Bound, does not block. */
  readonly socket: number
  /** Tells it from ports that had or will have the same socket number. */
  readonly serial: number
  readonly handler: PortHandler
  /** Closes the socket. */
  readonly onClose: (port: LinuxPort) => void
}

/** Datagrams of its peer after which a connected socket is no longer asked who has sent: a second of a voice. */
const askedFor = 50

/**
 * One socket. The sender of each datagram is asked for even where the socket is connected, for a while: what was queued
 * before may be anybody's, and must not pass for the phone's.
 */
export class LinuxPort implements PacketPort {
  // what every packet needs comes first, and so close together
  readonly socket: number
  readonly serial: number
  readonly #handler: PortHandler
  /** Connected, and what was queued before is gone: whatever comes is the peer's. */
  #sure = false
  #connected = false
  #closed = false
  #remoteAddress: PeerAddress = { address: '', port: 0 }
  readonly #system: System
  readonly #memory: PortMemory
  /** Of its peer, since it was connected. */
  #received = 0
  readonly #onClose: LinuxPortOptions['onClose']
  readonly #arriving: SocketAddress
  /** The last sender, and the same as others know it. */
  readonly #source: SocketAddress
  #sourceAddress: PeerAddress = { address: '', port: 0 }
  /** Who was sent to last, whom others know as `#remoteAddress`. */
  readonly #remote: SocketAddress

  constructor({ system, memory, version, socket, serial, handler, onClose }: LinuxPortOptions) {
    this.socket = socket
    this.serial = serial
    this.#handler = handler
    this.#system = system
    this.#memory = memory
    this.#onClose = onClose
    this.#arriving = memory.sources[version]
    this.#source = new SocketAddress(system, version)
    this.#remote = new SocketAddress(system, version)
  }

  /** Takes one datagram, or one error, off the socket's queue. */
  receive(): void {
    if (this.#sure) {
      const { libc } = this.#system
      const length = libc.recv(this.socket, this.#memory.receivePointer, this.#memory.limit, 0)
      if (length < 0) this.#refused()
      else this.#take(length, this.#remoteAddress)
      return
    }
    // from the first moment on in which nothing is queued
    if (this.#receiveFrom() && this.#received >= askedFor && !this.#receiveFrom()) this.#sure = true
  }

  /** @returns false when there was nothing */
  #receiveFrom(): boolean {
    const from = this.#arriving
    from.reset()
    const { receivePointer, limit } = this.#memory
    const { pointer, lengthPointer } = from
    const length = this.#system.libc.recvfrom(this.socket, receivePointer, limit, 0, pointer, lengthPointer)
    if (length < 0) return this.#refused()
    if (!from.equals(this.#source)) {
      this.#source.copy(from)
      this.#sourceAddress = from.read()
    }
    if (this.#connected && from.equals(this.#remote)) this.#received++
    this.#take(length, this.#sourceAddress)
    return true
  }

  #take(length: number, source: PeerAddress): void {
    const { packet } = this.#memory
    packet.length = length
    this.#handler.onPacket(packet, source)
  }

  /** @returns false when there is nothing; else there was an error, e.g. ECONNREFUSED, which an ICMP message has left */
  #refused(): boolean {
    const errno = this.#system.errno()
    if (errno === linux.EAGAIN) return false
    if (errno !== linux.EINTR) this.#handler.onError()
    return true
  }

  send(packet: PacketBuffer, remote: PeerAddress): void {
    if (this.#closed) return
    const { libc } = this.#system
    const pointer = this.#memory.pointerOf(packet)
    let sent = -1
    if (pointer !== 0) {
      if (this.#connected) sent = libc.send(this.socket, pointer, packet.length, 0)
      else if (this.#aim(remote)) {
        const { pointer: to, length } = this.#remote
        sent = libc.sendto(this.socket, pointer, packet.length, 0, to, length)
      }
    }
    // nothing waits for room in a full queue: a packet of media that comes late is of no use
    if (sent < 0) this.#handler.onError()
  }

  connect(remote: PeerAddress): void {
    if (this.#closed || this.#connected) return
    const { pointer, length } = this.#remote
    this.#connected = this.#aim(remote) && this.#system.libc.connect(this.socket, pointer, length) === 0
    if (!this.#connected) this.#handler.onError()
  }

  disconnect(): void {
    if (this.#closed || !this.#connected) return
    this.#connected = this.#sure = false
    this.#received = 0
    this.#remoteAddress = { address: '', port: 0 }
    this.#remote.clear() // AF_UNSPEC
    this.#system.libc.connect(this.socket, this.#remote.pointer, this.#remote.length)
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#received = 0 // nothing more is read: its number may be another socket's by now
      this.#sure = false
      this.#onClose(this)
    }
    return Promise.resolve()
  }

  /** Has the kernel's form of an address at hand. */
  #aim({ address, port }: PeerAddress): boolean {
    const last = this.#remoteAddress
    if (port === last.port && address === last.address) return true
    if (!this.#remote.write({ address, port })) return false
    this.#remoteAddress = { address, port }
    return true
  }
}
