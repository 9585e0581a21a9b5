/** What became of a packet in an SRTP context. Numbers, because on the packet path nothing is thrown. */
export const SrtpVerdict = {
  ok: 0,
  /** Shorter than its header says, or than a tag. */
  malformed: 1,
  /** The tag or the master key identifier is not what the key makes it. */
  authenticationFailed: 2,
  /** Authentic (or to be sent), but its index was used before. */
  replayed: 3,
  /** So old that it cannot be known whether its index was used before. */
  tooOld: 4,
  /** The key has protected as many packets, or packets of as many sources, as it may (RFC 3711 §9.2). */
  keyExhausted: 5,
} as const
export type SrtpVerdict = (typeof SrtpVerdict)[keyof typeof SrtpVerdict]
