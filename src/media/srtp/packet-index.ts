/**
 * Guesses the 48-bit index of an RTP packet, `65536 * ROC + SEQ`, from its sequence number and the highest index seen
 * of its source: the one of three roll-over counters that brings it nearest (RFC 3711 §3.3.1 and appendix A).
 * @param highest highest index so far, or -1 when the source is new: its roll-over counter starts at 0
 * @param sequence 16-bit sequence number
 */
export function guessPacketIndex(highest: number, sequence: number): number {
  if (highest < 0) return sequence
  const rollOver = Math.floor(highest / 65536)
  const last = highest % 65536
  if (last < 32768) {
    // before the first roll-over there is no earlier cycle that the packet could belong to
    return sequence - last > 32768 && rollOver > 0 ? (rollOver - 1) * 65536 + sequence : rollOver * 65536 + sequence
  }
  return last - 32768 > sequence ? (rollOver + 1) * 65536 + sequence : rollOver * 65536 + sequence
}

/** Packets that one key may protect before it must be changed (RFC 3711 §9.2). */
export const maxRtpIndex = 2 ** 48 - 1
export const maxRtcpIndex = 2 ** 31 - 1
