import { type PacketBuffer } from '../packet-buffer.ts'

/** AES in counter mode under one session key and salt (RFC 3711 §4.1.1). */
export interface CounterModeCipher {
  /**
   * XORs the keystream of one packet over part of it; the same call encrypts and decrypts. Byte 0 of the keystream
   * meets byte `offset`.
   * @param offset a multiple of 4
   * @param length bytes, at most 2^20 (the block counter has 16 bits)
   * @param index 48-bit packet index for RTP, 31-bit SRTCP index for RTCP
   */
  apply(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number): void
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
  /** @param key 16, 24 or 32 bytes; @param salt 14 bytes */
  counterMode(key: Buffer, salt: Buffer): CounterModeCipher
  /** @param key 20 bytes */
  authenticator(key: Buffer): MessageAuthenticator
  /** @param key 16 or 32 bytes; @param salt 12 bytes */
  aead(key: Buffer, salt: Buffer): AeadCipher
}
