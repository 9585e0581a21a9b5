import { type PacketBuffer } from '../packet-buffer.ts'

/** Says whether a packet carries the master key identifier at `offset` (RFC 3711 §3.1); none is always there. */
export function carriesMki(packet: PacketBuffer, offset: number, mki: Buffer | undefined): boolean {
  if (mki === undefined) return true
  for (let i = 0; i < mki.length; i++) if (packet.bytes[offset + i] !== mki[i]) return false
  return true
}

/** Appends the master key identifier, if there is one. */
export function appendMki(packet: PacketBuffer, mki: Buffer | undefined): void {
  if (mki === undefined) return
  packet.bytes.set(mki, packet.length)
  packet.length += mki.length
}
