import { isIPv6 } from 'node:net'
import { type DescriptorLedger } from '../descriptor-ledger.ts'
import { receiveBuffer, type LocalPort, type PacketIo, type PortHandler } from '../packet-io.ts'
import { EpollSet } from './epoll-set.ts'
import { linuxSystem, linux, systemError, type System } from './libc.ts'
import { type NumberedMemory } from '../../native-memory.ts'
import { LinuxPort } from './linux-port.ts'
import { PacketLoop } from './packet-loop.ts'
import { PortMemory } from './port-memory.ts'
import { SocketAddress } from './socket-address.ts'

/** What the driver can be told. */
export interface LinuxPacketIoOptions {
  /** Longest pause between two looks at the sockets, in milliseconds; 0 for none. */
  readonly pause: number
  /** Where it notes its descriptors. */
  readonly ledger: DescriptorLedger
}

/**
 * The driver of Linux: its own loop over libc's socket calls, on the thread that opens the ports. Nothing is allocated
 * for a packet.
 */
export class LinuxPacketIo implements PacketIo {
  readonly #system: System
  readonly #ledger: DescriptorLedger
  readonly #memory: PortMemory
  readonly #loop: PacketLoop
  /** Where a socket option's value stands while it is set. */
  readonly #option: NumberedMemory
  readonly #optionValue: Int32Array
  readonly #ports = new Map<number, LinuxPort>()
  /** There while there are ports. */
  #epoll: EpollSet | undefined
  #serial = 0
  called = false

  /** @throws MediaError `MEDIA_LINUX_UNAVAILABLE` when the system is another one, or something is missing */
  constructor({ pause, ledger }: LinuxPacketIoOptions) {
    this.#system = linuxSystem()
    this.#ledger = ledger
    this.#memory = new PortMemory(this.#system)
    this.#option = this.#system.memory(4)
    this.#optionValue = new Int32Array(this.#option.bytes.buffer)
    this.#loop = new PacketLoop(this, pause)
  }

  open(local: LocalPort, handler: PortHandler): Promise<LinuxPort> {
    return new Promise((resolve) => resolve(this.#open(local, handler)))
  }

  #open(local: LocalPort, handler: PortHandler): LinuxPort {
    const version = isIPv6(local.address) ? 6 : 4
    const socket = this.#bind(version, local)
    try {
      this.#epoll ??= this.#makeEpoll()
      const serial = (this.#serial = (this.#serial + 1) | 0)
      this.#epoll.add(socket, serial)
      const opened = new LinuxPort({
        ...{ system: this.#system, memory: this.#memory, version, socket, serial, handler },
        onClose: (closed) => this.#forget(closed),
      })
      this.#ports.set(socket, opened)
      this.#loop.start()
      return opened
    } catch (error) {
      this.#close(socket)
      throw error
    }
  }

  /** One look at the sockets, and one datagram of each that has some. */
  poll(timeout: number): number {
    const epoll = this.#epoll
    if (epoll === undefined) return 0
    const ready = epoll.wait(timeout)
    const before = this.called
    this.called = false
    for (let i = 0; i < ready; i++) if (epoll.socket(i) === this.#system.eventLoop) this.called = true
    // what was said before a packet came holds for it, e.g. new keys; but no two times in a row: packets have their turn
    if (this.called && !before) return 0
    for (let i = 0; i < ready; i++) {
      const port = this.#ports.get(epoll.socket(i))
      // it may have been closed since the kernel told of it, and its number be another one's
      if (port?.serial === epoll.serial(i)) port.receive()
    }
    return this.called ? ready - 1 : ready
  }

  sleep(milliseconds: number): void {
    this.#system.libc.usleep(Math.round(milliseconds * 1000))
  }

  #bind(version: 4 | 6, local: LocalPort): number {
    const { libc } = this.#system
    const family = version === 6 ? linux.AF_INET6 : linux.AF_INET
    const socket = libc.socket(family, linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC, 0)
    if (socket < 0) throw systemError(this.#system, 'socket')
    this.#ledger.add(socket)
    const address = new SocketAddress(this.#system, version)
    if (version === 6) this.#set(socket, linux.IPPROTO_IPV6, linux.IPV6_V6ONLY, 1)
    const { dscp = 0 } = local
    if (dscp !== 0 && version === 6) this.#set(socket, linux.IPPROTO_IPV6, linux.IPV6_TCLASS, dscp << 2)
    if (dscp !== 0 && version === 4) this.#set(socket, linux.IPPROTO_IP, linux.IP_TOS, dscp << 2)
    this.#set(socket, linux.SOL_SOCKET, linux.SO_RCVBUF, receiveBuffer)
    if (address.write(local) && libc.bind(socket, address.pointer, address.length) === 0) return socket
    const error = systemError(this.#system, 'bind')
    this.#close(socket)
    throw error
  }

  #set(socket: number, level: number, option: number, value: number): void {
    this.#optionValue[0] = value
    this.#system.libc.setsockopt(socket, level, option, this.#option.at(0, 4), 4)
  }

  #forget(port: LinuxPort): void {
    this.#close(port.socket)
    this.#ports.delete(port.socket)
    if (this.#ports.size > 0 || this.#epoll === undefined) return
    this.#loop.stop()
    this.#close(this.#epoll.descriptor)
    this.#epoll = undefined
  }

  #makeEpoll(): EpollSet {
    const epoll = new EpollSet(this.#system)
    this.#ledger.add(epoll.descriptor)
    epoll.addEventLoop()
    return epoll
  }

  #close(descriptor: number): void {
    this.#ledger.remove(descriptor)
    this.#system.libc.close(descriptor)
  }
}
