import { isByteRange } from './byte-range.ts'
import { type NativeMemory } from './native-memory.ts'

/** Bytes kept free behind the longest datagram: SRTCP index (4), tag (16) and master key identifier (at most 128). */
export const trailerRoom = 160

/**
 * Preallocated memory for one datagram, which starts at byte 0 and is decrypted, encrypted and sent where it lies.
 * Whoever owns the buffer lends it for the duration of a call; nobody keeps it.
 */
export class PacketBuffer {
  readonly bytes: Buffer<ArrayBuffer>
  /** The same memory, four bytes at a time, for XOR. */
  readonly words: Int32Array
  /** Bytes of the datagram. */
  length = 0
  /** The same memory as native code is told of it, once somebody needs that. */
  native: NativeMemory | undefined = undefined

  /** @param capacity bytes, a multiple of 4; the longest datagram is `trailerRoom` shorter */
  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity)
    this.bytes = Buffer.from(memory)
    this.words = new Int32Array(memory)
  }

  /** The longest datagram that the buffer takes, in bytes. */
  get limit(): number {
    return this.bytes.length - trailerRoom
  }

  /** Whether `length` bytes from `offset` on are all in its memory; see {@link isByteRange}. */
  holds(offset: number, length: number): boolean {
    return isByteRange(offset, length, this.bytes.length)
  }

  /** Copies a datagram in; longer ones than {@link limit} are the caller's to refuse. */
  load(datagram: Uint8Array): void {
    this.bytes.set(datagram)
    this.length = datagram.length
  }
}

/** A buffer of its own for a packet outside of the packet loop, with room behind it. */
export function packetOf(bytes: Uint8Array): PacketBuffer {
  const packet = new PacketBuffer((bytes.length + trailerRoom + 3) & ~3)
  packet.load(bytes)
  return packet
}
