import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { PacketBuffer, trailerRoom } from '../packet-buffer.ts'
import { Pacing } from './pacing.ts'
import {
  receiveBuffer,
  type LocalPort,
  type PacketIo,
  type PacketPort,
  type PeerAddress,
  type PortHandler,
} from './packet-io.ts'

/** Longest payload of a UDP datagram: over IPv6, 65535 less the UDP header. IPv4 takes 20 less. */
const longestDatagram = 65527

/** Packets of one turn of the event loop from which on no pause is needed: they have gathered anyhow. */
const gathered = 256
/** What is waited for in vain: the one way in which a thread of JavaScript can pause. */
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))

/**
 * The portable driver: Node's own sockets. It copies each datagram into one buffer with room behind it, where the
 * packet is worked on and sent from.
 */
export class DgramPacketIo implements PacketIo {
  /** The buffer in use; replaced while the kernel still reads from it. */
  packet = DgramPacketIo.makePacket()
  readonly #pacing: Pacing
  /** Since the turn before. */
  #packets = 0
  #gathering = false

  /** @param pause longest time in which packets gather, in milliseconds; 0 for none */
  constructor(pause: number) {
    this.#pacing = new Pacing(pause)
  }

  /** Counts a packet that was received. While there are many, turns of the event loop end with a pause, so that the next finds more. */
  count(): void {
    this.#packets++
    if (!this.#gathering) this.#gather()
  }

  readonly #gather = (): void => {
    const packets = this.#packets
    this.#packets = 0
    this.#pacing.count(packets, performance.now())
    const { pause } = this.#pacing
    this.#gathering = pause > 0
    if (!this.#gathering) return
    if (packets < gathered) Atomics.wait(nobodyWakes, 0, 0, pause)
    setImmediate(this.#gather)
  }

  static makePacket(): PacketBuffer {
    return new PacketBuffer((longestDatagram + trailerRoom + 3) & ~3)
  }

  async open({ address, port }: LocalPort, handler: PortHandler): Promise<PacketPort> {
    const socket = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      ipv6Only: isIPv6(address),
      recvBufferSize: receiveBuffer,
      // addresses are literals: dgram would take a turn of the event loop for each datagram to find that out
      lookup: literalLookup,
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    }).catch((error: unknown) => {
      socket.close()
      throw error
    })
    return new DgramPacketPort(this, socket, handler)
  }
}

class DgramPacketPort implements PacketPort {
  readonly #io: DgramPacketIo
  readonly #socket: Socket
  readonly #afterSend: (error: Error | null) => void
  #connected = false
  #closed = false

  constructor(io: DgramPacketIo, socket: Socket, handler: PortHandler) {
    this.#io = io
    this.#socket = socket
    this.#afterSend = (error) => {
      if (error !== null) handler.onError()
    }
    socket.on('error', () => handler.onError()) // e.g. ECONNREFUSED on a connected socket
    socket.on('message', (datagram, source) => {
      io.packet.load(datagram)
      handler.onPacket(io.packet, source)
      io.count()
    })
  }

  send(packet: PacketBuffer, remote: PeerAddress): void {
    if (this.#closed) return
    if (this.#connected) this.#socket.send(packet.bytes, 0, packet.length, this.#afterSend)
    else this.#socket.send(packet.bytes, 0, packet.length, remote.port, remote.address, this.#afterSend)
    // libuv sends at once unless the socket's buffer is full; then it reads the memory later
    if (this.#socket.getSendQueueSize() > 0 && packet === this.#io.packet) this.#io.packet = DgramPacketIo.makePacket()
  }

  connect(remote: PeerAddress): void {
    if (this.#closed || this.#connected) return
    this.#socket.connect(remote.port, remote.address)
    this.#connected = isConnected(this.#socket)
  }

  disconnect(): void {
    if (this.#closed || !this.#connected) return
    this.#connected = false
    this.#socket.disconnect()
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    return new Promise((resolve) => this.#socket.close(resolve))
  }
}

/** Whether `connect`, which only reports later, has worked: `send` must be called accordingly from this moment on. */
function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress()
    return true
  } catch {
    return false // the only way in which dgram says so
  }
}

/** Gives an IP literal back in the same turn; dgram calls it with the family or with options. */
function literalLookup(
  hostname: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6(hostname) ? 6 : 4)
}
