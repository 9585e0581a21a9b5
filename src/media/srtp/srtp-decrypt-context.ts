import { type SrtpMasterKey } from '../../base/encryption.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { rtcpHeaderLength, rtcpSource, rtpPayloadOffset, rtpSequence, rtpSource } from '../rtp-header.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { guessPacketIndex, maxRtpIndex } from './packet-index.ts'
import { ReplayVerdict } from './replay-window.ts'
import { rtcpSourceStates, rtpSourceStates, type SourceState, type SourceStates } from './source-states.ts'
import { SrtpVerdict } from './srtp-verdict.ts'
import { SrtpContext } from './srtp-context.ts'
import { encryptedBit } from './srtp-transform.ts'

/**
 * Authenticates and decrypts what one leg sends under one master key (RFC 3711 §3.3). Nothing about a source is
 * remembered, changed or forgotten before a packet of it has authenticated.
 */
export class SrtpDecryptContext extends SrtpContext {
  readonly #rtp: SourceStates
  readonly #rtcp: SourceStates

  constructor(
    master: SrtpMasterKey,
    provider: CipherProvider,
    rtp: SourceStates = rtpSourceStates(),
    rtcp: SourceStates = rtcpSourceStates(),
  ) {
    super(master, provider)
    this.#rtp = rtp
    this.#rtcp = rtcp
  }

  /** Turns an SRTP packet into the RTP packet, in place. The packet is spoilt unless the verdict is `ok`. */
  unprotectRtp(packet: PacketBuffer): SrtpVerdict {
    const payloadOffset = rtpPayloadOffset(packet)
    if (payloadOffset < 0 || packet.length < payloadOffset + this.transform.rtpOverhead) return SrtpVerdict.malformed
    const ssrc = rtpSource(packet)
    const state = this.#rtp.find(ssrc)
    const index = guessPacketIndex(state?.window.highest ?? -1, rtpSequence(packet))
    if (index > maxRtpIndex) return SrtpVerdict.keyExhausted
    const verdict = judge(state, index)
    if (verdict !== SrtpVerdict.ok) return verdict
    if (!this.transform.unprotectRtp(packet, payloadOffset, ssrc, index)) return SrtpVerdict.authenticationFailed
    remember(this.#rtp, state, ssrc, index)
    return SrtpVerdict.ok
  }

  /** Turns an SRTCP packet into the RTCP packet, in place. */
  unprotectRtcp(packet: PacketBuffer): SrtpVerdict {
    if (packet.length < rtcpHeaderLength + this.transform.rtcpOverhead) return SrtpVerdict.malformed
    const ssrc = rtcpSource(packet)
    const indexWord = packet.bytes.readUInt32BE(packet.length - this.transform.rtcpTrailer - 4)
    const index = indexWord >= encryptedBit ? indexWord - encryptedBit : indexWord
    const state = this.#rtcp.find(ssrc)
    const verdict = judge(state, index)
    if (verdict !== SrtpVerdict.ok) return verdict
    if (!this.transform.unprotectRtcp(packet, ssrc, indexWord)) return SrtpVerdict.authenticationFailed
    remember(this.#rtcp, state, ssrc, index)
    return SrtpVerdict.ok
  }
}

function judge(state: SourceState | undefined, index: number): SrtpVerdict {
  const seen = state?.window.check(index) ?? ReplayVerdict.fresh
  if (seen === ReplayVerdict.fresh) return SrtpVerdict.ok
  return seen === ReplayVerdict.replayed ? SrtpVerdict.replayed : SrtpVerdict.tooOld
}

function remember(states: SourceStates, known: SourceState | undefined, ssrc: number, index: number): void {
  const state = known ?? states.add(ssrc)
  state.window.accept(index)
  states.touch(state)
}
