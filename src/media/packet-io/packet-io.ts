import { type PacketBuffer } from '../packet-buffer.ts'

/** Bytes that a port's socket may queue (SO_RCVBUF), halved: Linux doubles it, and cuts it at net.core.rmem_max. */
export const receiveBuffer = 262_144

/** Address and port of a datagram's sender or receiver; IP literal in the form that the operating system prints. */
export interface PeerAddress {
  readonly address: string
  readonly port: number
}

/** Who is told what happens on a port. Neither function may throw. */
export interface PortHandler {
  /**
   * A datagram arrived.
   * @param packet lent until the function returns; it may be changed and sent on
   * @param source valid until the function returns
   */
  onPacket(packet: PacketBuffer, source: PeerAddress): void
  /** The operating system refused or bounced a datagram (ICMP, full buffers); never an error of the call. */
  onError(): void
}

/** One bound UDP port. */
export interface PacketPort {
  /** Sends the packet; its memory is the caller's again when the function returns. */
  send(packet: PacketBuffer, remote: PeerAddress): void
  /**
   * Tells the kernel that this port talks to `remote` only: others are dropped there, and sending gets cheaper. `send`
   * must be given the same remote from then on. What was queued before may still come from others.
   */
  connect(remote: PeerAddress): void
  /** Undoes {@link connect}; harmless when not connected. */
  disconnect(): void
  close(): Promise<void>
}

/** A port to open. */
export interface LocalPort {
  /** IP literal to bind, IPv4 or IPv6 without brackets. */
  readonly address: string
  readonly port: number
  /** Differentiated services code point of what is sent, 0 to 63; a driver that cannot set it does without. Default: 0. */
  readonly dscp?: number
}

/** A driver for UDP sockets of one thread. */
export interface PacketIo {
  /**
   * Binds a port.
   * @throws (rejects) the operating system's error with its `code`, e.g. `EADDRINUSE`
   */
  open(local: LocalPort, handler: PortHandler): Promise<PacketPort>
}
