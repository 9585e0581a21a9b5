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
}

/** HMAC-SHA1 under one session key (RFC 2104). */
export interface MessageAuthenticator {
  /**
   * Authenticates the packet's bytes from 0.
   * @returns all 20 bytes, in memory that the next call overwrites
   */
  digest(packet: PacketBuffer, length: number): Uint8Array
}

/** AES-GCM under one session key, with tags of 16 bytes (RFC 7714). */
export interface AeadCipher {
  /**
   * Encrypts `length` bytes at `offset` where they are, and writes the tag right behind them.
   * @param nonce 12 bytes
   * @param associated bytes that are authenticated only
   */
  seal(packet: PacketBuffer, offset: number, length: number, nonce: Buffer, associated: Buffer): void
  /**
   * Decrypts `length` bytes at `offset`, whose tag is at `tagOffset`. The packet is untouched when the tag is wrong.
   * @returns whether it is authentic
   */
  open(
    packet: PacketBuffer,
    offset: number,
    length: number,
    tagOffset: number,
    nonce: Buffer,
    associated: Buffer,
  ): boolean
}

/** Where SRTP gets its primitives from; each object keeps its key schedule for the life of a context. */
export interface CipherProvider {
  /** @param key 16, 24 or 32 bytes; @param salt 14 bytes */
  counterMode(key: Buffer, salt: Buffer): CounterModeCipher
  /** @param key 20 bytes */
  authenticator(key: Buffer): MessageAuthenticator
  /** @param key 16 or 32 bytes */
  aead(key: Buffer): AeadCipher
}
