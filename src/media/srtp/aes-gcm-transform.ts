import { type SrtpMasterKey } from '../../base/encryption.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtcpHeaderLength } from '../rtp-header.ts'
import { type AeadCipher, type CipherProvider } from './cipher-provider.ts'
import { deriveSessionKeys } from './key-derivation.ts'
import { appendMki, carriesMki } from './master-key-identifier.ts'
import { encryptedBit, type SrtpTransform } from './srtp-transform.ts'

const tagLength = 16

/**
 * AES-GCM (RFC 7714 §8 and §9):
 *
 *     RTP   header | ciphertext | tag | MKI            associated: header
 *     RTCP  8 bytes | ciphertext | tag | E+index | MKI  associated: the 8 bytes and E+index; without E, all but the tag
 */
export class AesGcmTransform implements SrtpTransform {
  readonly rtpOverhead: number
  readonly rtcpTrailer: number
  readonly rtcpOverhead: number
  readonly #mki: Buffer | undefined
  readonly #rtp: AeadCipher
  readonly #rtcp: AeadCipher

  constructor(
    master: SrtpMasterKey,
    provider: CipherProvider,
    sessionKeys: typeof deriveSessionKeys = deriveSessionKeys,
  ) {
    const rtp = sessionKeys(master, 'rtp')
    const rtcp = sessionKeys(master, 'rtcp')
    this.#mki = master.mki
    this.#rtp = provider.aead(rtp.cipherKey, rtp.salt)
    this.#rtcp = provider.aead(rtcp.cipherKey, rtcp.salt)
    this.rtcpTrailer = master.mki?.length ?? 0
    this.rtpOverhead = tagLength + this.rtcpTrailer
    this.rtcpOverhead = tagLength + 4 + this.rtcpTrailer
  }

  protectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): void {
    this.#rtp.seal(packet, payloadOffset, packet.length - payloadOffset, ssrc, index)
    packet.length += tagLength
    appendMki(packet, this.#mki)
  }

  unprotectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): boolean {
    const end = packet.length - this.rtpOverhead
    if (!carriesMki(packet, end + tagLength, this.#mki)) return false
    if (!this.#rtp.open(packet, payloadOffset, end - payloadOffset, ssrc, index)) return false
    packet.length = end
    return true
  }

  protectRtcp(packet: PacketBuffer, ssrc: number, index: number): void {
    const indexWord = encryptedBit + index
    this.#rtcp.seal(packet, rtcpHeaderLength, packet.length - rtcpHeaderLength, ssrc, index, indexWord)
    packet.bytes.writeUInt32BE(indexWord, packet.length + tagLength)
    packet.length += tagLength + 4
    appendMki(packet, this.#mki)
  }

  unprotectRtcp(packet: PacketBuffer, ssrc: number, indexWord: number): boolean {
    const end = packet.length - this.rtcpOverhead
    if (!carriesMki(packet, packet.length - this.rtcpTrailer, this.#mki)) return false
    // without the E bit the whole packet is authenticated only, which hardly anyone does
    const encrypted = indexWord >= encryptedBit
    const index = encrypted ? indexWord - encryptedBit : indexWord
    const offset = encrypted ? rtcpHeaderLength : end
    if (!this.#rtcp.open(packet, offset, end - offset, ssrc, index, indexWord)) return false
    packet.length = end
    return true
  }

  close(): void {
    this.#rtp.close()
    this.#rtcp.close()
  }
}
