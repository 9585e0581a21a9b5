import { type PacketBuffer } from '../packet-buffer.ts'

/** AES alone under one key, of which counter mode is made. */
export interface BlockCipher {
  /** Bytes of keystream that are worth being made at once, at most those of `counterBlocks`. A packet of more than half is long. */
  readonly aheadLength: number
  /** Encrypts the first `length` bytes of `counterBlocks` where they are; @param length a multiple of 16 */
  encrypt(length: number): void
  /** Gives back what it has outside of JavaScript; it is of no use any more. */
  close(): void
}

/** AES in counter mode under one key, for packets so long that their keystream is not worth being made ahead. */
export interface CounterCipher {
  /**
   * XORs the keystream over `length` bytes at `offset`; its first counter block is that in `counterBlocks`.
   * @throws RangeError when they are not all in the packet's memory
   */
  apply(packet: PacketBuffer, offset: number, length: number): void
  /** Gives back what it has outside of JavaScript; it is of no use any more. */
  close(): void
}

/** HMAC-SHA1 under one session key (RFC 2104). */
export interface MessageAuthenticator {
  /**
   * Authenticates the packet's bytes from 0. Up to 72 bytes behind them may be overwritten.
   * @returns all 20 bytes, in memory that the next call overwrites
   */
  digest(packet: PacketBuffer, length: number): Uint8Array
}

/**
 * AES-GCM under one session key and salt, with tags of 16 bytes (RFC 7714). What is authenticated only are the packet's
 * bytes before `offset`, and `indexWord` behind them where there is one (§9.2).
 */
export interface AeadCipher {
  /**
   * Encrypts `length` bytes at `offset` where they are, and writes the tag right behind them.
   * @param index 48-bit packet index for RTP, 31-bit SRTCP index for RTCP
   */
  seal(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number, indexWord?: number): void
  /**
   * Decrypts `length` bytes at `offset`, whose tag is right behind them.
   * @returns whether they are authentic; they are spoilt when not
   */
  open(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number, indexWord?: number): boolean
  /** Gives back what it has outside of JavaScript; it is of no use any more. */
  close(): void
}

/** Where SRTP gets its primitives from; each object keeps its key schedule for the life of a context. */
export interface CipherProvider {
  /** @param key 16, 24 or 32 bytes */
  blockCipher(key: Buffer): BlockCipher
  /** @param key likewise; @returns undefined when there is nothing better than a block cipher */
  counterCipher(key: Buffer): CounterCipher | undefined
  /** @param key 20 bytes */
  authenticator(key: Buffer): MessageAuthenticator
  /** @param key 16 or 32 bytes; @param salt 12 bytes */
  aead(key: Buffer, salt: Buffer): AeadCipher
}
