import { MediaError } from '../media-error.ts'
import { DgramPacketIo } from './dgram-packet-io.ts'
import { type DescriptorLedger } from './descriptor-ledger.ts'
import { LinuxPacketIo } from './linux/linux-packet-io.ts'
import { type PacketIo } from './packet-io.ts'

/** Which driver a media worker is to have: `auto` is that of Linux where it runs, which the other replaces elsewhere. */
export type PacketIoDriver = 'auto' | 'linux' | 'dgram'

/** What there is to say about packet-io. */
export interface PacketIoSettings {
  readonly driver: PacketIoDriver
  /** Longest pause in which packets gather, in milliseconds; 0 for none. */
  readonly pause: number
}

/** What holds when nothing is said. */
export const defaultPacketIo: PacketIoSettings = { driver: 'auto', pause: 1 }

/**
 * Makes the driver of this thread.
 * @param ledger of the descriptors that end with the thread
 * @returns with `fallback` why it is not the one that was asked for
 */
export function openPacketIo(
  { driver, pause }: PacketIoSettings,
  ledger: DescriptorLedger,
): { readonly io: PacketIo; readonly fallback?: string } {
  if (driver === 'dgram') return { io: new DgramPacketIo(pause) }
  try {
    return { io: new LinuxPacketIo({ pause, ledger }) }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
    return { io: new DgramPacketIo(pause), fallback: error.message }
  }
}
