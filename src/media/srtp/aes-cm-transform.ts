import { cryptoSuites, type SrtpMasterKey } from '../../base/encryption.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtcpHeaderLength } from '../rtp-header.ts'
import { type CipherProvider, type MessageAuthenticator } from './cipher-provider.ts'
import { CounterMode } from './counter-mode.ts'
import { deriveSessionKeys } from './key-derivation.ts'
import { appendMki, carriesMki } from './master-key-identifier.ts'
import { encryptedBit, type SrtpTransform } from './srtp-transform.ts'

/** The tag of a received packet, while other bytes stand in its place. */
const received = Buffer.alloc(10)

/**
 * AES in counter mode with HMAC-SHA1 (RFC 3711 §4, RFC 6188):
 *
 *     RTP   header | encrypted payload | MKI | tag          tag over header, payload and the ROC behind them
 *     RTCP  8 bytes | encrypted rest | E+index | MKI | tag  tag over all before the MKI
 */
export class AesCmTransform implements SrtpTransform {
  readonly rtpOverhead: number
  readonly rtcpTrailer: number
  readonly rtcpOverhead: number
  readonly #mki: Buffer | undefined
  readonly #rtpTag: number
  readonly #rtcpTag: number
  readonly #rtpCipher: CounterMode
  readonly #rtcpCipher: CounterMode
  readonly #rtpAuthenticator: MessageAuthenticator
  readonly #rtcpAuthenticator: MessageAuthenticator

  constructor(master: SrtpMasterKey, provider: CipherProvider) {
    const { rtpTagLength, rtcpTagLength } = cryptoSuites[master.suite]
    const rtp = deriveSessionKeys(master, 'rtp')
    const rtcp = deriveSessionKeys(master, 'rtcp')
    this.#mki = master.mki
    this.#rtpTag = rtpTagLength
    this.#rtcpTag = rtcpTagLength
    this.#rtpCipher = new CounterMode(provider, rtp.cipherKey, rtp.salt)
    this.#rtcpCipher = new CounterMode(provider, rtcp.cipherKey, rtcp.salt)
    this.#rtpAuthenticator = provider.authenticator(rtp.authenticationKey)
    this.#rtcpAuthenticator = provider.authenticator(rtcp.authenticationKey)
    const mkiLength = master.mki?.length ?? 0
    this.rtpOverhead = rtpTagLength + mkiLength
    this.rtcpTrailer = rtcpTagLength + mkiLength
    this.rtcpOverhead = 4 + this.rtcpTrailer
  }

  protectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): void {
    this.#rtpCipher.apply(packet, payloadOffset, packet.length - payloadOffset, ssrc, index)
    packet.bytes.writeUInt32BE(Math.floor(index / 65536), packet.length)
    const tag = this.#rtpAuthenticator.digest(packet, packet.length + 4)
    appendMki(packet, this.#mki)
    appendTag(packet, tag, this.#rtpTag)
  }

  unprotectRtp(packet: PacketBuffer, payloadOffset: number, ssrc: number, index: number): boolean {
    const { bytes } = packet
    const end = packet.length - this.rtpOverhead
    if (!carriesMki(packet, end, this.#mki)) return false
    keepTag(packet, this.#rtpTag)
    bytes.writeUInt32BE(Math.floor(index / 65536), end)
    if (!isReceivedTag(this.#rtpAuthenticator.digest(packet, end + 4), this.#rtpTag)) return false
    packet.length = end
    this.#rtpCipher.apply(packet, payloadOffset, end - payloadOffset, ssrc, index)
    return true
  }

  protectRtcp(packet: PacketBuffer, ssrc: number, index: number): void {
    this.#rtcpCipher.apply(packet, rtcpHeaderLength, packet.length - rtcpHeaderLength, ssrc, index)
    packet.bytes.writeUInt32BE(encryptedBit + index, packet.length)
    packet.length += 4
    const tag = this.#rtcpAuthenticator.digest(packet, packet.length)
    appendMki(packet, this.#mki)
    appendTag(packet, tag, this.#rtcpTag)
  }

  unprotectRtcp(packet: PacketBuffer, ssrc: number, indexWord: number): boolean {
    const end = packet.length - this.rtcpTrailer
    if (!carriesMki(packet, end, this.#mki)) return false
    keepTag(packet, this.#rtcpTag)
    if (!isReceivedTag(this.#rtcpAuthenticator.digest(packet, end), this.#rtcpTag)) return false
    packet.length = end - 4
    if (indexWord >= encryptedBit) {
      const index = indexWord - encryptedBit
      this.#rtcpCipher.apply(packet, rtcpHeaderLength, packet.length - rtcpHeaderLength, ssrc, index)
    }
    return true
  }

  close(): void {
    this.#rtpCipher.close()
    this.#rtcpCipher.close()
  }
}

function keepTag({ bytes, length }: PacketBuffer, tagLength: number): void {
  for (let i = 0; i < tagLength; i++) received[i] = bytes[length - tagLength + i]!
}

function appendTag(packet: PacketBuffer, tag: Uint8Array, length: number): void {
  for (let i = 0; i < length; i++) packet.bytes[packet.length + i] = tag[i]!
  packet.length += length
}

/** Compares with what {@link keepTag} kept, in a time that does not depend on where the difference is. */
function isReceivedTag(computed: Uint8Array, length: number): boolean {
  let difference = 0
  for (let i = 0; i < length; i++) difference |= computed[i]! ^ received[i]!
  return difference === 0
}
