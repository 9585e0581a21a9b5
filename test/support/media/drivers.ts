import { DescriptorLedger } from '../../../src/media/packet-io/descriptor-ledger.ts'
import { DgramPacketIo } from '../../../src/media/packet-io/dgram-packet-io.ts'
import { LinuxPacketIo } from '../../../src/media/packet-io/linux/linux-packet-io.ts'
import { defaultPacketIo, type PacketIoSettings } from '../../../src/media/packet-io/open-packet-io.ts'
import { type PacketIo } from '../../../src/media/packet-io/packet-io.ts'

/** Every driver that runs here, for tests that hold for all. */
export const drivers: Readonly<Record<string, () => PacketIo>> = {
  dgram: () => new DgramPacketIo(1),
  ...(process.platform === 'linux' && {
    linux: () => new LinuxPacketIo({ pause: 1, ledger: new DescriptorLedger() }),
    'linux without a pause': () => new LinuxPacketIo({ pause: 0, ledger: new DescriptorLedger() }),
  }),
}

const chosen = process.env['PACKET_IO']

/** What the engines of tests use: `npm test` runs those of media once on each driver. */
export const packetIo: PacketIoSettings =
  chosen === 'dgram' || chosen === 'linux' ? { ...defaultPacketIo, driver: chosen } : defaultPacketIo
