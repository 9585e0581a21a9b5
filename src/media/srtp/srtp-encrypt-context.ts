import { type SrtpMasterKey } from '../../base/encryption.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtcpHeaderLength, rtcpSource, rtpPayloadOffset, rtpSequence, rtpSource } from '../rtp-header.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { guessPacketIndex, maxRtcpIndex, maxRtpIndex } from './packet-index.ts'
import { ReplayVerdict } from './replay-window.ts'
import { encryptedSourceStates, type SourceStates } from './source-states.ts'
import { SrtpVerdict } from './srtp-verdict.ts'
import { SrtpContext } from './srtp-context.ts'

/**
 * Encrypts what is relayed to one leg under one master key. Sequence numbers and sources are those of the far phone, so
 * the roll-over counter of each source follows from what is relayed, in the order in which it comes. No index is ever
 * encrypted twice: two packets under one piece of keystream would give both payloads away (RFC 3711 §9.1).
 */
export class SrtpEncryptContext extends SrtpContext {
  readonly #sources: SourceStates
  /** One counter for all sources: unique is all that RFC 3711 §3.4 asks of it. The first packet has 1, as everywhere. */
  #rtcpIndex = 0

  constructor(master: SrtpMasterKey, provider: CipherProvider, sources: SourceStates = encryptedSourceStates()) {
    super(master, provider)
    this.#sources = sources
  }

  /** Protects an RTP packet in place. Whatever the verdict but `ok`, the packet must not be sent. */
  protectRtp(packet: PacketBuffer): SrtpVerdict {
    const payloadOffset = rtpPayloadOffset(packet)
    if (payloadOffset < 0) return SrtpVerdict.malformed
    const ssrc = rtpSource(packet)
    const state = this.#sources.find(ssrc) ?? this.#sources.addIfRoom(ssrc)
    if (state === undefined) return SrtpVerdict.keyExhausted
    const index = guessPacketIndex(state.window.highest, rtpSequence(packet))
    if (index > maxRtpIndex) return SrtpVerdict.keyExhausted
    const seen = state.window.check(index)
    if (seen !== ReplayVerdict.fresh) {
      return seen === ReplayVerdict.replayed ? SrtpVerdict.replayed : SrtpVerdict.tooOld
    }
    state.window.accept(index)
    this.#sources.touch(state)
    this.transform.protectRtp(packet, payloadOffset, ssrc, index)
    return SrtpVerdict.ok
  }

  /** Protects a compound RTCP packet in place. */
  protectRtcp(packet: PacketBuffer): SrtpVerdict {
    if (packet.length < rtcpHeaderLength) return SrtpVerdict.malformed
    if (this.#rtcpIndex >= maxRtcpIndex) return SrtpVerdict.keyExhausted
    this.transform.protectRtcp(packet, rtcpSource(packet), ++this.#rtcpIndex)
    return SrtpVerdict.ok
  }
}
