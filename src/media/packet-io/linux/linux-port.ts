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

/**
 * One socket. The sender of each datagram is asked for even where the socket is connected: what was queued before may be
 * anybody's, and must not pass for the phone's.
 */
export class LinuxPort implements PacketPort {
  readonly #system: System
  readonly #memory: PortMemory
  readonly #handler: PortHandler
  readonly #onClose: LinuxPortOptions['onClose']
  readonly #arriving: SocketAddress
  /** The last sender, and the same as others know it. */
  readonly #source: SocketAddress
  #sourceAddress: PeerAddress = { address: '', port: 0 }
  /** Who was sent to last, likewise. */
  readonly #remote: SocketAddress
  #remoteAddress: PeerAddress = { address: '', port: 0 }
  #connected = false
  #closed = false
  readonly socket: number
  readonly serial: number

  constructor({ system, memory, version, socket, serial, handler, onClose }: LinuxPortOptions) {
    this.#system = system
    this.#memory = memory
    this.#handler = handler
    this.#onClose = onClose
    this.#arriving = memory.sources[version]
    this.#source = new SocketAddress(system, version)
    this.#remote = new SocketAddress(system, version)
    this.socket = socket
    this.serial = serial
  }

  /**
   * Takes one datagram, or one error, off the socket's queue.
   * @returns false when there was none
   */
  receive(): boolean {
    const { packet, limit } = this.#memory
    const from = this.#arriving
    from.reset()
    const length = this.#system.libc.recvfrom(
      this.socket,
      this.#memory.receivePointer,
      limit,
      0,
      from.pointer,
      from.lengthPointer,
    )
    if (length < 0) {
      const errno = this.#system.errno()
      if (errno === linux.EAGAIN || errno === linux.EINTR) return false
      this.#handler.onError() // e.g. ECONNREFUSED, which an ICMP message has left
      return true
    }
    if (!from.equals(this.#source)) {
      this.#source.copy(from)
      this.#sourceAddress = from.read()
    }
    packet.length = length
    this.#handler.onPacket(packet, this.#sourceAddress)
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
    this.#connected = false
    this.#remoteAddress = { address: '', port: 0 }
    this.#remote.clear() // AF_UNSPEC
    this.#system.libc.connect(this.socket, this.#remote.pointer, this.#remote.length)
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
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
