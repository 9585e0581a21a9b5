import { type SrtpMasterKey } from '../../base/encryption.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtcpHeaderLength } from '../rtp-header.ts'
import { type AeadCipher, type CipherProvider } from './cipher-provider.ts'
import { deriveSessionKeys, type SessionKeys } from './key-derivation.ts'
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
  readonly #rtp: { readonly cipher: AeadCipher; readonly salt: Buffer }
  readonly #rtcp: { readonly cipher: AeadCipher; readonly salt: Buffer }
  readonly #nonce = Buffer.alloc(12)
  readonly #rtcpAssociated = Buffer.alloc(rtcpHeaderLength + 4)

  constructor(
    master: SrtpMasterKey,
    provider: CipherProvider,
    sessionKeys: typeof deriveSessionKeys = deriveSessionKeys,
  ) {
    const unit = (keys: SessionKeys): { cipher: AeadCipher; salt: Buffer } => ({
      cipher: provider.aead(keys.cipherKey),
      salt: keys.salt,
    })
    this.#mki = master.mki
    this.#rtp = unit(sessionKeys(master, 'rtp'))
    this.#rtcp = unit(sessionKeys(master, 'rtcp'))
    this.rtcpTrailer = master.mki?.length ?? 0
    this.rtpOverhead = tagLength + this.rtcpTrailer
    this.rtcpOverhead = tagLength + 4 + this.rtcpTrailer
  }

  protectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): void {
    const nonce = this.#makeNonce(this.#rtp.salt, ssrc, index)
    const length = packet.length - payloadOffset
    this.#rtp.cipher.seal(packet, payloadOffset, length, nonce, packet.bytes.subarray(0, payloadOffset))
    packet.length += tagLength
    appendMki(packet, this.#mki)
  }

  unprotectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): boolean {
    const end = packet.length - this.rtpOverhead
    if (!carriesMki(packet, end + tagLength, this.#mki)) return false
    const nonce = this.#makeNonce(this.#rtp.salt, ssrc, index)
    const associated = packet.bytes.subarray(0, payloadOffset)
    if (!this.#rtp.cipher.open(packet, payloadOffset, end - payloadOffset, end, nonce, associated)) return false
    packet.length = end
    return true
  }

  protectRtcp(packet: PacketBuffer, ssrc: number, index: number): void {
    const nonce = this.#makeNonce(this.#rtcp.salt, ssrc, index)
    const associated = this.#rtcpHeader(packet, encryptedBit + index)
    this.#rtcp.cipher.seal(packet, rtcpHeaderLength, packet.length - rtcpHeaderLength, nonce, associated)
    packet.bytes.writeUInt32BE(encryptedBit + index, packet.length + tagLength)
    packet.length += tagLength + 4
    appendMki(packet, this.#mki)
  }

  unprotectRtcp(packet: PacketBuffer, ssrc: number, indexWord: number): boolean {
    const end = packet.length - this.rtcpOverhead
    if (!carriesMki(packet, packet.length - this.rtcpTrailer, this.#mki)) return false
    const encrypted = indexWord >= encryptedBit
    const nonce = this.#makeNonce(this.#rtcp.salt, ssrc, encrypted ? indexWord - encryptedBit : indexWord)
    const associated = encrypted ? this.#rtcpHeader(packet, indexWord) : withWord(packet, end, indexWord)
    const offset = encrypted ? rtcpHeaderLength : end
    if (!this.#rtcp.cipher.open(packet, offset, end - offset, end, nonce, associated)) return false
    packet.length = end
    return true
  }

  /** `0^16 | SSRC | 48-bit index` XOR salt: the index of RTP is ROC and SEQ, that of RTCP has 31 bits (RFC 7714 §8.1, §9.1). */
  #makeNonce(salt: Buffer, ssrc: number, index: number): Buffer {
    const nonce = this.#nonce
    nonce.writeUInt16BE(0, 0)
    nonce.writeUInt32BE(ssrc, 2)
    nonce.writeUIntBE(index, 6, 6)
    for (let i = 0; i < 12; i++) nonce[i]! ^= salt[i]!
    return nonce
  }

  #rtcpHeader(packet: PacketBuffer, indexWord: number): Buffer {
    packet.bytes.copy(this.#rtcpAssociated, 0, 0, rtcpHeaderLength)
    this.#rtcpAssociated.writeUInt32BE(indexWord, rtcpHeaderLength)
    return this.#rtcpAssociated
  }
}

/** The whole RTCP packet and the index word: what is authenticated when it is not encrypted, which hardly anyone does. */
function withWord(packet: PacketBuffer, end: number, indexWord: number): Buffer {
  const associated = Buffer.alloc(end + 4)
  packet.bytes.copy(associated, 0, 0, end)
  associated.writeUInt32BE(indexWord, end)
  return associated
}
