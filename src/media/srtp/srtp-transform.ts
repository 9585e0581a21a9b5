import { type PacketBuffer } from '../packet-buffer.ts'

/**
 * One suite under one master key: turns plain packets into protected ones and back, where they lie. It keeps no state
 * of the packets: indexes and replays are the context's affair. One object serves one direction.
 */
export interface SrtpTransform {
  /** Bytes that a protected RTP packet has more than its payload: tag and master key identifier. */
  readonly rtpOverhead: number
  /** Bytes behind the `E | SRTCP index` word of a protected RTCP packet. */
  readonly rtcpTrailer: number
  /** Bytes that a protected RTCP packet has more than the plain one. */
  readonly rtcpOverhead: number
  /** Encrypts the payload and appends the tag. */
  protectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): void
  /**
   * Authenticates, decrypts and strips a packet of at least `payloadOffset + rtpOverhead` bytes.
   * @returns false when it is not authentic; its bytes are spoilt then
   */
  unprotectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): boolean
  /** Encrypts all behind the first header, and appends the index word and the tag. */
  protectRtcp(packet: PacketBuffer, ssrc: number, index: number): void
  /**
   * Authenticates, decrypts (if the E bit is set) and strips a packet of at least `8 + rtcpOverhead` bytes.
   * @param indexWord the `E | SRTCP index` word that it carries
   * @returns false when it is not authentic; its bytes are spoilt then
   */
  unprotectRtcp(packet: PacketBuffer, ssrc: number, indexWord: number): boolean
  /** Gives back what its ciphers have outside of JavaScript; it is of no use any more. */
  close(): void
}

/** E bit of the SRTCP index word: the packet is encrypted (RFC 3711 §3.4). */
export const encryptedBit = 0x80000000
