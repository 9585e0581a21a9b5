import { Fields } from './fields.ts'

/** What a trusted man in the middle tells a phone that has enrolled with him (RFC 6189 §7.3): the SAS of the other phone. */
export interface RelayedSas {
  /** How the other phone renders it, e.g. `B32 `. */
  readonly algorithm: string
  /** sashash of the other leg's exchange, 32 bytes. */
  readonly hash: Buffer
  /** The other phone's user has compared it. */
  readonly verified: boolean
}

/** Writes the hidden part of a SASrelay (RFC 6189 §5.13), without a signature. */
export function writeRelayedSas({ algorithm, hash, verified }: RelayedSas): Buffer {
  const flags = Buffer.alloc(4)
  flags.writeUInt32BE(verified ? 4 : 0)
  return Buffer.concat([flags, Buffer.from(algorithm, 'latin1'), hash])
}

/**
 * Reads it; a signature is passed over.
 * @throws ZrtpError `ZRTP_MALFORMED`
 */
export function readRelayedSas(plain: Buffer): RelayedSas {
  const fields = new Fields(plain, 0)
  const flags = fields.word()
  return { algorithm: fields.name(), hash: fields.take(32), verified: (flags & 4) !== 0 }
}
